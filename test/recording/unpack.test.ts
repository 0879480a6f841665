// From a damaged recording, everything that is not damaged is read.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { packMember } from '../../src/recording/gzip-member.ts';
import { unpack } from '../../src/recording/unpack.ts';

const member = (...lines: readonly string[]): Buffer =>
  packMember(Buffer.from(lines.map((line) => `${line}\n`).join('')));
const other = (...lines: readonly string[]): Buffer => gzipSync(lines.map((line) => `${line}\n`).join(''));
const many = (from: number): string[] => Array.from({ length: 500 }, (_, n) => `{"n":${from + n * 7919}}`);

/** Text and faults in order, read in chunks of `chunkBytes`. */
async function unpackAll(bytes: Buffer, chunkBytes: number): Promise<string[]> {
  async function* cut(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const seen: string[] = [];
  let text = '';
  const flush = (): void => {
    if (text !== '') seen.push(text);
    text = '';
  };
  for await (const part of unpack(cut())) {
    if (Buffer.isBuffer(part)) {
      text += part.toString();
      continue;
    }
    flush();
    seen.push(`! ${part.fault}`);
  }
  flush();
  return seen;
}

const DAMAGED = '! the compressed data is damaged';
const TRUNCATED = '! the compressed data is truncated';
const ruined = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.fill(0xee, at, at + 8);
  return copy;
};
const lengthOf = (bytes: Buffer, length: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(length, 16);
  return copy;
};

const ROWS: readonly (readonly [string, readonly Buffer[], readonly string[]])[] = [
  ['an empty file', [], []],
  ['plain text', [Buffer.from('a\nb\n')], ['a\nb\n']],
  ['a single byte', [Buffer.from('a')], ['a']],
  ['members of ours', [member('a'), member('b')], ['a\nb\n']],
  ['gzip of another program, twice', [other('a'), other('b')], ['a\nb\n']],
  ['a member of ours, then gzip of another program', [member('a'), other('b')], ['a\nb\n']],
  ['gzip of another program, then a member of ours', [other('a'), member('b')], ['a\nb\n']],
  ['a ruined member', [member('a'), ruined(member('b'), 22), member('c')], ['a\n', DAMAGED, 'c\n']],
  ['a ruined checksum', [member('a'), ruined(member('b'), 18 + 4), member('c')], ['a\n', DAMAGED, 'c\n']],
  ['a ruined header', [member('a'), ruined(member('b'), 0), member('c')], ['a\n', DAMAGED, 'c\n']],
  ['text between members', [member('a'), Buffer.from('garbage'), member('b')], ['a\n', DAMAGED, 'b\n']],
  [
    'bytes that look like a member of ours',
    [member('a'), Buffer.from('1f8b0804ff', 'hex'), member('b')],
    ['a\n', DAMAGED, 'b\n'],
  ],
  [
    'zeros between and after',
    [member('a'), Buffer.alloc(200_000), member('b'), Buffer.alloc(9)],
    ['a\n', DAMAGED, 'b\n', DAMAGED],
  ],
  ['a length of 0', [member('a'), lengthOf(member('b'), 0), member('c')], ['a\n', DAMAGED, 'c\n']],
  [
    'a length of 4 GiB',
    [member('a'), lengthOf(member('b'), 0xffff_ffff), member('c')],
    ['a\n', DAMAGED, 'c\n'],
  ],
  ['the first bytes of a member at the end', [member('a'), member('b').subarray(0, 12)], ['a\n', TRUNCATED]],
];

describe.each([1, 7, 65_536])('unpack in chunks of %d bytes reads', (chunkBytes) => {
  test.each(ROWS)('%s', async (_name, parts, expected) => {
    expect(await unpackAll(Buffer.concat(parts), chunkBytes)).toEqual(expected);
  });

  test('the beginning of an incomplete member, at the end and before another one', async () => {
    const whole = member(...many(1));
    const torn = whole.subarray(0, whole.length - 200);
    const [head = '', fault, tail] = await unpackAll(Buffer.concat([torn, member('next')]), chunkBytes);
    expect(
      many(1)
        .map((line) => `${line}\n`)
        .join('')
        .startsWith(head),
    ).toBe(true);
    expect(head.length).toBeGreaterThan(1_000);
    expect([fault, tail]).toEqual([TRUNCATED, 'next\n']);
    expect(await unpackAll(torn, chunkBytes)).toEqual([head, TRUNCATED]);
  });

  test('gzip of another program that is cut off, and reports the truncation', async () => {
    const whole = other(...many(1));
    const seen = await unpackAll(whole.subarray(0, whole.length - 200), chunkBytes);
    expect(seen.at(-1)).toBe(TRUNCATED);
  });
});

test('a member that decompresses to more than the lines of a member can have is damage, and not kept in memory', async () => {
  const bomb = packMember(Buffer.alloc(100 * 1024 * 1024));
  expect(await unpackAll(Buffer.concat([bomb, member('after')]), 65_536)).toEqual([DAMAGED, 'after\n']);
});

test('the error of an unreadable source is passed on', async () => {
  async function* fail(): AsyncGenerator<Buffer> {
    yield other(...many(1)).subarray(0, 50);
    throw Object.assign(new Error('no'), { code: 'EIO' });
  }
  await expect(async () => {
    for await (const _part of unpack(fail()));
  }).rejects.toMatchObject({ code: 'EIO' });
});
