// Lines for stderr beside a terminal that is busy, and terminals that must not block.
import { closeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { OutputTarget } from '../../src/io.ts';
import { createStderrWriter, keepLoopFree, openGuarded } from '../../src/output/standard-streams.ts';
import { registerCleanup } from '../helpers/cleanup.ts';
import { makePipe } from '../helpers/pipe.ts';

const NOWHERE = -1;

/** Two targets on one screen; stdout takes what it is given only when `release` is called. */
function setUp(
  areTty: boolean,
  fds: { stdout: number; stderr: number } = { stdout: NOWHERE, stderr: NOWHERE },
) {
  let screen = '';
  let pending: (() => void)[] = [];
  const create = (fd: number, take: (text: string, done: () => void) => void): OutputTarget => {
    const stream = new Writable({ write: (chunk: Buffer, _encoding, done) => take(String(chunk), done) });
    return {
      fd,
      isTty: areTty,
      columns: () => 80,
      stream: () => stream as unknown as NodeJS.WriteStream,
    };
  };
  const stdout = create(fds.stdout, (text, done) => {
    pending.push(() => {
      screen += text;
      done();
    });
  });
  const stderr = create(fds.stderr, (text, done) => {
    screen += text;
    done();
  });
  return {
    stdout,
    stderr,
    write: createStderrWriter(stdout, stderr),
    screen: () => screen,
    async release() {
      while (pending.length > 0) {
        const [now, ...rest] = pending;
        pending = rest;
        now?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

describe('createStderrWriter', () => {
  test('O3: on a terminal a line waits for the output before it', async () => {
    const { stdout, write, screen, release } = setUp(true);
    stdout.stream().write('event 1\n');
    write('lost\n');
    write('retrying\n');
    stdout.stream().write('event 2\n');
    expect(screen()).toBe('');
    await release();
    expect(screen()).toBe('event 1\nlost\nretrying\nevent 2\n');
    write('summary\n');
    expect(screen()).toBe('event 1\nlost\nretrying\nevent 2\nsummary\n');
  });

  test('O6: the same where both lead into one pipe: no line stands inside of another', async () => {
    const { readEnd, writeEnd } = makePipe();
    registerCleanup(() => {
      readEnd.destroy();
      closeSync(writeEnd);
    });
    const { stdout, write, screen, release } = setUp(false, { stdout: writeEnd, stderr: writeEnd });
    stdout.stream().write('half of an ev');
    stdout.stream().write('ent\n');
    write('paused\n');
    expect(screen()).toBe('');
    await release();
    expect(screen()).toBe('half of an event\npaused\n');
  });

  test('two pipes do not wait for each other', () => {
    const pipes = [makePipe(), makePipe()] as const;
    registerCleanup(() => {
      for (const { readEnd, writeEnd } of pipes) {
        readEnd.destroy();
        closeSync(writeEnd);
      }
    });
    const { stdout, write, screen } = setUp(false, {
      stdout: pipes[0].writeEnd,
      stderr: pipes[1].writeEnd,
    });
    stdout.stream().write('event\n');
    write('paused\n');
    expect(screen()).toBe('paused\n');
  });

  test('elsewhere it does not wait for the reader of stdout', () => {
    const { stdout, write, screen } = setUp(false);
    stdout.stream().write('event 1\n');
    write('paused\n');
    expect(screen()).toBe('paused\n');
  });

  test('what waits is bounded: beyond 256 KiB lines are dropped', async () => {
    const { stdout, write, screen, release } = setUp(true);
    stdout.stream().write('event\n');
    for (let n = 0; n < 1_000; n++) write(`${'x'.repeat(1_023)}\n`);
    await release();
    expect(screen()).toHaveLength('event\n'.length + 256 * 1024);
  });

  test('O7: a stderr that throws, fails or ended is no matter', async () => {
    const { stdout, stderr } = setUp(false);
    const broken: OutputTarget = {
      ...stderr,
      stream() {
        throw new Error('EBADF');
      },
    };
    expect(() => createStderrWriter(stdout, broken)('line\n')).not.toThrow();
    const write = createStderrWriter(stdout, stderr);
    openGuarded(stderr).destroy(new Error('EPIPE'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => write('line\n')).not.toThrow();
  });
});

describe('keepLoopFree', () => {
  const streamOf = (handle: object | undefined) => ({ _handle: handle }) as unknown as NodeJS.WriteStream;

  test('R2: writes to a terminal of our own become asynchronous', () => {
    const modes: boolean[] = [];
    keepLoopFree(streamOf({ fd: 21, setBlocking: (on: boolean) => modes.push(on) }), 1);
    expect(modes).toEqual([false]);
  });

  test('a terminal whose mode the shell would share is left alone', () => {
    const modes: boolean[] = [];
    keepLoopFree(streamOf({ fd: 1, setBlocking: (on: boolean) => modes.push(on) }), 1);
    keepLoopFree(streamOf({}), 1);
    keepLoopFree(streamOf(undefined), 1);
    expect(modes).toEqual([]);
  });
});
