// docs/simulator.md matches `--help`, the scenarios and the parser of scripts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { SCENARIO_LIST } from '../../src/simulator/scenarios.ts';
import { parseScript } from '../../src/simulator/script.ts';
import { ROOT, runCli } from '../helpers/run-cli.ts';

const doc = readFileSync(join(ROOT, 'docs/simulator.md'), 'utf8');

test('the table has exactly the flags of `stream simulate`', async () => {
  const { stdout } = await runCli(['stream', 'simulate', '--help']);
  const own = stdout.slice(stdout.indexOf('Options:'), stdout.indexOf('Global options:'));
  const flags = [...own.matchAll(/^ {2}(--\S+(?: <[^>]+>)?)/gm)].map(([, flag]) => flag);
  const listed = [...doc.matchAll(/^\| `(--[^`]*)` \|/gm)].map(([, flag]) => flag);
  expect(listed.sort()).toEqual(flags.sort());
});

test('every scenario has a row with a command', () => {
  const rows = [...doc.matchAll(/^\| `([a-z][^`]*)` \| [^|]+ \| `atlantis stream /gm)].map(
    ([, name]) => name,
  );
  expect(rows.sort()).toEqual(SCENARIO_LIST.map(({ name }) => name).sort());
});

test('the example script is accepted, and the invalid one is refused with the message on the page', () => {
  const [, script = ''] = /```json\n([\s\S]*?)```/.exec(doc) ?? [];
  expect(parseScript(JSON.parse(script)).getAct).toBeInstanceOf(Function);
  const wrong = JSON.parse(script.replace('"rate": 100', '"rate": "fast"'));
  expect(() => parseScript(wrong)).toThrow(/invalid script at (.*)/);
  const [, words = ''] = /atlantis: error: (the script .*)/.exec(doc) ?? [];
  expect(() => parseScript(wrong)).toThrow(words);
});
