// Lines for stderr while stdout, on the same terminal, is busy; and terminals that must not block.
import { closeSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { OutputTarget } from '../../src/io/standard-streams.ts';
import {
  createStderrWriter,
  holdOutput,
  keepLoopFree,
  openGuarded,
  writeWhole,
} from '../../src/io/standard-streams.ts';
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
      rows: () => undefined,
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
  test('O3: on a terminal, a line waits for earlier output on stdout', async () => {
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

  test('O6: if stdout and stderr are the same pipe, no line is written inside another', async () => {
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

  test('with two pipes, a line does not wait for stdout', () => {
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

  test('without a terminal or pipe, a line does not wait for stdout', () => {
    const { stdout, write, screen } = setUp(false);
    stdout.stream().write('event 1\n');
    write('paused\n');
    expect(screen()).toBe('paused\n');
  });

  test('at most 256 KiB of lines wait; more lines are dropped', async () => {
    const { stdout, write, screen, release } = setUp(true);
    stdout.stream().write('event\n');
    for (let n = 0; n < 1_000; n++) write(`${'x'.repeat(1_023)}\n`);
    await release();
    expect(screen()).toHaveLength('event\n'.length + 256 * 1024);
  });

  test('O7: a stderr that throws, fails or is closed is ignored', async () => {
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

  test('a terminal whose mode would be shared with the shell is not changed', () => {
    const modes: boolean[] = [];
    keepLoopFree(streamOf({ fd: 1, setBlocking: (on: boolean) => modes.push(on) }), 1);
    keepLoopFree(streamOf({}), 1);
    keepLoopFree(streamOf(undefined), 1);
    expect(modes).toEqual([]);
  });
});

describe('holdOutput', () => {
  /** Two targets on one stopped screen: their output waits until each of them is released. */
  function stop(areTty: boolean) {
    let screen = '';
    const waiting = { stdout: [] as (() => void)[], stderr: [] as (() => void)[] };
    const create = (name: 'stdout' | 'stderr'): OutputTarget => {
      const stream = new Writable({
        write(chunk: Buffer, _encoding, done) {
          waiting[name].push(() => {
            screen += String(chunk);
            done();
          });
        },
      });
      const opened = stream as unknown as NodeJS.WriteStream;
      return { fd: NOWHERE, isTty: areTty, columns: () => 80, rows: () => undefined, stream: () => opened };
    };
    const release = async (name: 'stdout' | 'stderr'): Promise<void> => {
      for (let next = waiting[name].shift(); next !== undefined; next = waiting[name].shift()) {
        next();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    return { stdout: create('stdout'), stderr: create('stderr'), release, screen: () => screen };
  }

  test('O3: later output waits for the queue of stderr, whichever continues first', async () => {
    const { stdout, stderr, release, screen } = stop(true);
    stderr.stream().write('picture ');
    stderr.stream().write('erased ');
    holdOutput(stdout, stderr);
    stdout.stream().write('line 1\n');
    stdout.stream().write('line 2\n');
    await release('stdout');
    expect(screen()).toBe('');
    await release('stderr');
    await release('stdout');
    expect(screen()).toBe('picture erased line 1\nline 2\n');
  });

  test('nothing is held if stderr has no queue, or if the two are not one terminal', async () => {
    const idle = stop(true);
    holdOutput(idle.stdout, idle.stderr);
    idle.stdout.stream().write('event\n');
    await idle.release('stdout');
    expect(idle.screen()).toBe('event\n');
    const pipes = stop(false);
    pipes.stderr.stream().write('lost\n');
    holdOutput(pipes.stdout, pipes.stderr);
    pipes.stdout.stream().write('event\n');
    await pipes.release('stdout');
    expect(pipes.screen()).toBe('event\n');
  });
});

test('writeWhole queues text after queued text', async () => {
  const { readEnd, writeEnd } = makePipe();
  registerCleanup(() => {
    readEnd.destroy();
    closeSync(writeEnd);
  });
  let goOn = (): void => {};
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      goOn = () => {
        writeSync(writeEnd, chunk);
        done();
      };
    },
  });
  const opened = stream as unknown as NodeJS.WriteStream;
  const target: OutputTarget = {
    fd: writeEnd,
    isTty: false,
    columns: () => undefined,
    rows: () => undefined,
    stream: () => opened,
  };
  let read = '';
  readEnd.on('data', (chunk) => {
    read += String(chunk);
  });
  writeWhole(target, 'at once ');
  openGuarded(target).write('waits ');
  writeWhole(target, 'after it ');
  goOn();
  await new Promise((resolve) => setImmediate(resolve));
  goOn();
  await new Promise((resolve) => setImmediate(resolve));
  expect(stream.writableLength).toBe(0);
  writeWhole(target, 'in the end');
  await new Promise<void>((resolve) => {
    readEnd.on('data', () => read.includes('end') && resolve());
    if (read.includes('end')) resolve();
  });
  expect(read).toBe('at once waits after it in the end');
});
