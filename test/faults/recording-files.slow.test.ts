// A recording whose file other programs move, delete or truncate while it is written.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type Child, quote, runShell, spawnCli } from '../helpers/run-cli.ts';
import { untilTrue } from '../helpers/watch.ts';
import { openSimulator } from '../simulator/stream-client.ts';

const hasLogrotate = spawnSync('logrotate', ['--version'], { stdio: 'ignore' }).status === 0;
const hasMounts = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
const NAMES = ['events.ndjson', 'events.ndjson.gz'] as const;

interface Line {
  readonly seq?: number;
  readonly recording?: number;
  readonly event?: unknown;
}

/** Reads all lines; fails if one is not complete JSON. */
function readLines(path: string): Line[] {
  const bytes = readFileSync(path);
  const text = (path.includes('.gz') && bytes.length > 0 ? gunzipSync(bytes) : bytes).toString();
  if (text !== '') expect(text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const readSeqs = (path: string): number[] => readLines(path).flatMap(({ seq }) => seq ?? []);

async function startRecording(path: string, ...more: readonly string[]): Promise<Child> {
  const { url } = await openSimulator({ seed: 3, ratePerSecond: 500 });
  const args = ['stream', 'tail', '--url', url, '--json', '--log-format', 'json', '--verbose'];
  const child = spawnCli([...args, '--record', path, ...more], { key: CANARY_KEY });
  await child.waitForLines(50);
  return child;
}

function rotate(path: string, ...directives: readonly string[]): void {
  const config = join(makeTempFolder(), 'logrotate.conf');
  writeFileSync(config, `${path} {\n  rotate 100\n  su root root\n  ${directives.join('\n  ')}\n}\n`, {
    mode: 0o600,
  });
  const args = ['--force', '--state', `${config}.state`, config];
  const { status, stderr } = spawnSync('logrotate', args, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
}

const changes = (stderr: string): unknown[] =>
  stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event === 'recording')
    .map(({ change }) => change);

describe.each(NAMES)('%s', (name) => {
  test('row 104: if it is deleted while it is written, a new file replaces it, and that is reported', async () => {
    const path = join(makeTempFolder(), name);
    const child = await startRecording(path);
    for (const round of [1, 2]) {
      rmSync(path);
      await child.waitForStderr((text) => text.split('was deleted by another program').length > round);
      expect(existsSync(path)).toBe(true);
    }
    await child.waitForLines(child.lineCount + 50);
    child.kill('SIGTERM');
    const { stderr } = await child.exit;
    expect(changes(stderr)).toEqual(['deleted', 'deleted']);
    expect(readLines(path)[0]).toHaveProperty('recording', 1);
    expect(readSeqs(path).length).toBeGreaterThan(10);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('row 104: if it is deleted with its lock, as by rm events*, the run continues, and locks the new file', async () => {
    const folder = makeTempFolder();
    const path = join(folder, name);
    const child = await startRecording(path);
    for (const file of readdirSync(folder)) rmSync(join(folder, file), { recursive: true });
    await child.waitForStderr('was deleted by another program');
    await child.waitForLines(child.lineCount + 10);
    await untilTrue(() => existsSync(`${path}.lock`), 'the lock');
    const second = await runShell(
      `atlantis stream tail --simulate --verbose --record ${quote(path)} > /dev/null`,
      { key: CANARY_KEY },
    );
    expect([second.code, second.stderr]).toEqual([2, expect.stringContaining(`(process ${child.pid})`)]);
    child.kill('SIGTERM');
    expect((await child.exit).signal).toBe('SIGTERM');
  });

  const testRotator = hasLogrotate && process.getuid?.() === 0 ? test : test.skip;

  testRotator(
    'row 105: if logrotate moves it between rotations by size, each event is in exactly one file',
    async () => {
      const folder = makeTempFolder();
      const path = join(folder, name);
      const child = await startRecording(path, '--record-max-size', name.endsWith('.gz') ? '10KB' : '60KB');
      for (const directive of ['nocreate', 'create 0640 root root', 'nocreate']) {
        rotate(path, directive);
        await child.waitForLines(child.lineCount + 700);
      }
      child.kill('SIGTERM');
      const { signal, stdout } = await child.exit;
      expect(signal).toBe('SIGTERM');
      const files = readdirSync(folder).filter((file) => file.startsWith('events'));
      // Files rotated by size, then files moved by logrotate.
      expect(files.filter((file) => /\d{8}T\d{9}Z/.test(file)).length).toBeGreaterThan(0);
      expect(files.filter((file) => /\.\d$/.test(file))).toHaveLength(3);
      const seqs = files.flatMap((file) => readSeqs(join(folder, file))).sort((a, b) => a - b);
      const printed = stdout.trimEnd().split('\n').length;
      expect(seqs).toEqual(Array.from({ length: printed }, (_unused, index) => index + 1));
    },
  );

  testRotator(
    'row 106: after logrotate with copytruncate each file is a recording of whole lines',
    async () => {
      const folder = makeTempFolder();
      const path = join(folder, name);
      const child = await startRecording(path);
      for (const round of [1, 2, 3]) {
        await child.waitForLines(child.lineCount + 700);
        rotate(path, 'copytruncate');
        await child.waitForStderr((text) => text.split('was truncated by another program').length > round);
      }
      await child.waitForLines(child.lineCount + 100);
      child.kill('SIGTERM');
      await child.exit;
      const files = readdirSync(folder).filter((file) => file.startsWith('events'));
      expect(files).toHaveLength(4);
      const seqs = files.flatMap((file) => readSeqs(join(folder, file)));
      expect(new Set(seqs).size).toBe(seqs.length);
      const { code, stderr } = await runShell(
        `atlantis stream replay ${quote(path)} --speed max --verbose > ${quote(join(folder, 'played'))}`,
        { key: CANARY_KEY },
      );
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('damaged')]);
    },
  );

  const testDisk = hasLogrotate && hasMounts ? test : test.skip;

  testDisk(
    'row 106: after copytruncate and a full disk: exit 9, and the file has only whole lines',
    async () => {
      const copy = join(makeTempFolder(), name);
      const { url } = await openSimulator({ seed: 3, ratePerSecond: 600 });
      const config = `/mnt/${name} {\n copytruncate\n rotate 5\n su root root\n}`;
      const { code, stderr } = await runShell(
        `unshare -rm sh -c ${quote(`
        umask 077
        mount -t tmpfs -o size=512k,mode=0700 none /mnt || exit 99
        echo ${quote(config)} > ${quote(`${copy}.conf`)}
        atlantis stream tail --url ${url} --json --verbose --record /mnt/${name} > /dev/null &
        until [ "$(stat -c %s /mnt/${name} 2>/dev/null || echo 0)" -gt 60000 ]; do sleep 0.05; done
        logrotate --force --state ${quote(`${copy}.state`)} ${quote(`${copy}.conf`)} >&2 || exit 98
        wait $!
        status=$?
        cp /mnt/${name} ${quote(copy)}
        exit $status`)}`,
        { key: CANARY_KEY },
      );
      expect([code, stderr]).toEqual([9, expect.stringContaining('the disk is full (ENOSPC)')]);
      const lines = readLines(copy);
      // Events of a write that began before the truncation may be before the header.
      expect(lines.slice(0, 50)).toContainEqual(expect.objectContaining({ recording: 1 }));
      expect(lines.length).toBeGreaterThan(50);
    },
  );
});
