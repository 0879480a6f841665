// Row 54: writers that are killed at random moments, again and again.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { CANARY_KEY as KEY } from '../helpers/canary.ts';
import { startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { ROOT, runCli } from '../helpers/run-cli.ts';

const URL = 'https://api.atlantis.example';

/** A process that writes the store again and again, each time with another key. */
const WRITER = `
  const { updateStore } = require(${JSON.stringify(join(ROOT, 'dist/profiles.write.cjs'))});
  const host = {
    platform: process.platform, uid: process.getuid(), pid: process.pid, random: Math.random,
    clock: { wallMs: Date.now, monotonicMs: () => performance.now(), setTimer: (f, ms) => { setTimeout(f, ms); } },
    sendSignal: (pid, signal) => { try { return process.kill(pid, signal); } catch { return false; } },
    env: {}, homeDirectory() {}, ignoreFileSizeSignal() {},
  };
  (async () => {
    for (let count = 0; ; count++) {
      const key = 'ak_live_' + String(count % 10).repeat(200 + count % 3000);
      await updateStore(process.argv[1], host, (draft) => draft.put({ name: 'loop', url: '${URL}', key }));
      if (count === 0) console.log('writing');
    }
  })();
`;

test('F2, row 54: after a writer is killed the store is a complete version, and the next writer does not wait', async () => {
  const folder = join(makeTempFolder(), 'config');
  const path = join(folder, 'profiles.json');
  mkdirSync(folder, { mode: 0o700 });
  const profiles = { main: { url: URL, key: KEY } };
  writeFileSync(path, JSON.stringify({ version: 1, current: 'main', profiles }), { mode: 0o600 });
  let interrupted = 0;
  for (let round = 0; round < 40; round++) {
    const writers = [0, 1].map(() =>
      startChild(process.execPath, ['-e', WRITER, path], { env: { PATH: process.env['PATH'] ?? '' } }),
    );
    await Promise.all(writers.map((writer) => writer.waitForStdout('writing')));
    await new Promise((resolve) => setTimeout(resolve, (round * 7) % 23));
    for (const writer of writers) writer.kill('SIGKILL');
    await Promise.all(writers.map((writer) => writer.exit));

    const { loop, main } = JSON.parse(readFileSync(path, 'utf8')).profiles;
    expect(loop.key).toMatch(/^ak_live_(\d)\1+$/);
    expect(main.key).toBe(KEY);
    if (readdirSync(folder).length > 1) interrupted++;
  }
  // The test proves nothing unless some writers were killed in the middle of a write.
  expect(interrupted).toBeGreaterThan(0);
  const env = { ATLANTIS_CONFIG_DIR: folder };
  const beganMs = performance.now();
  expect(await runCli(['profile', 'use', 'loop', '--verbose'], { env })).toMatchObject({ code: 0 });
  expect(performance.now() - beganMs).toBeLessThan(2_000);
  expect(readdirSync(folder)).toEqual(['profiles.json']);
}, 60_000);

test('F2: while a stopped writer holds the lock, another one exits 10 after 2 s, and nothing is lost', async () => {
  const folder = join(makeTempFolder(), 'config');
  const path = join(folder, 'profiles.json');
  const writer = startChild(process.execPath, ['-e', WRITER, path], {
    env: { PATH: process.env['PATH'] ?? '' },
  });
  await writer.waitForStdout('writing');
  // Stops the writer repeatedly until it does so while it holds the lock.
  const isLocked = (): boolean => readdirSync(folder).includes('profiles.json.lock');
  for (;;) {
    writer.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (isLocked() && readdirSync(`${path}.lock`).length === 1) break;
    writer.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const env = { ATLANTIS_CONFIG_DIR: folder };
  const beganMs = performance.now();
  const { code, stderr } = await runCli(['profile', 'use', 'loop'], { env });
  const tookMs = performance.now() - beganMs;
  expect(code).toBe(10);
  expect(stderr).toContain(`locked by another process (${writer.pid})`);
  expect(tookMs).toBeGreaterThan(2_000);
  expect(tookMs).toBeLessThan(4_000);
  expect(await runCli(['profile', 'list', '--json'], { env })).toMatchObject({ code: 0 });
  writer.kill('SIGCONT');
  writer.kill('SIGKILL');
  await writer.exit;
  expect(await runCli(['profile', 'use', 'loop'], { env })).toMatchObject({ code: 0 });
  expect(readdirSync(folder)).toEqual(['profiles.json']);
}, 60_000);
