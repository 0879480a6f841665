// Gaps while libfaketime changes the wall clock of the whole process. gaps.test.ts only changes the clock of Node.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, spawnTail } from './start-tail.ts';

const HOUR_MS = 3_600_000;
const LIBRARY = findLibrary();

/** Finds the library of Debian's package `faketime` in the folder of this architecture. */
function findLibrary(): string | undefined {
  if (!existsSync('/usr/lib')) return undefined;
  return readdirSync('/usr/lib')
    .map((folder) => join('/usr/lib', folder, 'faketime/libfaketimeMT.so.1'))
    .find((path) => existsSync(path));
}

/** A wall clock that starts at `startMs`, and a function that moves it. The monotonic clock is real. */
function makeClock(startMs: number): { env: Record<string, string>; jump(ms: number): void } {
  const file = join(makeTempFolder(), 'offset');
  const offsetMs = startMs - Date.now();
  const write = (ms: number): void => writeFileSync(file, `${ms < 0 ? '' : '+'}${(ms / 1_000).toFixed(3)}\n`);
  write(offsetMs);
  const env = {
    LD_PRELOAD: LIBRARY ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
  return { env, jump: (ms) => write(offsetMs + ms) };
}

(LIBRARY === undefined ? describe.skip : describe)(
  'row 85 (G1, G3): a gap while the clock of the process changes (needs libfaketime)',
  () => {
    test.each([
      [
        'the machine sleeps for three days',
        '2026-11-26T13:58:51.000Z',
        72 * HOUR_MS,
        /between 2026-11-26 14:5[89]:\d\d\.\d{3} \+01:00 and 2026-11-29 1[45]:\d\d:\d\d\.\d{3} \+01:00 \(3d 0h\) were not/,
        /^3d 0h$/,
      ],
      [
        'over midnight',
        '2026-11-26T22:59:58.000Z',
        4_000,
        /between 2026-11-26 23:59:\d\d\.\d{3} \+01:00 and 2026-11-27 00:00:\d\d\.\d{3} \+01:00 \([\d.]+ s\) were not/,
        /^[\d.]+ s$/,
      ],
      [
        'daylight saving time ends',
        '2026-10-25T00:30:00.000Z',
        HOUR_MS,
        /between 2026-10-25 02:30:\d\d\.\d{3} \+02:00 and 2026-10-25 02:30:\d\d\.\d{3} \+01:00 \(1h 0m\) were not/,
        /^1h 0m$/,
      ],
      [
        'the clock is set back',
        '2026-11-26T13:58:51.000Z',
        -HOUR_MS,
        /between 2026-11-26 14:5\d:\d\d\.\d{3} \+01:00 and 2026-11-26 13:5\d:\d\d\.\d{3} \+01:00 \([\d.]+ s\) were not/,
        /^[\d.]+ s$/,
      ],
    ])('%s: the report has date, zone and duration', async (_what, iso, jumpMs, message, duration) => {
      const { server, first } = await startHandOver(['{"n":1}'], ['{"n":2}']);
      const clock = makeClock(Date.parse(iso));
      const env = { ...clock.env, TZ: 'Europe/Berlin' };
      const args = ['--retry-min', '1s', '--retry-max', '1s', '--limit', '2'];
      const child = spawnTail(server.url, args, { env });
      await child.waitForLines(1);
      (await first).reset();
      await child.waitForStderr('retrying in');
      clock.jump(jumpMs);
      const { code, stderr } = await endOf(child);
      expect(code).toBe(0);
      expect(stderr).toMatch(message);
      const [, disconnected] = /disconnected for ([\w .]+)/.exec(stderr) ?? [];
      expect(disconnected).toMatch(duration);
    });
  },
);
