// The spool: order, numbers, restarts, incomplete ends, limits, and power failures.
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openCursorFile } from '../../../src/delivery/spool/cursor.ts';
import { listSegments } from '../../../src/delivery/spool/segments.ts';
import { Spool, type SpoolConfig } from '../../../src/delivery/spool/spool.ts';
import { SyncTimer } from '../../../src/delivery/spool/sync-timer.ts';
import { makeTempFolder } from '../../helpers/cleanup.ts';
import { createFakeClock, type FakeClock } from '../../helpers/fake-clock.ts';
import { untilTrue } from '../../helpers/watch.ts';

const makeRecords = (from: number, to: number, size = 0): { mark: number; text: Buffer }[] =>
  Array.from({ length: to - from }, (_unused, index) => ({
    mark: index % 5,
    text: Buffer.from(`{"n":${from + index},"pad":"${'x'.repeat(size)}"}`),
  }));

interface Opened {
  readonly spool: Spool;
  readonly clock: FakeClock;
  readonly faults: unknown[];
}

function open(path: string, config: Partial<SpoolConfig> = {}): Opened {
  const clock = createFakeClock();
  const faults: unknown[] = [];
  const all = { path, maxBytes: 2 ** 20, syncEveryMs: 200, ...config };
  return { spool: new Spool(all, clock, (error) => faults.push(error)), clock, faults };
}

/** The numbers in the records from `from` to the end. */
function readNumbers(spool: Spool, from = spool.acknowledged): (number | string)[] {
  const numbers: (number | string)[] = [];
  for (let at = from; at < spool.end; ) {
    const item = spool.read(at);
    if ('damaged' in item) {
      numbers.push(`${item.damaged} damaged`);
      at += item.damaged;
    } else {
      numbers.push(JSON.parse(item.text.toString()).n);
      at += 1;
    }
  }
  return numbers;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_unused, index) => from + index);
const segmentsIn = (path: string): string[] => readdirSync(path).filter((name) => name.endsWith('.seg'));

function isOpenAs(fd: string, path: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === path;
  } catch {
    return false;
  }
}

