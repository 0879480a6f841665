// `stream tail --record` as a user runs it.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { quote, runCli, runShell, spawnCli } from '../helpers/run-cli.ts';
import { openSimulator } from '../simulator/stream-client.ts';

const KEY = 'ak_live_0123456789abcdeffedcba9876543210';

function readRecording(path: string): Record<string, unknown>[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const tail = (url: string, ...args: readonly string[]) =>
  runCli(['stream', 'tail', '--url', url, '--json', '-q', ...args], { key: KEY });

/** Makes files behave as on Windows, where one that is open for appending cannot be truncated (nodejs/node#3177). */
const WINDOWS_FILES = `
  const fs = require('node:fs');
  const { openSync, ftruncateSync } = fs;
  const appending = new Set();
  fs.openSync = (path, flags, ...more) => {
    const fd = openSync(path, flags, ...more);
    if (String(flags).startsWith('a')) appending.add(fd);
    else appending.delete(fd);
    return fd;
  };
  fs.ftruncateSync = (fd, length) => {
    if (appending.has(fd)) throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    ftruncateSync(fd, length);
  };`;

describe('stream tail --record', () => {
  test.each(['events.ndjson', 'events.ndjson.gz'])(
    '%s: a replay prints the same bytes as the recorded run',
    async (name) => {
      const path = join(makeTempFolder(), name);
      const { url } = await openSimulator({ seed: 3, ratePerSecond: Number.POSITIVE_INFINITY, count: 5_000 });
      const { code, stdout } = await tail(url, '--limit', '5000', '--record', path);
      expect([code, stdout.split('\n').length]).toEqual([0, 5_001]);
      const records = readRecording(path);
      expect(Object.keys(records[0] ?? {})[0]).toBe('recording');
      expect(records[1]).toMatchObject({ lifecycle: 'connected', key_prefix: 'ak_live_01234567' });
      expect(records.at(-1)).toMatchObject({ lifecycle: 'end', events: 5_000 });
      expect((await runCli(['stream', 'replay', path, '--speed', 'max', '-q'])).stdout).toBe(stdout);
    },
  );

  test('W1: filters change what is printed, but not what is recorded', async () => {
    const path = join(makeTempFolder(), 'events.ndjson');
    const { url } = await openSimulator({ seed: 3, ratePerSecond: 2_000, count: 200 });
    const { code, stdout } = await tail(
      url,
      ...['--type', 'large_transfer', '--duration', '1s', '--record', path],
    );
    expect(code).toBe(0);
    const events = readRecording(path).filter((each) => 'event' in each);
    expect(events).toHaveLength(200);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const printed = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id);
    expect(printed.length).toBeLessThan(200);
    const played = await runCli([
      'stream',
      'replay',
      path,
      '--type',
      'large_transfer',
      '--speed',
      'max',
      '-q',
    ]);
    expect(played.stdout).toBe(stdout);
  });

  test('after a killed run, the next run removes the incomplete line and appends to the recording', async () => {
    const path = join(makeTempFolder(), 'events.ndjson');
    const args = ['stream', 'tail', '--simulate', '--json', '--record', path];
    const child = spawnCli(args);
    await child.waitForStdout((text) => text.split('\n').length > 3);
    child.kill('SIGKILL');
    const { stdout } = await child.exit;
    const printed = stdout.split('\n').length - 1;
    expect(readRecording(path).filter((each) => 'event' in each).length).toBeGreaterThanOrEqual(printed);
    spawnSync('sh', ['-c', `printf '{"received_at":"2026' >> ${quote(path)}`]);
    const { code, stderr } = await runCli([...args, '--limit', '2']);
    expect(code).toBe(0);
    expect(stderr).toContain('removed an incomplete line of 20 bytes at the end of the recording');
    expect(readRecording(path).filter((each) => 'recording' in each)).toHaveLength(2);
  });

  test('Windows: an incomplete line is removed although a file that is open for appending cannot be truncated', async () => {
    const folder = makeTempFolder();
    const path = join(folder, 'events.ndjson');
    const args = ['stream', 'tail', '--simulate', '--json', '--limit', '1', '--record', path];
    await runCli(args);
    const whole = readFileSync(path, 'utf8');
    appendFileSync(path, '{"received_at":"2026');
    const windows = join(folder, 'windows.cjs');
    writeFileSync(windows, WINDOWS_FILES);
    const { code, stderr } = await runCli(args, { nodeArgs: ['--require', windows] });
    expect([code, stderr]).toEqual([0, expect.stringContaining('removed an incomplete line of 20 bytes')]);
    expect(readFileSync(path, 'utf8').startsWith(`${whole}{"recording":1`)).toBe(true);
    expect(readRecording(path).filter((each) => 'event' in each)).toHaveLength(2);
  });

  test('--record-max-size rotates, and --record-keep keeps the newest files', async () => {
    const folder = makeTempFolder();
    const path = join(folder, 'events.ndjson');
    const { url } = await openSimulator({ seed: 3, ratePerSecond: Number.POSITIVE_INFINITY, count: 2_000 });
    const rotation = ['--record-max-size', '100KB', '--record-keep', '3'];
    expect((await tail(url, '--limit', '2000', '--record', path, ...rotation)).code).toBe(0);
    const files = readdirSync(folder).sort();
    expect(files).toHaveLength(4);
    const last = files.flatMap((file) => readRecording(join(folder, file))).filter((each) => 'event' in each);
    expect(last.map(({ seq }) => seq)).toEqual(last.map((_, index) => 2_000 - last.length + 1 + index));
  });

  test('W2: a second run is refused with the process id of the first one, unless the first one was killed', async () => {
    const path = join(makeTempFolder(), 'events.ndjson');
    const args = ['stream', 'tail', '--simulate', '--json', '--record', path];
    const first = spawnCli(args);
    await first.waitForStdout('\n');
    const { code, stdout, stderr } = await runCli(args);
    expect([code, stdout]).toEqual([2, '']);
    const holder = `is in use by another run (process ${first.pid})`;
    expect(stderr).toContain(holder);
    first.kill('SIGSTOP');
    expect((await runCli(args)).stderr).toContain(holder);
    first.kill('SIGKILL');
    await first.exit;
    expect((await runCli([...args, '--limit', '1'])).code).toBe(0);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test.each(['events.ndjson', 'events.ndjson.gz'])(
    'row 60: SIGUSR1 after %s was moved begins a new file, and no event is lost or recorded twice',
    async (name) => {
      const folder = makeTempFolder();
      const path = join(folder, name);
      const { url } = await openSimulator({ seed: 3, ratePerSecond: 500 });
      const args = ['--json', '--verbose', '--log-format', 'json', '--record', path];
      const child = spawnCli(['stream', 'tail', '--url', url, ...args], { key: CANARY_KEY });
      const moved = [1, 2, 3].map((round) => join(folder, `${round}-${name}`));
      for (const [round, place] of moved.entries()) {
        await child.waitForLines(child.lineCount + 100);
        renameSync(path, place);
        await child.waitForLines(child.lineCount + 100);
        child.kill('SIGUSR1');
        await child.waitForStderr((text) => text.split('was reopened').length === round + 2);
        expect(existsSync(path)).toBe(true);
      }
      child.kill('SIGTERM');
      const { signal, stdout, stderr } = await child.exit;
      expect(signal).toBe('SIGTERM');
      const said = stderr
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      // On a busy machine the run may notice a move and reopen the file before the signal arrives.
      expect(said.filter(({ message }) => /^SIGUSR1: /.test(message))).toHaveLength(moved.length);
      const files = [...moved, path].map(readRecording);
      for (const [first] of files) expect(first).toHaveProperty('recording', 1);
      expect(files.flat().at(-1)).toMatchObject({ lifecycle: 'end', reason: 'signal' });
      const events = files.flat().filter((each) => 'event' in each);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      expect(events.map(({ event }) => event)).toEqual(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
    },
  );

  test('a symbolic link to a directory is followed, also by rotation', async () => {
    const folder = makeTempFolder();
    mkdirSync(join(folder, 'real'));
    symlinkSync('real', join(folder, 'link'));
    const args = ['--limit', '2', '--record', join(folder, 'link/events.ndjson'), '--record-max-size', '1KB'];
    expect((await runCli(['stream', 'tail', '--simulate', '--json', ...args])).code).toBe(0);
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(folder, 'real')).length).toBeGreaterThan(1);
  });

  test('refuses a file to which stdout or stderr is redirected', async () => {
    for (const redirect of ['>', '2>']) {
      const path = join(makeTempFolder(), 'events.ndjson');
      const { code } = await runShell(
        `atlantis stream tail --simulate --json --limit 1 --record ${path} ${redirect} ${path}`,
      );
      expect([code, existsSync(path)]).toEqual([2, true]);
      expect(readFileSync(path, 'utf8').includes('"recording"')).toBe(false);
    }
  });

  test.each([
    [['--record', '/dev/null'], 2, 'not a regular file'],
    [['--record', '/dev/full'], 2, 'not a regular file'],
    [['--record', '/'], 9, 'it is a directory'],
    [['--record', '/no/such/folder/x'], 9, 'the directory does not exist'],
    [['--record', '-'], 2, '--record "-"'],
    [['--record-keep', '3'], 2, 'require --record'],
    [['--record', 'x', '--record-keep', '3'], 2, 'requires --record-max-size or'],
    [['--record', 'x', '--record-max-size', 'big'], 2, '--record-max-size "big"'],
    [['--record', 'x', '--record-max-age', '1y'], 2, '--record-max-age "1y"'],
  ])('%j is exit %i before any event is printed', async (args, expected, words) => {
    const cwd = makeTempFolder();
    const { code, stderr, stdout } = await runCli(['stream', 'tail', '--simulate', ...args], { cwd });
    expect([code, stdout, existsSync(join(cwd, 'x'))]).toEqual([expected, '', false]);
    expect(stderr).toContain(words);
  });
});

const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

describe('a full disk (needs a tmpfs)', () => {
  (canMount ? test.each : test.skip.each)(['events.ndjson', 'events.ndjson.gz'])(
    '%s: exit 9, with every complete line in the file',
    async (name) => {
      const copy = join(makeTempFolder(), name);
      const { url } = await openSimulator({ seed: 3, ratePerSecond: Number.POSITIVE_INFINITY });
      const { code, stdout, stderr } = await runShell(
        `unshare -rm sh -c ${quote(`
          mount -t tmpfs -o size=256k none /mnt || exit 99
          atlantis stream tail --url ${url} --json --record /mnt/${name} >${quote(`${copy}.out`)}
          status=$?
          cp /mnt/${name} ${quote(copy)} && df --output=avail -B1 /mnt | tail -1
          exit $status`)}`,
        { key: KEY },
      );
      expect([code, Number(stdout)]).toEqual([9, expect.any(Number)]);
      expect(Number(stdout)).toBeLessThan(4_097);
      expect(stderr).toContain('could not be written: the disk is full (ENOSPC)');
      const events = readRecording(copy).filter((each) => 'event' in each);
      expect(events.length).toBeGreaterThan(300);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      // An uncompressed line is recorded before it is printed; lines that wait for compression are already printed.
      const printed = readFileSync(`${copy}.out`, 'utf8').split('\n').length - 1;
      if (!name.endsWith('.gz')) expect(printed).toBeLessThanOrEqual(events.length);
    },
  );
});
