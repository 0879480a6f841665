// Help at every width, the words that users search for in it, and the parts that every definition must have.
import { describe, expect, test } from '@jest/globals';
import { renderFrontPage, renderHelp } from '../../../src/commands/help/print.ts';
import { listCommands } from '../../../src/flags/documented-command.ts';
import { TOPICS } from '../../../src/flags/topics.ts';
import { SCENARIO_LIST } from '../../../src/simulator/scenarios.ts';
import { findOwnWords, readOutline } from '../../helpers/outline.ts';
import { runCli } from '../../helpers/run-cli.ts';

const root = readOutline();
const all = listCommands(root);
const render = (path: string, columns: number): string => {
  const command = all.find((one) => one.path === path);
  if (command === undefined) throw new Error(`no command ${path}`);
  return renderHelp(command, root.flags, columns);
};

describe.each(all.map((command) => [command.path, command] as const))('%s', (path, command) => {
  test.each([40, 80, 160])('at %d columns no line is too wide, except for a single long word', (columns) => {
    for (const line of render(path, columns).split('\n')) {
      const words = line.trim().replace(/^\$ | \\$/g, '');
      const isOneWord = /^(?:'[^']*'|"[^"]*"|\S)+$|^--key-command '/.test(words);
      expect([line, line.length <= columns || isOneWord]).toEqual([line, true]);
    }
  });

  test('has a description, examples, and a meaning for every flag and argument', () => {
    expect(command.description).toMatch(/^[A-Z].*\.$/);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { meaning } of [...command.flags, ...command.arguments])
      expect(meaning).toMatch(/^\w.*(?:[^.]|\.\.\.)$/);
  });

  test('its examples use existing commands and flags', () => {
    for (const example of command.examples) {
      const words = findOwnWords(example.command);
      let target = root;
      for (const word of words) target = target.commands.find(({ name }) => name === word) ?? target;
      const flags = [...target.flags, ...root.flags].flatMap(({ long, short }) => [long, short]);
      const used = words.filter((word) => /^-./.test(word)).map((word) => word.replace(/=.*/s, ''));
      expect([example.command, used.filter((flag) => !flags.includes(flag))]).toEqual([example.command, []]);
      expect(target.commands).toHaveLength(0);
    }
  });

  test('the meaning of a flag names all of its choices', () => {
    for (const { meaning, value } of command.flags) {
      for (const choice of value?.choices ?? []) expect(meaning).toContain(choice);
    }
  });
});

test('help lists all scenarios', () => {
  const simulate = all.find(({ path }) => path === 'atlantis stream simulate');
  const listed = simulate?.notes.find(({ title }) => title === 'Scenarios')?.text.split(', ');
  expect(listed).toEqual(SCENARIO_LIST.map(({ name }) => name));
});

test('at 40 columns an example is split with backslashes, so that it can be copied', () => {
  const help = render('atlantis stream tail', 40);
  expect(help).toContain(
    "  $ atlantis stream tail \\\n      --type 'large_*' \\\n      --where 'amount_usd >= 1M'\n",
  );
  expect(help).toContain('  --limit <n>'.slice(2));
});

test('no line is longer than 100 columns, however wide the terminal is', () => {
  expect(render('atlantis stream tail', 160)).toBe(render('atlantis stream tail', 100));
});

test('the front page shows three commands that can be copied', () => {
  const page = renderFrontPage(root, 80);
  expect([...page.matchAll(/^ {2}\$ (.*)$/gm)].map(([, command]) => command)).toEqual([
    'atlantis stream tail --simulate',
    'atlantis profile add main --url https://api.atlantis.example',
    'atlantis stream tail',
  ]);
  expect(page.split('\n').length).toBeLessThan(20);
});

const topics = TOPICS.map(({ name }) => `help ${name}`);

test.each(['', ...all.map(({ path }) => [...path.split(' ').slice(1), '--help'].join(' ')), ...topics])(
  'in a pipe, every line of `atlantis %s` fits 80 columns',
  async (args) => {
    const { code, stdout } = await runCli(args === '' ? [] : args.split(' '));
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);

/** The flags that `atlantis … --help | grep <word>` shows. */
async function searchHelp(command: string, word: string): Promise<string[]> {
  const { stdout } = await runCli([...command.split(' '), '--help']);
  const found = stdout.split('\n').filter((line) => line.includes(word));
  return found.flatMap((line) => /^ {2}(?:-\w, )?(--[a-z-]+)/.exec(line)?.[1] ?? []);
}

test.each([
  ['stream tail', 'rotate', ['--record-max-size', '--record-max-age', '--record-keep']],
  ['stream tail', 'timeout', ['--timeout', '--connect-timeout', '--pong-timeout']],
  ['stream tail', 'backoff', ['--retry-min', '--retry-max']],
  ['stream tail', 'retries', ['--max-reconnects']],
  ['stream tail', 'resume', ['--durable']],
  ['stream tail', 'keepalive', ['--ping-interval']],
  ['stream tail', 'certificates', ['--ca-cert']],
  ['stream tail', 'exit 0', ['--limit', '--duration']],
  ['stream tail', 'exit 12', ['--fail-on-gap', '--timeout']],
  ['stream tail', 'exit 13', ['--max-silence']],
  ['stream relay', 'replicas', ['--stream-replicas']],
  ['stream relay', 'fsync', ['--spool-sync']],
  ['stream relay', 'in flight', ['--window']],
  ['stream relay', 'resend', ['--redeliver']],
  ['stream relay', 'refuses', ['--dead-letter']],
  ['stream relay', 'HMAC', ['--sign-with-env']],
  ['stream check', 'timeout', ['--connect-timeout', '--within', '--deadline']],
  ['stream replay', 'playback', ['--speed']],
  ['stream simulate', 'seed', ['--seed']],
])('searching the help of `%s` for "%s" finds %j', async (command, word, flags) => {
  expect(await searchHelp(command, word)).toEqual(expect.arrayContaining(flags));
});
