// Lines of damaged files: too long, without a line feed at the end, corrupt in the middle.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { textsOf } from '../../src/events/batch.ts';
import { packMember } from '../../src/recording/gzip-member.ts';
import { playRecording } from '../../src/recording/play.ts';
import { readLines } from '../../src/recording/read-lines.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';

const line = (n: number): string =>
  `{"received_at":"2026-01-01T00:00:00.000Z","seq":${n},"connection":1,"event":${n}}`;
const never = (): never => {
  throw new Error('stdin was read');
};

/** Plays these bytes, and returns events, and faults with their line numbers. */
async function playBytes(bytes: Buffer | string): Promise<string[]> {
  const path = join(makeTempFolder(), 'recording');
  writeFileSync(path, bytes);
  const { signal } = new AbortController();
  const lines = readLines(path, never, signal);
  const seen: string[] = [];
  for await (const item of playRecording(lines, {
    path: 'day.ndjson',
    speed: Number.POSITIVE_INFINITY,
    clock: systemClock,
    signal,
  })) {
    if (item.kind === 'events') seen.push(...textsOf(item.batch).map(String));
    if (item.kind === 'damaged') seen.push(`line ${item.line}: ${item.why}`);
  }
  return seen;
}

describe('the lines of a recording', () => {
  test('a line longer than the largest event is skipped, the others are read', async () => {
    const endless = Buffer.alloc(98 * 1024 * 1024, 'x');
    const text = [Buffer.from(`${line(1)}\n`), endless, Buffer.from(`\n${line(3)}\nx\n`), endless];
    expect(await playBytes(Buffer.concat(text))).toEqual([
      '1',
      'line 2: it exceeds the maximum size of an event',
      '3',
      'line 4: it is not JSON',
      'line 5: it exceeds the maximum size of an event',
    ]);
  });

  test('line numbers continue after a damaged compressed block', async () => {
    const packed = [1, 2, 3].map((n) => packMember(Buffer.from(`${line(n)}\n`)));
    packed[1]?.fill(0xee, 24, 32);
    expect(await playBytes(Buffer.concat([...packed, packMember(Buffer.from('x\n'))]))).toEqual([
      '1',
      'line 2: the compressed data is damaged',
      '3',
      'line 3: it is not JSON',
    ]);
  });

  test('accepts a byte order mark at the start and a missing line feed at the end', async () => {
    expect(await playBytes(`\ufeff${line(1)}\r\n\r\n${line(2)}`)).toEqual(['1', '2']);
  });

  test('R2: an abort ends the wait for the writer of a named pipe, or for an idle stdin', async () => {
    const path = join(makeTempFolder(), 'pipe');
    spawnSync('mkfifo', [path]);
    for (const [from, stdin] of [
      [path, never],
      ['-', () => new Readable({ read: () => undefined })],
    ] as const) {
      const abort = new AbortController();
      const first = readLines(from, stdin, abort.signal).next();
      abort.abort();
      expect(await first).toEqual({ done: true, value: undefined });
    }
    // Opens the other side, so that the pending open of the pipe ends.
    spawnSync('sh', ['-c', `exec 3<>'${path}'`]);
  });
});
