// The tables, the screen and the commands of README match the program.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { EXIT } from '../../src/errors.ts';
import { TOPICS } from '../../src/flags/topics.ts';
import { startSimulator } from '../../src/simulator/library.ts';
import { makeTempFolder, registerCleanup, runCleanups } from '../helpers/cleanup.ts';
import { findOwnWords, readOutline } from '../helpers/outline.ts';
import { hasPty, startCliInPty } from '../helpers/pty.ts';
import { ROOT, runCli, runShell } from '../helpers/run-cli.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
const KEY = 'ak_live_0123456789abcdeffedcba9876543210';
const STATUS = /^ ● live {2}\d+ events {2}[\d.]+\/s {2}(?:[▁-█]+ {2})?0 gaps$/;

afterEach(() => runCleanups('test'));

/** `flag → meaning (default: x)` as `--help` prints them above the global options. */
function parseHelp(help: string): string[] {
  const own = help.slice(0, help.indexOf('Global options:')).replace(/\n {20,}/g, ' ');
  return [...own.matchAll(/^ {2}(-\S.*?) {2,}(\S.*)$/gm)].map(([, flag, meaning]) => `${flag} → ${meaning}`);
}

function parseTable(): string[] {
  const rows = [...readme.matchAll(/^\| `(-[^`]*)` \| (.*?) \| (.*?) ?\|$/gm)];
  return rows.map(([, flag = '', meaning = '', fallback = '']) => {
    if (fallback.startsWith('`')) return `${flag} → ${meaning} (${fallback.replaceAll('`', '')})`;
    return `${flag} → ${meaning}${fallback === '' ? '' : ` (default: ${fallback})`}`;
  });
}

test('the table of the most used flags matches `stream tail --help`', async () => {
  const { stdout } = await runCli(['stream', 'tail', '--help']);
  const known = parseHelp(stdout);
  expect(parseTable().length).toBeGreaterThan(10);
  expect(parseTable().filter((row) => !known.includes(row))).toEqual([]);
});

test('the table of exit codes matches the program', () => {
  const [, table = ''] = /^## Exit codes\n\n.*\n.*\n((?:\|.*\n)+)/m.exec(readme) ?? [];
  const rows = [...table.matchAll(/^\| (.*?) \| (.*?) \|$/gm)].map(([, code, when]) => [code, when]);
  expect(rows).toEqual(TOPICS.find(({ name }) => name === 'exit-codes')?.rows);
  expect(rows.map(([code]) => Number(code)).filter((code) => !Number.isNaN(code))).toEqual(
    Object.values(EXIT),
  );
});

test('`atlantis help environment` has every variable that README names', () => {
  const named = [...readme.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, name]) => name);
  const known = TOPICS.find(({ name }) => name === 'environment')?.rows.flatMap(([term]) => term.split(', '));
  expect(named).not.toEqual([]);
  expect(named.filter((name) => !known?.includes(name ?? ''))).toEqual([]);
});

test('README has at most 200 lines, of at most 120 columns outside of tables', () => {
  const lines = readme.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(200);
  expect(lines.filter((line) => line.length > 120 && !line.startsWith('|'))).toEqual([]);
});

test('README begins with `npm start`, its last section has the commands for developers, and all of them exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [develop = ''] = readme.split(/^## /m).slice(-1);
  expect(blocks[0]).toMatch(/^npm start /);
  expect(develop).toMatch(/^Develop\n[\s\S]*^npm run test:quick [\s\S]*^npm cit /m);
  expect(scripts).toMatchObject({
    start: expect.any(String),
    test: expect.any(String),
    'test:quick': expect.any(String),
  });
});

/** The commands of README, without their comments. */
const commands = blocks
  .flatMap((block) => block.split('\n'))
  .map((line) => line.replace(/ +# .*/, ''))
  .filter((line) => /\batlantis \w/.test(line));

test.each(commands)('README names existing commands and flags: %s', (command) => {
  const words = findOwnWords(command);
  let target = readOutline();
  const globals = target.flags;
  for (const word of words) target = target.commands.find(({ name }) => name === word) ?? target;
  const flags = [...target.flags, ...globals].flatMap(({ long, short }) => [long, short]);
  expect(words.filter((word) => /^-./.test(word) && !flags.includes(word))).toEqual([]);
  expect(target.commands).toHaveLength(0);
});

/** Runs a line of README against a simulator; `tail` stops after 100 events. */
async function runLine(line: string, rate = 1_000): Promise<ReturnType<typeof runShell>> {
  const simulator = await startSimulator({ ratePerSecond: rate });
  registerCleanup(() => simulator.close());
  const limited = line.replace(/\bstream tail\b/, 'stream tail --limit 100');
  return runShell(limited, { key: KEY, env: { ATLANTIS_URL: simulator.url }, cwd: makeTempFolder() });
}

test.each(commands.filter((line) => /[|>] /.test(line)))('README works in a pipe: %s', async (line) => {
  const { stderr, pipeStatus } = await runLine(line);
  expect(stderr).toContain('100 events in');
  expect(pipeStatus.filter((status) => status !== 0)).toEqual([]);
});

test.each(commands.filter((line) => / (?:check|--record)\b/.test(line)))('README works: %s', async (line) => {
  const { stderr, pipeStatus } = await runLine(line, 100);
  expect([pipeStatus, stderr]).toEqual([[0], expect.not.stringContaining('error')]);
});

(hasPty() ? test : test.skip)(
  'the screen in README is what `tail` prints on a terminal of 80 columns',
  async () => {
    const screen = blocks.find((block) => block.includes('● live')) ?? '';
    const [status = '', ...events] = screen.trimEnd().split('\n').reverse();
    // The screen in README was made with this seed.
    const simulator = await startSimulator({ seed: 3, ratePerSecond: 50 });
    registerCleanup(() => simulator.close());
    const args = ['stream', 'tail', '--url', simulator.url, '--limit', '25', '--color', 'never'];
    const { output } = await startCliInPty(args, { key: KEY, columns: 80 }).exit;
    const lines = output
      // The status line is erased before an event is printed, so it becomes a line of its own here.
      .replace(/\x1b\[\d*[GJK]/g, '\n')
      .replace(/\x1b\[[\d;?]*[A-Za-z]/g, '')
      .replace(/ [^ ] live .*? gaps/g, '\n$&\n')
      .split(/\r?\n/);
    const hideTime = (line: string): string => line.replace(/^\d\d:\d\d:\d\d(?= {2})/, 'hh:mm:ss');
    const printed = lines.map(hideTime).filter((line) => /^(?:TIME|hh:mm:ss| {10})/.test(line));
    expect(printed.slice(0, events.length)).toEqual(events.reverse().map(hideTime));
    expect(status).toMatch(STATUS);
    expect(lines.filter((line) => STATUS.test(line))).not.toEqual([]);
  },
);
