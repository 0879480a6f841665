// Help without arguments, on request, and after wrong arguments.
import { describe, expect, test } from '@jest/globals';
import { hasPty, startCliInPty } from '../helpers/pty.ts';
import { runCli } from '../helpers/run-cli.ts';

const run = (args: string) => runCli(args === '' ? [] : args.split(' '));

test('`atlantis` alone shows the three most common commands, and exits 0', async () => {
  const { code, stdout, stderr } = await run('');
  expect(stdout).toContain('$ atlantis stream tail --simulate\n');
  expect(stdout).toContain('$ atlantis profile add main');
  expect(stdout).toContain('$ atlantis stream tail\n');
  expect(stdout).toContain('atlantis --help');
  expect([code, stderr]).toEqual([0, '']);
});

test.each([
  ['--help', 'atlantis'],
  ['help', 'atlantis'],
  ['stream -h', 'atlantis stream'],
  ['help stream', 'atlantis stream'],
  ['stream tail --help', 'atlantis stream tail'],
  ['stream tail --limit 5 --json --help', 'atlantis stream tail'],
  ['help stream tail', 'atlantis stream tail'],
  ['help profile add', 'atlantis profile add'],
  ['completion -h', 'atlantis completion'],
])('`%s` is the help of %s, on stdout, with 0', async (args, command) => {
  const { code, stdout, stderr } = await run(args);
  expect(stdout.split('\n', 1)[0]).toMatch(new RegExp(`^Usage: ${command} [\\[<]`));
  expect(stdout).toMatch(/\nExamples:\n {2}\$ .*\batlantis /);
  expect([code, stderr]).toEqual([0, '']);
});

test.each([
  ['exit-codes', '124'],
  ['environment', 'ATLANTIS_API_KEY'],
  ['files', 'profiles.json'],
])('`help %s` is about that', async (topic, words) => {
  const { code, stdout, stderr } = await run(`help ${topic}`);
  expect(stdout).toContain(words);
  expect([code, stderr]).toEqual([0, '']);
});

describe('§ 1: wrong arguments exit 2, with the nearest match and the right help', () => {
  test.each([
    ['stream', 'no command given', 'after `atlantis stream`: tail, check, simulate, replay', 'stream'],
    ['profile', 'no command given', 'after `atlantis profile`: add, list', 'profile'],
    ['--quiet', 'no command given', 'after `atlantis`: stream, profile', ''],
    ['strem tail', "'strem'", 'Did you mean stream?', ''],
    ['stream tial', "'tial'", 'Did you mean tail?', 'stream'],
    ['help stream tial', "'tial'", 'Did you mean tail?', 'stream'],
    ['stream tial --help', "'tial'", 'Did you mean tail?', 'stream'],
    ['profile lst', "'lst'", 'Did you mean list?', 'profile'],
    ['tail', "'tail'", 'Did you mean `atlantis stream tail`?', ''],
    ['stream add', "'add'", 'Did you mean `atlantis profile add`?', 'stream'],
    ['stream tail --limt 5', "'--limt'", 'Did you mean --limit?', 'stream tail'],
    ['stream tail --limt=5', "'--limt=5'", 'Did you mean --limit?', 'stream tail'],
    ['stream tail --colour never', "'--colour'", 'Did you mean --color?', 'stream tail'], // english-ok
    ['--simulate', "'--simulate'", '--simulate is a flag of `atlantis stream tail`', ''],
    ['stream check --record x', "'--record'", '--record is a flag of `atlantis stream tail`', 'stream check'],
    ['stream tail --limit', "'-n, --limit <n>' argument missing", '', 'stream tail'],
    ['stream tail now', 'too many arguments', '', 'stream tail'],
    ['stream replay', "missing required argument 'file'", '', 'stream replay'],
    ['profile use', "missing required argument 'profile'", '', 'profile use'],
  ])('%s', async (args, message, hint, command) => {
    const { code, stdout, stderr } = await run(args);
    const [first, ...rest] = stderr.trimEnd().split('\n');
    expect(first).toMatch(/^atlantis: error: /);
    expect(first).toContain(message);
    expect(rest.join('\n')).toContain(hint);
    expect(rest.at(-1)).toBe(`  see \`atlantis${command === '' ? '' : ` ${command}`} --help\``);
    expect(rest).toHaveLength(hint === '' ? 1 : 2);
    expect([code, stdout]).toEqual([2, '']);
  });

  test.each([
    ['stream tail --simulate --fields --json', '--fields needs a value, and --json behind it is a flag'],
    ['stream tail --record --limit=1', '--record needs a value, and --limit=1 behind it is a flag'],
    ['stream check --junit --expect a=1', '--junit needs a value, and --expect behind it is a flag'],
    ['profile add main --url --key-stdin', '--url needs a value, and --key-stdin behind it is a flag'],
  ])('a flag is not a value: %s', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  test('with --log-format json it is one object', async () => {
    const { stderr } = await run('stream tail --limt 5 --log-format json');
    expect(JSON.parse(stderr)).toMatchObject({ exit_code: 2, hint: expect.stringContaining('--limit?') });
  });
});

(hasPty() ? test : test.skip)('on a terminal help has its width', async () => {
  for (const columns of [40, 80]) {
    const { output } = await startCliInPty(['profile', 'list', '--help'], { columns }).exit;
    const widest = Math.max(...output.split(/\r?\n/).map((line) => line.length));
    expect([columns, widest <= columns]).toEqual([columns, true]);
  }
});
