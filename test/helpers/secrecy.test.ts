// Self-test of the checks on every run of the command; no run can bypass them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from './canary.ts';
import { makeTempFolder, runCleanups } from './cleanup.ts';
import { ROOT, runCli, runShell } from './run-cli.ts';
import { guardRun } from './secrecy.ts';
import { FAULT_ROWS } from './specification.ts';

const OTHER_KEY = 'ak_live_5e1f7e57000011112222333344445555';
const nothing = { words: [], env: {} };

describe('a leaked key fails the test at its end', () => {
  test.each([
    ['the canary', nothing, `so ${CANARY_KEY}`],
    ['a piece of it', nothing, `… ${CANARY_KEY.slice(20, 32)} …`],
    ['in base64', nothing, btoa(`x${CANARY_KEY}`)],
    ['a key from the environment', { words: [], env: { ANY: OTHER_KEY } }, OTHER_KEY],
    [
      'a key of a short form',
      { words: [], env: { ATLANTIS_API_KEY: `ak_${'x1y2z3'.repeat(5)}` } },
      'x1y2z3x1y2z3',
    ],
    ['a key from the words', { words: [`echo ${OTHER_KEY} | x`], env: {} }, OTHER_KEY],
    ['a key from stdin', { ...nothing, stdin: `${OTHER_KEY}\n` }, OTHER_KEY],
  ])('%s in the output', async (_what, run, output) => {
    guardRun(run, () => [Buffer.from('fine'), Buffer.from(output)]);
    await expect(runCleanups('test')).rejects.toThrow(/the key ak_.* is in the output/);
  });

  test('the part of a key that may be shown is not a leak', async () => {
    guardRun(nothing, () => [Buffer.from(`connected with ${CANARY_KEY.slice(0, 16)}…`)]);
    await runCleanups('test');
  });

  test('in a file or a file name, but not in a profile store', async () => {
    guardRun(nothing, () => []);
    writeFileSync(join(makeTempFolder(), 'profiles.json'), CANARY_KEY);
    writeFileSync(join(makeTempFolder(), 'profiles.json.corrupt-20260101T000000Z'), CANARY_KEY);
    await runCleanups('test');
    for (const [name, content] of [
      ['any.log', CANARY_KEY],
      [CANARY_KEY, ''],
    ] as const) {
      writeFileSync(join(makeTempFolder(), name), content);
      await expect(runCleanups('test')).rejects.toThrow(/the key ak_.* is in/);
    }
  });

  test('in the output of a real run, also in a pipeline', async () => {
    await runCli(['-e', 'console.log(process.env.ATLANTIS_API_KEY)'], { key: CANARY_KEY, script: '-p' });
    await expect(runCleanups('test')).rejects.toThrow('is in the output');
    await runShell('echo "$ATLANTIS_API_KEY" >&2', { key: CANARY_KEY });
    await expect(runCleanups('test')).rejects.toThrow('is in the output');
  });
});

describe('a test of a row of the fault list', () => {
  test('row 0: cannot start the command without the canary key', () => {
    expect(() => guardRun({ words: ['--verbose'], env: {} }, () => [])).toThrow('no canary key');
  });

  test('row 0: cannot start the command without --verbose', () => {
    expect(() => guardRun({ words: [], env: { ATLANTIS_API_KEY: CANARY_KEY } }, () => [])).toThrow(
      'no --verbose',
    );
  });

  test('row 0: can start the command with the canary key and --verbose', () => {
    guardRun({ words: ['--verbose'], env: { ATLANTIS_API_KEY: CANARY_KEY } }, () => []);
  });
});

/** From here on a row may be tested in this process; row 0 is what this file and secrecy.ts check. */
const FIRST_ROW_IN_PROCESS = 58;

const TESTS = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /^(?:cli|faults)\/.*\.ts$/.test(name))
  .map((name) => ({ name, source: readFileSync(join(ROOT, 'test', name), 'utf8') }));

describe('no run can bypass the checks', () => {
  test('no test starts the command without the helpers', () => {
    const ways = /\b(?:startChild|spawn\w*|exec\w*|fork)\([^)]*(?:COMMAND|bin\/atlantis|atlantis\.cjs)/;
    expect(TESTS.filter(({ source }) => ways.test(source)).map(({ name }) => name)).toEqual([]);
  });

  test('every row of the fault list up to 57 is named by a test that runs the command', () => {
    const code = TESTS.map(({ source }) => source.replace(/^\s*(?:\/\/|\*).*$/gm, '')).join('\n');
    const named = new Set([...code.matchAll(/['`][^'`\n]*\brow (\d+)/g)].map(([, row]) => Number(row)));
    const toRun = FAULT_ROWS.filter((row) => row > 0 && row < FIRST_ROW_IN_PROCESS);
    expect(toRun.filter((row) => !named.has(row))).toEqual([]);
  });

  test('the command starts no process but the key command and systemd-notify', () => {
    const importers = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .filter((name) =>
        /node:(?:child_process|cluster|worker_threads)/.test(readFileSync(join(ROOT, 'src', name), 'utf8')),
      );
    // Where there is no /proc, io.ts asks ps whether the process is in the foreground.
    expect(importers.toSorted()).toEqual(['io/io.ts', 'monitoring/systemd.ts', 'settings/key-command.ts']);
  });
});
