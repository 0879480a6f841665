// Help as users see it: `atlantis` alone, --help, help topics, and the hints of a bad command line.
import { describe, expect, test } from '@jest/globals';
import { runCommandLine } from '../../src/commands/program.ts';
import { createFakeIo } from '../helpers/fake-io.ts';
import { hasPty, startCliInPty } from '../helpers/pty.ts';
import { runCli } from '../helpers/run-cli.ts';

const run = (args: string) => runCli(args === '' ? [] : args.split(' '));

test('`atlantis` alone prints a quick start and exits 0', async () => {
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
])('`%s` prints the help of %s on stdout and exits 0', async (args, command) => {
  const { code, stdout, stderr } = await run(args);
  expect(stdout.split('\n', 1)[0]).toMatch(new RegExp(`^Usage: ${command} [\\[<]`));
  expect(stdout).toMatch(/\nExamples:\n(?: {2}# .*\n)? {2}\$ .*\batlantis /);
  expect([code, stderr]).toEqual([0, '']);
});

test.each([
  ['tail', 'rotate', '--record-max-size'],
  ['tail', 'timeout', '--connect-timeout'],
  ['tail', 'backoff', '--retry-min'],
  ['tail', 'resume', '--durable'],
  ['relay', 'replicas', '--stream-replicas'],
  ['relay', 'fsync', '--spool-sync'],
  ['relay', 'backoff', '--retry-min'],
])('help of %s: a search for %s finds %s', async (command, word, flag) => {
  const { stdout } = await run(`stream ${command} --help`);
  const entries = stdout.split(/\n(?= {2}(?:-\w, )?--)/);
  const found = entries.filter((entry) => entry.replace(/--\S+/g, '').includes(word));
  expect(found).toContainEqual(expect.stringMatching(new RegExp(`^ +(?:-\\w, )?${flag}\\b`)));
});

test.each(['tail', 'replay'])(
  'help of %s explains the direction of the arrow in pretty output',
  async (command) => {
    const { stdout } = await run(`stream ${command} --help`);
    expect(stdout.replace(/\s+/g, ' ')).toContain('for address_activity, the watched address is on the left');
  },
);

test.each([
  ['exit-codes', '124'],
  ['environment', 'ATLANTIS_API_KEY'],
  ['files', 'profiles.json'],
])('`help %s` prints that topic', async (topic, words) => {
  const { code, stdout, stderr } = await run(`help ${topic}`);
  expect(stdout).toContain(words);
  expect([code, stderr]).toEqual([0, '']);
});

describe('§ 1: a bad command line exits 2, and the hint has the nearest name and the right help', () => {
  test.each([
    [
      'stream',
      'no command given',
      'commands of `atlantis stream`: tail, top, check, simulate, replay',
      'stream',
    ],
    ['profile', 'no command given', 'commands of `atlantis profile`: add, list', 'profile'],
    ['--quiet', 'no command given', 'commands of `atlantis`: stream, profile', ''],
    ['strem tail', 'unknown command "strem"', 'did you mean stream?', ''],
    ['stream tial', 'unknown command "tial"', 'did you mean tail?', 'stream'],
    ['help stream tial', 'unknown command "tial"', 'did you mean tail?', 'stream'],
    ['stream tial --help', 'unknown command "tial"', 'did you mean tail?', 'stream'],
    ['profile lst', 'unknown command "lst"', 'did you mean list?', 'profile'],
    ['tail', 'unknown command "tail"', 'did you mean `atlantis stream tail`?', ''],
    ['stream add', 'unknown command "add"', 'did you mean `atlantis profile add`?', 'stream'],
    ['stream tail --limt 5', 'unknown flag --limt', 'did you mean --limit?', 'stream tail'],
    [
      'stream top --seed 3',
      'unknown flag --seed',
      '--seed is a flag of `atlantis stream simulate`',
      'stream top',
    ],
    ['stream tail --limt=5', 'unknown flag --limt', 'did you mean --limit?', 'stream tail'],
    ['stream tail --colour never', 'unknown flag --colour', 'did you mean --color?', 'stream tail'], // english-ok
    ['--simulate', 'unknown flag --simulate', '--simulate is a flag of `atlantis stream tail`', ''],
    [
      'stream check --record x',
      'unknown flag --record',
      '--record is a flag of `atlantis stream tail`',
      'stream check',
    ],
    ['stream tail --limit', '--limit needs a value', 'usage: -n, --limit <n>', 'stream tail'],
    [
      'version --json',
      'unknown flag --json',
      '--json is a flag of `atlantis stream tail`, `atlantis stream top`, `atlantis stream check` and others',
      'version',
    ],
    ['stream tail --json=yes', '--json takes no value', 'write --json alone, or omit it', 'stream tail'],
    ['version --quiet=1', '--quiet takes no value', 'write --quiet alone, or omit it', 'version'],
    ['stream tail now', 'too many arguments', 'usage: atlantis stream tail [options]', 'stream tail'],
    [
      'stream replay',
      'missing argument <file>',
      'usage: atlantis stream replay [options] <file>',
      'stream replay',
    ],
    ['profile use', 'missing argument <profile>', 'usage: atlantis profile use <profile>', 'profile use'],
  ])('%s', async (args, message, hint, command) => {
    const { code, stdout, stderr } = await run(args);
    const [first, second, ...rest] = stderr.trimEnd().split('\n');
    expect(first).toBe(`atlantis: error: ${message}`);
    expect(second?.startsWith(`  ${hint}`)).toBe(true);
    expect(rest).toEqual([`  see \`atlantis${command === '' ? '' : ` ${command}`} --help\``]);
    expect([code, stdout]).toEqual([2, '']);
  });

  test.each([
    ['stream tail --simulate --fields --json', '--fields needs a value, but --json is a flag'],
    ['stream tail --record --limit=1', '--record needs a value, but --limit=1 is a flag'],
    ['stream check --junit --expect a=1', '--junit needs a value, but --expect is a flag'],
    ['profile add main --url --key-stdin', '--url needs a value, but --key-stdin is a flag'],
  ])('a flag is not taken as a value: %s', async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  test('with --log-format json the error is one JSON object', async () => {
    const { stderr } = await run('stream tail --limt 5 --log-format json');
    expect(JSON.parse(stderr)).toMatchObject({ exit_code: 2, hint: expect.stringContaining('--limit?') });
  });
});

(hasPty() ? test : test.skip)('on a terminal, help fits its width', async () => {
  for (const columns of [40, 80]) {
    const { output } = await startCliInPty(['profile', 'list', '--help'], { columns }).exit;
    const widest = Math.max(...output.split(/\r?\n/).map((line) => line.length));
    expect([columns, widest <= columns]).toEqual([columns, true]);
  }
});

test.each([
  [50, 50],
  [200, 80],
])(
  'help in a pipe, with stderr on a terminal of %i columns, has at most %i columns',
  async (columns, most) => {
    const io = createFakeIo({ argv: ['stream', 'tail', '--help'], isStderrTty: true, columns });
    await runCommandLine(io);
    const widest = Math.max(...io.outText.split('\n').map((line) => line.length));
    expect([widest > most - 10, widest <= most]).toEqual([true, true]);
  },
);
