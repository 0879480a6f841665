// Help at every width, and what the definitions owe to it.
import { describe, expect, test } from '@jest/globals';
import { renderFrontPage, renderHelp } from '../../../src/commands/help/print.ts';
import { listCommands } from '../../../src/flags/documented-command.ts';
import { SCENARIO_LIST } from '../../../src/simulator/scenarios.ts';
import { findOwnWords, readOutline } from '../../helpers/outline.ts';

const root = readOutline();
const all = listCommands(root);
const render = (path: string, columns: number): string => {
  const command = all.find((one) => one.path === path);
  if (command === undefined) throw new Error(`no command ${path}`);
  return renderHelp(command, root.flags, columns);
};

describe.each(all.map((command) => [command.path, command] as const))('%s', (path, command) => {
  test.each([40, 80, 160])('at %d columns no line is too wide but for a single word', (columns) => {
    for (const line of render(path, columns).split('\n')) {
      const words = line.trim().replace(/^\$ | \\$/g, '');
      const isOneWord = /^(?:'[^']*'|"[^"]*"|\S)+$|^--key-command '/.test(words);
      expect([line, line.length <= columns || isOneWord]).toEqual([line, true]);
    }
  });

  test('has a summary or description, examples, and a meaning for every flag and argument', () => {
    expect(command.description).toMatch(/^[A-Z].*\.$/);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { meaning } of [...command.flags, ...command.arguments]) expect(meaning).toMatch(/\S/);
  });

  test('its examples use commands and flags that there are', () => {
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

  test('every choice is named where its flag is described', () => {
    for (const { meaning, value } of command.flags) {
      for (const choice of value?.choices ?? []) expect(meaning).toContain(choice);
    }
  });
});

test('the scenarios that help lists are those that there are', () => {
  const simulate = all.find(({ path }) => path === 'atlantis stream simulate');
  const listed = simulate?.notes.find(({ title }) => title === 'Scenarios')?.text.split(', ');
  expect(listed).toEqual(SCENARIO_LIST.map(({ name }) => name));
});

test('at 40 columns a command is folded so that it can be copied', () => {
  const help = render('atlantis stream tail', 40);
  expect(help).toContain(
    "  $ atlantis stream tail \\\n      --type 'large_*' \\\n      --where 'amount_usd >= 1000000'\n",
  );
  expect(help).toContain('  --limit <n>'.slice(2));
});

test('wider than 100 columns it does not get', () => {
  expect(render('atlantis stream tail', 160)).toBe(render('atlantis stream tail', 100));
});

test('the front page shows three things, each a command that can be copied', () => {
  const page = renderFrontPage(root, 80);
  expect([...page.matchAll(/^ {2}\$ (.*)$/gm)].map(([, command]) => command)).toEqual([
    'atlantis stream tail --simulate',
    'atlantis profile add main --url https://api.atlantis.example',
    'atlantis stream tail',
  ]);
  expect(page.split('\n').length).toBeLessThan(20);
});