describe('spool', () => {
  test('returns what was appended, in order, with marks and bytes', async () => {
    const { spool } = open(makeTempFolder());
    const records = makeRecords(0, 100);
    expect(spool.append(0, records.slice(0, 40))).toBe(40);
    expect(spool.append(40, records.slice(40))).toBe(records.length - 40);
    expect(range(0, 100).map((at) => spool.read(at))).toEqual(records);
    await spool.close();
  });

  test('reads again from an earlier number, and while more is appended', async () => {
    const { spool } = open(makeTempFolder());
    spool.append(0, makeRecords(0, 10));
    expect(readNumbers(spool)).toEqual(range(0, 10));
    spool.append(10, makeRecords(10, 20));
    expect(readNumbers(spool, 10)).toEqual(range(10, 20));
    expect(readNumbers(spool, 3)).toEqual(range(3, 20));
    await spool.close();
  });

  test('a restart resumes after what was acknowledged', async () => {
    const path = makeTempFolder();
    const first = open(path).spool;
    first.append(0, makeRecords(0, 50));
    first.release(20);
    await first.close();
    const { spool } = open(path);
    expect([spool.acknowledged, spool.end, spool.bytesRepaired]).toEqual([20, 50, 0]);
    expect(readNumbers(spool)).toEqual(range(20, 50));
    expect(spool.append(50, makeRecords(50, 60))).toBe(10);
    expect(readNumbers(spool)).toEqual(range(20, 60));
    await spool.close();
  });

  test('a killed process loses nothing, and repeats at most 100 ms of acknowledgements', async () => {
    const path = makeTempFolder();
    const { spool: killed, clock } = open(path);
    killed.append(0, makeRecords(0, 50));
    killed.release(20);
    clock.advance(100);
    killed.release(30);
    // Not closed: the files are as a kill leaves them.
    const { spool } = open(path);
    expect([spool.acknowledged, spool.end]).toEqual([20, 50]);
    expect(readNumbers(spool)).toEqual(range(20, 50));
    await spool.close();
    clock.advance(100);
    await killed.close();
  });

  test('an end that is cut off at any byte is removed, and its length is reported', async () => {
    const recordBytes = 9 + '{"n":0,"pad":""}'.length;
    for (const torn of range(1, 2 * recordBytes)) {
      const path = makeTempFolder();
      const first = open(path).spool;
      first.append(0, makeRecords(0, 3));
      await first.close();
      const file = join(path, segmentsIn(path)[0] ?? '');
      const { length } = readFileSync(file);
      truncateSync(file, length - torn);
      const { spool } = open(path);
      const left = 3 - Math.ceil(torn / recordBytes);
      expect([spool.end, (spool.bytesRepaired + torn) % recordBytes]).toEqual([left, 0]);
      spool.append(left, makeRecords(7, 8));
      expect(readNumbers(spool)).toEqual([...range(0, left), 7]);
      await spool.close();
    }
  });

  test('zeros after a power failure are removed, garbage is kept and counted', async () => {
    const zeros = Buffer.alloc(4_096);
    for (const garbage of [zeros, Buffer.from('garbage that is longer than a head')]) {
      const path = makeTempFolder();
      const first = open(path).spool;
      first.append(0, makeRecords(0, 3));
      await first.close();
      appendFileSync(join(path, segmentsIn(path)[0] ?? ''), garbage);
      const { spool } = open(path);
      expect([spool.end, spool.bytesRepaired]).toEqual(garbage === zeros ? [3, garbage.length] : [4, 0]);
      await spool.close();
    }
  });

  test.each(['9007199254740993', '9007199254740990', '9999999999999999'])(
    'row 158: a file named %s, near 2^53, is not a segment, and is not changed',
    (name) => {
      const path = makeTempFolder();
      const stray = join(path, `${name}.seg`);
      writeFileSync(stray, '');
      expect(listSegments(path)).toEqual([]);
      expect(existsSync(stray)).toBe(true);
    },
  );

  test('a segment that lost its content is begun again', async () => {
    for (const content of ['', 'atlan', '\0'.repeat(500)]) {
      const path = makeTempFolder();
      writeFileSync(join(path, '0000000000000007.seg'), content);
      const { spool } = open(path);
      expect([spool.end, spool.bytesRepaired]).toEqual([7, content.length]);
      expect(spool.append(7, makeRecords(7, 9))).toBe(2);
      expect(readNumbers(spool)).toEqual([7, 8]);
      await spool.close();
      const again = open(path).spool;
      expect(readNumbers(again)).toEqual([7, 8]);
      await again.close();
    }
  });

  test('damage in the middle costs only the record that has it, which is counted', async () => {
    const path = makeTempFolder();
    const { spool } = open(path, { maxBytes: 80_000 });
    for (let at = 0; at < 60; at += 10) spool.append(at, makeRecords(at, at + 10, 1_000));
    const segments = segmentsIn(path);
    expect(segments.length).toBe(6);
    const file = join(path, segments[2] ?? '');
    const bytes = readFileSync(file);
    bytes[5_000] = (bytes[5_000] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(readNumbers(spool)).toEqual([...range(0, 24), '1 damaged', ...range(25, 60)]);
    await spool.close();
  });

  test('keeps to its maximum size, and accepts more as whole segments are acknowledged', async () => {
    const path = makeTempFolder();
    const { spool } = open(path, { maxBytes: 80_000 });
    let end = 0;
    for (let taken = 5; taken === 5; end += taken)
      taken = spool.append(end, makeRecords(end, end + 5, 1_000));
    // The last records are taken as far as they fit.
    expect(end % 5).not.toBe(0);
    expect(spool.bytes).toBeLessThanOrEqual(80_000);
    expect(spool.bytes).toBeGreaterThan(70_000);
    expect(spool.end).toBe(end);
    spool.release(15);
    expect(spool.append(end, makeRecords(end, end + 5, 1_000))).toBe(5);
    expect(readNumbers(spool)).toEqual(range(15, end + 5));
    spool.release(end + 5);
    await untilTrue(() => segmentsIn(path).length <= 1, 'the deletion of segments');
    await spool.close();
    const again = open(path).spool;
    expect([again.acknowledged, again.end]).toEqual([end + 5, end + 5]);
    await again.close();
  });

  test('row 70: numbers that were never on disk are skipped, even after a kill', async () => {
    const path = makeTempFolder();
    const { spool } = open(path);
    spool.append(0, makeRecords(0, 3));
    spool.release(8);
    expect(spool.append(8, makeRecords(8, 10))).toBe(2);
    expect(readNumbers(spool)).toEqual([8, 9]);
    // The files are as a kill leaves them: without a missing segment that would count as a loss.
    const killed = open(path).spool;
    expect(readNumbers(killed)).toEqual([8, 9]);
    await killed.close();
    await spool.close();
    const again = open(path).spool;
    expect(readNumbers(again)).toEqual([8, 9]);
    await again.close();
  });

  test('row 70: the cursor is written before a segment is deleted, whenever the process is killed', async () => {
    const path = makeTempFolder();
    const { spool } = open(path, { maxBytes: 80_000 });
    for (let at = 0; at < 60; at += 10) spool.append(at, makeRecords(at, at + 10, 1_000));
    const cursor = (): number => {
      const { found, close } = openCursorFile(join(path, 'cursor'));
      close();
      return found?.acknowledged ?? 0;
    };
    spool.release(34);
    // The cursor is written, and nothing is deleted yet.
    expect([segmentsIn(path).length, cursor()]).toEqual([6, 34]);
    await untilTrue(() => segmentsIn(path).length === 3, 'the deletion of segments');
    const killed = open(path).spool;
    expect(readNumbers(killed)).toEqual(range(34, 60));
    await killed.close();
    await spool.close();
  });

  (process.platform === 'linux' ? test : test.skip)(
    'row 70, row 113: if the sync of the cursor fails, no segment is deleted, and a close waits for the error',
    async () => {
      const path = makeTempFolder();
      const { spool, faults } = open(path, { maxBytes: 80_000 });
      for (let at = 0; at < 60; at += 10) spool.append(at, makeRecords(at, at + 10, 1_000));
      // A device in place of the open cursor: it can be written to, and a sync fails.
      const cursor = readdirSync('/proc/self/fd').find((fd) => isOpenAs(fd, join(path, 'cursor')));
      closeSync(Number(cursor));
      expect(openSync('/dev/null', 'r+')).toBe(Number(cursor));
      spool.release(34);
      expect(faults).toEqual([]);
      await spool.close();
      expect(faults.map(String)).toEqual([expect.stringContaining('could not be used: EINVAL')]);
      expect(segmentsIn(path)).toHaveLength(6);
    },
  );

  test('row 70: with a cursor beyond the last segment, nothing is lost and no number is used again', async () => {
    const path = makeTempFolder();
    const first = open(path).spool;
    first.append(0, makeRecords(0, 5));
    first.release(9);
    await first.close();
    const { spool } = open(path);
    expect([spool.acknowledged, spool.end, readNumbers(spool)]).toEqual([9, 9, []]);
    spool.append(9, makeRecords(9, 11));
    expect(readNumbers(spool)).toEqual([9, 10]);
    await spool.close();
  });

  test('remembers the end of the unit in flight', async () => {
    const path = makeTempFolder();
    const { spool } = open(path);
    spool.append(0, makeRecords(0, 10));
    spool.noteUnit(4);
    // A kill at this moment.
    const again = open(path).spool;
    expect([again.acknowledged, again.unitEnd]).toEqual([0, 4]);
    await again.close();
    await spool.close();
  });

  test('if one slot of the cursor is damaged, the other one is used', async () => {
    const path = makeTempFolder();
    const { spool } = open(path);
    spool.append(0, makeRecords(0, 10));
    spool.noteUnit(4);
    spool.noteUnit(6);
    const file = join(path, 'cursor');
    const bytes = readFileSync(file);
    const newest = bytes.readDoubleLE(8) > bytes.readDoubleLE(40) ? 0 : 32;
    bytes.fill(0xff, newest + 10, newest + 30);
    writeFileSync(file, bytes);
    const again = open(path).spool;
    expect(again.unitEnd).toBe(4);
    await again.close();
    await spool.close();
  });

  test('a folder with another content is refused and not changed', () => {
    const path = makeTempFolder();
    const file = join(path, '0000000000000000.seg');
    writeFileSync(file, 'precious data of another program');
    expect(() => open(path)).toThrow('is not a segment of a spool');
    expect(readFileSync(file, 'utf8')).toBe('precious data of another program');
  });
});

describe('row 113: an fsync in flight when the relay ends', () => {
  const start = (error: Error | null) => {
    const clock = createFakeClock();
    const faults: unknown[] = [];
    const timer = new SyncTimer(200, clock, (fault) => faults.push(fault));
    let finish = (): void => {};
    timer.noteWritten({
      sync: (done) => {
        finish = () => done(error);
      },
      close: () => {},
    });
    clock.advance(200);
    return { clock, faults, closed: timer.close(), finish: () => finish() };
  };

  test('its error is reported before the spool is closed', async () => {
    const error = new Error('EIO');
    const { faults, closed, finish } = start(error);
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([faults, isClosed]).toEqual([[], false]);
    finish();
    await closed;
    expect(faults).toEqual([error]);
  });

  test('if the disk hangs, the spool is closed after 2 s', async () => {
    const { clock, faults, closed } = start(null);
    clock.advance(2_000);
    await closed;
    expect(faults).toEqual([]);
  });
});
