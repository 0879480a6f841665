// The lint of phrases that read as translated: each pattern finds an example, and a line can be exempt.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from './helpers/run-cli.ts';

const SCRIPT = 'scripts/lint-english.mjs';

/** One for each alternative of a pattern, in the order of the patterns. */
const EXAMPLES = [
  ['this is no recording', 'are no objects', "it's no time"],
  ['so many servers', 'waits for so long'],
  ['as the how manyth'],
  ['whoever iterates', 'whosever it is'],
  ['somebody asks', 'nobody answers', 'everybody knows'],
  ['where it stands', 'stands in the message'],
  ['what it is told', 'tells the user', 'telling'],
  ['goes on where it stopped', 'gone on with'],
  ['in the words of the server', 'each fault has its words', 'its last words'],
  ['of who delivered it'],
  ['a weightier reason', 'the weightiest one'],
  ['stands alone behind the flag'],
  ['what it breaks besides'],
  ['begins anew', 'starts afresh'],
  ['0 for ever'],
  ['of no use any more'],
  ['end with 13', 'ends with code 3', 'ends in 10', 'ended with 8'],
  ['a typing error'],
  ['the colour of', 'behaviour', 'honours', 'a licence', 'grey'],
  ['recognised', 'organise', 'serialising', 'normalisation'],
  ['cancelled', 'labelling', 'the centre', 'analyses'],
  ['what came of it'],
  ['found no room', 'finds room'],
  ['the long way'],
  ['what is meant by it'],
];

const FINE = [
  'there is no room',
  'the flag is no longer used',
  'scripts/stand-ins',
  'a stand-in',
  'it stands alone',
  'leaves no socket, timer or listener behind',
  'a server behind a load balancer',
  'behind a proxy',
  'is meant for programs',
  'times that end in `Z`',
];

const lint = (text: string) => {
  const { status, stdout } = spawnSync(process.execPath, [SCRIPT, '-'], {
    cwd: ROOT,
    input: text,
    encoding: 'utf8',
  });
  return { status, stdout };
};

test('reports each example', () => {
  const examples = EXAMPLES.flat();
  const { status, stdout } = lint(examples.join('\n\n'));
  const reported = new Set(
    [...stdout.matchAll(/^-:(\d+): "[^"]+": write /gm)].map(([, line]) => Number(line)),
  );
  expect(examples.filter((_example, at) => !reported.has(2 * at + 1))).toEqual([]);
  expect(status).toBe(1);
});

test('there is an example of each pattern', () => {
  const source = readFileSync(join(ROOT, SCRIPT), 'utf8');
  const [rules = ''] = /const RULES = \[[\s\S]*?\n\];/.exec(source) ?? [];
  expect(rules.match(/^ {2}\[/gm)).toHaveLength(EXAMPLES.length);
});

test('does not report what is correct', () => {
  expect(lint(FINE.join('\n'))).toEqual({ status: 0, stdout: '' });
});

test('finds a phrase that continues on the next line, also in a comment', () => {
  expect(lint('// and the file is\n// no recording').stdout).toContain('-:1: "is no"');
  expect(lint(' * what it was\n * told by the server').stdout).toContain('-:2: "told"');
});

test('a line with english-ok is exempt', () => {
  expect(lint('whoever // english-ok\nis // english-ok\nno file')).toMatchObject({ status: 0 }); // english-ok
});
