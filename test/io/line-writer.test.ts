// Back-pressure, order and the end of stdout (contract O4 to O7), on streams that a test holds up and on files.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, jest, test } from '@jest/globals';
import type { LineWriter, WriteFailure } from '../../src/io/line-writer.ts';
import type { OutputTarget } from '../../src/io/standard-streams.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { createFakeClock, type FakeClock, settlePromises } from '../helpers/fake-clock.ts';

/** Limits the bytes of one write to a descriptor, as on a nearly full disk. */
let mostBytesAWrite = Number.POSITIVE_INFINITY;
jest.unstable_mockModule('node:fs', () => ({
  ...fs,
  writeSync: (fd: number, bytes: Buffer, at: number, length: number) =>
    fs.writeSync(fd, bytes, at, Math.min(length, mostBytesAWrite)),
}));
const { createLineWriter, isFile } = await import('../../src/io/line-writer.ts');

const NO_FILE = -1;

/** A stream whose writes complete only when the test says so. */
class HeldStream extends Writable {
  taken = '';
  #held: { text: string; done: (error?: Error | null) => void }[] = [];

  constructor() {
    super({ highWaterMark: 8 });
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#held.push({ text: chunk.toString(), done });
  }

  /** Completes all waiting writes, and those that follow as a result. */
  async take(): Promise<void> {
    for (let held = this.#held.shift(); held !== undefined; held = this.#held.shift()) {
      this.taken += held.text;
      held.done();
      await settlePromises();
    }
  }

  fail(code: string): void {
    this.destroy(Object.assign(new Error(`write ${code}`), { code }));
  }
}

interface Setup {
  readonly stream: HeldStream;
  readonly clock: FakeClock;
  readonly writer: LineWriter;
  readonly failures: WriteFailure[];
}

function setUp({ isTty = false } = {}): Setup {
  const stream = new HeldStream();
  const clock = createFakeClock();
  const failures: WriteFailure[] = [];
  const target: OutputTarget = {
    fd: NO_FILE,
    isTty,
    columns: () => undefined,
    rows: () => undefined,
    stream: () => stream as unknown as NodeJS.WriteStream,
  };
  return { stream, clock, failures, writer: createLineWriter(target, clock, (one) => failures.push(one)) };
}

/** A target that must be written through its descriptor. */
function targetOf(path: string, flags: string): OutputTarget {
  const fd = fs.openSync(path, flags);
  registerCleanup(() => fs.closeSync(fd));
  const refuse = (): never => {
    throw new Error('a file is not written through a stream');
  };
  return { fd, isTty: false, columns: () => undefined, rows: () => undefined, stream: refuse };
}

/** Whether a promise has resolved, once everything that could has. */
async function hasResolved(promise: Promise<void> | undefined): Promise<boolean> {
  let isResolved = false;
  void promise?.then(() => {
    isResolved = true;
  });
  await settlePromises();
  return isResolved;
}

