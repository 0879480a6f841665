import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { packMember } from '../../src/recording/gzip-member.ts';
import { findLastTime } from '../../src/recording/last-time.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';

const line = (n: number): string =>
  `{"received_at":"2026-01-01T00:00:0${n}.000Z","seq":${n},"connection":1,"event":{"n":${n}}}\n`;
const END = '{"lifecycle":"end","at":"2026-01-01T00:01:00.000Z"}\n';

describe('row 108: the time of the last event', () => {
  const LINES = [line(1), 'x'.repeat(300_000), '\n', line(2), END].join('');
  const MEMBERS = [line(1), line(2), line(3) + END].map((text) => packMember(Buffer.from(text)));

  test.each<[string, Buffer | string, number | undefined]>([
    ['a plain recording', LINES, 2],
    ['a recording cut off in the last line', LINES + line(3).slice(0, 40), 2],
    ['a compressed recording', Buffer.concat(MEMBERS), 3],
    ['a compressed recording that is cut off', Buffer.concat(MEMBERS).subarray(0, -5), 2],
    ['a file compressed by another program (undefined)', gzipSync(LINES), undefined],
    ['plain NDJSON (undefined)', '{"n":1}\n{"n":2}\n', undefined],
    ['an empty file (undefined)', '', undefined],
  ])('is found, or undefined, for %s', (_what, content, second) => {
    const path = join(makeTempFolder(), 'file');
    writeFileSync(path, content);
    const expected = second === undefined ? undefined : Date.UTC(2026, 0, 1, 0, 0, second);
    expect(findLastTime(path)).toBe(expected);
  });

  test('is undefined for a missing file', () => expect(findLastTime('/no/such/file')).toBeUndefined());
});
