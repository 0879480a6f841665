// Lines for stderr beside a terminal that is busy, and terminals that must not block.
import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { OutputTarget } from '../../src/io.ts';
import { createStderrWriter, keepLoopFree, openGuarded } from '../../src/output/standard-streams.ts';

/** Two targets on one screen; stdout takes what it is given only when `release` is called. */
function setUp(areTty: boolean) {
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
  const stdout = create(1, (text, done) => {
    pending.push(() => {
      screen += text;
      done();
    });
  });
  const stderr = create(2, (text, done) => {
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
