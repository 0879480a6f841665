// docs/recipes.md, jq and files: every line of it, as a shell runs it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runShell, spawnCli } from '../helpers/run-cli.ts';
import { openSimulator } from '../simulator/stream-client.ts';
import { listBlocks, RECIPES, readRecipe, startRecipe } from './recipe-page.ts';
import { untilShown } from './until.ts';

test('RECIPES lists exactly the recipes of docs/recipes.md', () => {
  const onPage = [...listBlocks()].flatMap(([heading, blocks]) => blocks.map((_, index) => [heading, index]));
  expect(Object.values(RECIPES)).toEqual(onPage);
});

const hasJq = spawnSync('jq', ['--version'], { stdio: 'ignore' }).status === 0;

describe('jq (SKIPPED where it is missing)', () => {
  const lines = readRecipe('jq').trimEnd().split('\n');
  (hasJq ? test.each : test.skip.each)(lines)('%s', async (line) => {
    const { exit } = await startRecipe(line, { cwd: makeTempFolder(), count: 20 });
    const { pipeStatus, stdout } = await exit;
    expect(pipeStatus.every((status) => status === 0)).toBe(true);
    const shown = stdout.trimEnd().split('\n');
    if (line.includes('@csv')) expect(shown[0]).toMatch(/^"[^"]+","[a-z]+","[A-Z]+","[\d.]+",[\d.]+$/);
    else if (line.includes('tx_hash')) for (const hash of shown) expect(hash).toMatch(/^[0-9a-zA-Z]{60,}$/);
    else if (line.includes('uniq')) expect(shown.join('\n')).toMatch(/^ +\d+ [a-z]+\t[A-Z]+\t\d+/m);
    else expect(stdout.length).toBeGreaterThan(100);
  });
});

test('a recording with rotation replays the received events, in order', async () => {
  const cwd = makeTempFolder();
  const recipe = readRecipe('files').replace('100MB', '20KB');
  expect(recipe).not.toBe(readRecipe('files'));
  const { child, exit, sent } = await startRecipe(recipe, { cwd, count: 1_000 });
  // The last lines are compressed when the run ends.
  await untilShown(
    () => readdirSync(cwd).length,
    (files) => files > 3,
  );
  spawnSync('pkill', ['-TERM', '-g', String(child.pid), 'node']);
  await exit;
  const { stdout } = await runShell(readRecipe('filesAgain'), { cwd });
  const played = stdout.trimEnd().split('\n');
  expect(played.length).toBeGreaterThan(100);
  expect(played.findIndex((event, index) => event !== sent[index])).toBe(-1);
});

const hasLogrotate = spawnSync('logrotate', ['--version'], { stdio: 'ignore' }).status === 0;

(hasLogrotate ? test : test.skip)(
  'a recording rotated by logrotate with SIGUSR1 replays the received events (SKIPPED without logrotate)',
  async () => {
    const cwd = makeTempFolder();
    const path = join(cwd, 'events.ndjson');
    const sent: string[] = [];
    const { url, exampleKey } = await openSimulator({
      ratePerSecond: 200,
      onEvents: (_connection, texts) => void sent.push(...texts),
    });
    const child = spawnCli(['stream', 'tail', '--url', url, '--json', '--record', path], { key: exampleKey });
    await child.waitForLines(20);
    const config = join(cwd, 'logrotate.conf');
    const recipe = readRecipe('logrotate')
      .replace('/var/lib/atlantis/events.ndjson', path)
      .replace(/systemctl .*/, `kill -USR1 ${child.pid}`);
    writeFileSync(config, recipe, { mode: 0o600 });
    const rotated = spawnSync('logrotate', ['--force', '--state', join(cwd, 'state'), config], {
      encoding: 'utf8',
    });
    expect([rotated.status, rotated.stderr]).toEqual([0, '']);
    await child.waitForStderr('was reopened');
    expect(existsSync(path)).toBe(true);
    await child.waitForLines(child.lineCount + 20);
    child.kill('SIGTERM');
    const { stdout } = await child.exit;
    expect(readdirSync(cwd).filter((name) => name.startsWith('events.ndjson-'))).toHaveLength(1);
    const played = await runShell(readRecipe('logrotateAgain'), { cwd });
    expect(played.stdout).toBe(stdout);
    const events = stdout.trimEnd().split('\n');
    expect(events).toEqual(sent.slice(0, events.length));
  },
);