describe('a pipe', () => {
  test('O5: a write that fits is done at once, with nothing to wait for', async () => {
    const { stream, writer } = setUp();
    expect(writer.write('{}\n')).toBeUndefined();
    await stream.take();
    expect(stream.taken).toBe('{}\n');
    expect(writer.blockedMs).toBe(0);
  });

  test('O4: a write that does not fit is waited for, in order, and the time is counted', async () => {
    const { stream, clock, writer } = setUp();
    const blocked = writer.write('{"event":1}\n');
    expect(writer.blockedSinceMs).toBe(clock.monotonicMs());
    clock.advance(3_000);
    expect(await hasResolved(blocked)).toBe(false);
    await stream.take();
    await blocked;
    expect(writer.blockedSinceMs).toBeUndefined();
    expect(writer.blockedMs).toBe(3_000);
    const again = writer.write(Buffer.from('{"event":2}\n'));
    clock.advance(500);
    await stream.take();
    await again;
    expect(stream.taken).toBe('{"event":1}\n{"event":2}\n');
    expect(writer.blockedMs).toBe(3_500);
  });

  test('O6: drain waits without limit for queued bytes', async () => {
    const { stream, clock, writer } = setUp();
    void writer.write('{"event":1}\n');
    const drained = writer.drain();
    clock.advance(3_600_000);
    expect(await hasResolved(drained)).toBe(false);
    await stream.take();
    await drained;
    expect(stream.taken).toBe('{"event":1}\n');
    expect(writer.bytesCut).toBe(0);
  });

  test('O6: drain has nothing to wait for when nothing is queued', async () => {
    const { writer } = setUp();
    expect(await hasResolved(writer.drain())).toBe(true);
  });

  test('O6: cutAfter gives up after the time, counts the bytes that were cut, and writes nothing more', async () => {
    const { stream, clock, writer, failures } = setUp();
    void writer.write('12345678901\n');
    const drained = writer.drain();
    writer.cutAfter(2_000);
    clock.advance(1_999);
    expect(await hasResolved(drained)).toBe(false);
    clock.advance(1);
    await drained;
    expect(writer.bytesCut).toBe(12);
    expect(writer.write('€\n')).toBeUndefined();
    expect(writer.bytesCut).toBe(16);
    await writer.drain();
    await stream.take();
    expect(stream.taken).toBe('12345678901\n');
    expect(failures).toEqual([]);
  });

  test('O6: cutAfter releases a write that waits', async () => {
    const { clock, writer } = setUp();
    const blocked = writer.write('12345678901\n');
    writer.cutAfter(2_000);
    clock.advance(2_000);
    expect(await hasResolved(blocked)).toBe(true);
    expect(writer.blockedMs).toBe(2_000);
  });

  test('O6: cutAfter loses nothing if everything was written in time', async () => {
    const { stream, clock, writer } = setUp();
    void writer.write('12345678901\n');
    writer.cutAfter(2_000);
    await stream.take();
    clock.advance(2_000);
    expect(writer.bytesCut).toBe(0);
  });

  test('O6: after a drain no timer is left that would keep the process alive', async () => {
    const { stream, clock, writer } = setUp();
    writer.cutAfter(2_000);
    writer.cutAfter(2_000);
    void writer.write('12345678901\n');
    const drained = writer.drain();
    await stream.take();
    await drained;
    expect(clock.pendingTimers).toBe(0);
  });

  test.each(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'])(
    'O7: %s is a closed pipe: reported once, then nothing is written',
    async (code) => {
      const { stream, writer, failures } = setUp();
      const blocked = writer.write('12345678901\n');
      stream.fail(code);
      await blocked;
      expect(writer.failure).toBe('reader-gone');
      expect(failures).toEqual(['reader-gone']);
      expect(writer.write('more\n')).toBeUndefined();
      stream.emit('error', Object.assign(new Error('again'), { code: 'ENOSPC' }));
      await writer.drain();
      expect(writer.failure).toBe('reader-gone');
      expect(failures).toHaveLength(1);
    },
  );

  test.each([
    ['ENOSPC', 'stdout could not be written: the disk is full (ENOSPC)'],
    ['EIO', 'stdout could not be written: the device reported an error (EIO)'],
    ['EWHATEVER', 'stdout could not be written: EWHATEVER'],
  ])('O7: %s is exit 9 and says why', async (code, message) => {
    const { stream, writer } = setUp();
    stream.fail(code);
    await settlePromises();
    expect(writer.failure).toMatchObject({ exitCode: 9, message });
  });

  test('O7: a failure while draining ends the wait', async () => {
    const { stream, writer, failures } = setUp();
    void writer.write('12345678901\n');
    const drained = writer.drain();
    stream.fail('EPIPE');
    await drained;
    expect(failures).toEqual(['reader-gone']);
  });

  test('O7: a failure after the cut is ignored', async () => {
    const { stream, clock, writer, failures } = setUp();
    void writer.write('12345678901\n');
    writer.cutAfter(1);
    clock.advance(1);
    stream.fail('EPIPE');
    await settlePromises();
    expect(writer.failure).toBeUndefined();
    expect(failures).toEqual([]);
  });

  test('row 44: a terminal that went away is not a broken disk', async () => {
    const { stream, writer } = setUp({ isTty: true });
    stream.fail('EIO');
    await settlePromises();
    expect(writer.failure).toBe('terminal-gone');
  });
});

describe('a file', () => {
  test('is written through its descriptor, at once and in order', async () => {
    const path = join(makeTempFolder(), 'events.ndjson');
    const writer = createLineWriter(targetOf(path, 'w'), createFakeClock(), () => undefined);
    expect(writer.write('{"event":1}\n')).toBeUndefined();
    expect(writer.write(Buffer.from('{"event":"€"}\n'))).toBeUndefined();
    expect(fs.readFileSync(path, 'utf8')).toBe('{"event":1}\n{"event":"€"}\n');
    writer.cutAfter(1);
    await writer.drain();
    expect(writer).toMatchObject({ failure: undefined, bytesCut: 0, blockedMs: 0 });
    expect(writer.blockedSinceMs).toBeUndefined();
  });

  test('O7: a short write is continued until all bytes are written', () => {
    const path = join(makeTempFolder(), 'events.ndjson');
    const writer = createLineWriter(targetOf(path, 'w'), createFakeClock(), () => undefined);
    const line = `{"event":"${'é'.repeat(100)}"}\n`;
    mostBytesAWrite = 7;
    try {
      writer.write(line);
    } finally {
      mostBytesAWrite = Number.POSITIVE_INFINITY;
    }
    expect(fs.readFileSync(path, 'utf8')).toBe(line);
  });

  test('row 42: on /dev/full the first failure is reported once, with exit 9, and nothing more is written', async () => {
    const failures: WriteFailure[] = [];
    const writer = createLineWriter(targetOf('/dev/full', 'w'), createFakeClock(), (one) =>
      failures.push(one),
    );
    writer.write('{"event":1}\n');
    writer.write('{"event":2}\n');
    await writer.drain();
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({
      exitCode: 9,
      message: 'stdout could not be written: the disk is full (ENOSPC)',
    });
    expect(writer.failure).toBe(failures[0]);
  });

  test('O7: a descriptor that is not open for writing is a failure', () => {
    const path = join(makeTempFolder(), 'events.ndjson');
    fs.writeFileSync(path, '');
    const writer = createLineWriter(targetOf(path, 'r'), createFakeClock(), () => undefined);
    writer.write('{}\n');
    expect(writer.failure).toMatchObject({ exitCode: 9 });
  });

  test('is a regular file or a device, not a terminal, a pipe or a closed descriptor', () => {
    const path = join(makeTempFolder(), 'events.ndjson');
    expect(isFile(targetOf(path, 'w'))).toBe(true);
    expect(isFile(targetOf('/dev/null', 'w'))).toBe(true);
    expect(isFile({ ...targetOf('/dev/null', 'w'), isTty: true })).toBe(false);
    expect(isFile({ ...targetOf('/dev/null', 'w'), fd: NO_FILE })).toBe(false);
  });
});
