// Row 157: damage in the segments of a spool costs the records that it hits, and no others. Nothing that may be
// readable is removed.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { listSegments } from '../../../src/delivery/spool/segments.ts';
import { Spool } from '../../../src/delivery/spool/spool.ts';
import { makeTempFolder } from '../../helpers/cleanup.ts';
import { createFakeClock } from '../../helpers/fake-clock.ts';

const HEADING_BYTES = 'atlantis spool 1\n'.length;
const COUNT = 40;

const makeRecord = (n: number): { mark: number; text: Buffer } => ({
  mark: 0,
  text: Buffer.from(`{"n":${n},"pad":"${'x'.repeat((n * 37) % 150)}"}`),
});

const open = (path: string): Spool =>
  new Spool({ path, maxBytes: 2 ** 20, syncEveryMs: 200 }, createFakeClock(), (error) => {
    throw error;
  });

interface Left {
  readonly path: string;
  readonly file: string;
  /** Where each record begins in the file, and where the last one ends. */
  readonly starts: readonly number[];
}

/** A spool of 40 records in one segment, of which the first `acknowledged` are acknowledged. */
async function leave(acknowledged = 0): Promise<Left> {
  const path = makeTempFolder();
  const spool = open(path);
  const starts = [HEADING_BYTES];
  for (let n = 0; n < COUNT; n += 1) {
    const record = makeRecord(n);
    spool.append(n, [record]);
    starts.push((starts.at(-1) ?? 0) + 9 + record.text.length);
  }
  if (acknowledged > 0) spool.release(acknowledged);
  await spool.close();
  const file = join(path, readdirSync(path).find((name) => name.endsWith('.seg')) ?? '');
  return { path, file, starts };
}

/** Overwrites bytes of a file. */
function damage(file: string, at: number, make: (byte: number) => number, count = 1): void {
  const bytes = readFileSync(file);
  for (let i = at; i < Math.min(bytes.length, at + count); i += 1) bytes[i] = make(bytes[i] ?? 0);
  writeFileSync(file, bytes);
}

interface Found {
  readonly numbers: readonly number[];
  readonly lost: number;
}

function readAll(spool: Spool): Found {
  const numbers: number[] = [];
  let lost = 0;
  for (let at = spool.acknowledged; at < spool.end; ) {
    const item = spool.read(at);
    if ('damaged' in item) {
      lost += item.damaged;
      at += item.damaged;
    } else {
      numbers.push(JSON.parse(item.text.toString()).n);
      at += 1;
    }
  }
  return { numbers, lost };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_unused, index) => from + index);
const without = (...missing: readonly number[]): number[] =>
  range(0, COUNT).filter((n) => !missing.includes(n));

describe('row 157: damage in the newest segment', () => {
  test.each([
    ['the lowest bit of a length', 0, 1],
    ['a high bit of a length', 3, 0x40],
    ['a length that becomes zero', 0, 0xff],
    ['a checksum', 4, 0x10],
    ['a mark', 8, 1],
    ['a text', 12, 4],
  ])('one flipped bit (%s) loses that record only, and it is counted', async (_what, offset, bit) => {
    for (const hit of [0, 17, COUNT - 2]) {
      const { path, file, starts } = await leave();
      const { size } = statSync(file);
      damage(file, (starts[hit] ?? 0) + offset, (byte) => byte ^ bit);
      const spool = open(path);
      expect(spool.bytesRepaired).toBe(0);
      const { numbers, lost } = readAll(spool);
      expect(numbers).toEqual(without(hit));
      // After a damaged length, the number of lost records is not known exactly.
      expect(lost).toBeGreaterThanOrEqual(1);
      if (offset >= 4) expect(lost).toBe(1);
      expect(statSync(file).size).toBe(size);
      await spool.close();
    }
  });

  test('a damaged last record is counted and kept in its file, and nothing is appended to that file', async () => {
    const { path, file, starts } = await leave();
    const { size } = statSync(file);
    damage(file, (starts[COUNT - 1] ?? 0) + 12, (byte) => byte ^ 1);
    const spool = open(path);
    expect(spool.append(spool.end, [makeRecord(COUNT)])).toBe(1);
    expect(readAll(spool)).toEqual({ numbers: [...range(0, COUNT - 1), COUNT], lost: 1 });
    expect([statSync(file).size, listSegments(path).length]).toEqual([size, 2]);
    await spool.close();
    const again = open(path);
    expect(readAll(again)).toEqual({ numbers: [...range(0, COUNT - 1), COUNT], lost: 1 });
    await again.close();
  });

  test.each([
    ['one byte', 3, 1],
    ['all bytes', 0, HEADING_BYTES],
  ])('damage in %s of the heading loses no record', async (_what, at, count) => {
    const { path, file } = await leave();
    damage(file, at, (byte) => byte ^ 0x21, count);
    const spool = open(path);
    expect(readAll(spool)).toEqual({ numbers: range(0, COUNT), lost: 0 });
    expect(spool.append(COUNT, [makeRecord(COUNT)])).toBe(1);
    expect(readAll(spool).numbers).toEqual(range(0, COUNT + 1));
    await spool.close();
  });

  test('after a block of zeros over several records before the cursor, no later record is skipped', async () => {
    const { path, file, starts } = await leave(20);
    damage(file, starts[5] ?? 0, () => 0, (starts[12] ?? 0) - (starts[5] ?? 0));
    const spool = open(path);
    const { numbers } = readAll(spool);
    expect(numbers.slice(-20)).toEqual(range(20, COUNT));
    await spool.close();
  });

  test('a file that is not a segment is refused and unchanged', async () => {
    const { path, file } = await leave();
    writeFileSync(file, 'the notes of another program');
    expect(() => open(path)).toThrow('is not a segment of a spool');
    expect(readFileSync(file, 'utf8')).toBe('the notes of another program');
  });
});

describe('row 157: random damage', () => {
  /** A small generator, so that a failure can be repeated. */
  const makeRandom = (seed: number) => {
    let state = seed;
    return (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
  };

  test('every undamaged record is read, in order, from the newest segment and from an older one', async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = makeRandom(seed);
      const { path, file, starts } = await leave();
      const isOlder = seed % 2 === 0;
      const hit = new Set<number>();
      for (let n = 0; n <= random(3); n += 1) {
        const at = random(starts.at(-1) ?? 0);
        const count = 1 + random(random(2) === 0 ? 4 : 600);
        damage(file, at, (byte) => byte ^ (1 + random(255)), count);
        for (const [record, start] of starts.slice(0, -1).entries()) {
          if (start < at + count && (starts[record + 1] ?? 0) > at) hit.add(record);
        }
      }
      // The name of the next segment says how many records this one had.
      if (isOlder) writeFileSync(join(path, `${String(COUNT).padStart(16, '0')}.seg`), 'atlantis spool 1\n');
      const spool = open(path);
      const { numbers, lost } = readAll(spool);
      const expected = without(...hit);
      // An end that looks like an interrupted write is removed.
      expect({ seed, numbers }).toEqual({ seed, numbers: expected });
      if (isOlder) expect({ seed, lost }).toEqual({ seed, lost: hit.size });
      await spool.close();
    }
  });
});
