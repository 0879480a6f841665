// docs/recipes.md, jq and files: every line of it, as a shell runs it.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runShell } from '../helpers/run-cli.ts';
import { listBlocks, RECIPES, readRecipe, startRecipe } from './recipe-page.ts';
import { untilShown } from './until.ts';

test('every recipe on the page is in the table, and none else', () => {
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

test('a file with rotation: what was received plays again, in order', async () => {
  const cwd = makeTempFolder();
  const recipe = readRecipe('files').replace('100MB', '20KB');
  expect(recipe).not.toBe(readRecipe('files'));
  const { child, exit, sent } = await startRecipe(recipe, { cwd, count: 1_000 });
  // What is not packed yet is by the end; until then the last file grows.
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
