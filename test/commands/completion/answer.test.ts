// The candidates that completion offers at each position of a command line.
import { describe, expect, test } from '@jest/globals';
import { complete, mergeBroken, type Sources } from '../../../src/commands/completion/answer.ts';
import { listCommands } from '../../../src/flags/documented-command.ts';
import { readOutline } from '../../helpers/outline.ts';

const root = readOutline();
const candidate = (word: string) => [{ word, meaning: '' }];
const sources: Sources = {
  profiles: () => candidate('my-profile'),
  scenarios: () => candidate('a-scenario'),
  eventTypes: () => candidate('an-event-type'),
  settings: () => candidate('a-setting'),
  presets: () => candidate('a-preset'),
};

/** The words offered for a line; the text after its last space is the unfinished word. */
function ask(line: string): string[] | 'files' {
  const candidates = complete(root, line.split(' '), sources);
  return candidates === 'files' ? candidates : candidates.map(({ word }) => word);
}

const namesIn = (path: string): string[] =>
  listCommands(root)
    .find((command) => command.path === path)
    ?.commands.map(({ name }) => name) ?? [];

describe('commands', () => {
  test.each([
    ['', 'atlantis'],
    ['stream ', 'atlantis stream'],
    ['stream t', 'atlantis stream'],
    ['--color never stream ', 'atlantis stream'],
    ['-q stream ', 'atlantis stream'],
    ['--color=never profile ', 'atlantis profile'],
    ['help stream ', 'atlantis stream'],
  ])('after "%s" the commands of %s are offered', (line, path) => {
    expect(namesIn(path).length).toBeGreaterThan(2);
    expect(ask(line)).toEqual(namesIn(path));
  });
});

test('after "help " commands and topics are offered', () => {
  expect(ask('help ')).toEqual([...namesIn('atlantis'), 'exit-codes', 'environment', 'files']);
});

describe('values', () => {
  test.each<[string, string[] | 'files']>([
    ['stream tail --format ', ['auto', 'pretty', 'ndjson', 'csv']],
    ['stream tail -f ', ['auto', 'pretty', 'ndjson', 'csv']],
    ['stream tail -qf ', ['auto', 'pretty', 'ndjson', 'csv']],
    ['stream tail --format=', ['--format=auto', '--format=pretty', '--format=ndjson', '--format=csv']],
    ['stream tail --time u', ['local', 'utc', 'relative', 'none']],
    ['--log-format ', ['text', 'json']],
    ['stream tail --color ', ['auto', 'always', 'never']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['stream tail --profile ', ['my-profile']],
    ['stream tail -p ', ['my-profile']],
    ['stream check --profile=', ['--profile=my-profile']],
    ['config set ', ['a-setting']],
    ['config unset ', ['a-setting']],
    ['stream tail --preset ', ['a-preset']],
    ['profile use ', ['my-profile']],
    ['profile show ', ['my-profile']],
    ['profile remove --yes ', ['my-profile']],
    ['profile rename ', ['my-profile']],
    ['profile rename a ', []],
    ['profile add ', []],
    ['stream tail --simulate ', ['a-scenario']],
    ['stream simulate --scenario ', ['a-scenario']],
    ['stream tail --type ', ['an-event-type']],
    ['stream tail --record ', 'files'],
    ['stream tail --record=', 'files'],
    ['stream tail --ca-cert ', 'files'],
    ['stream tail --ready-file /tm', 'files'],
    ['stream check --junit ', 'files'],
    ['stream simulate --replay ', 'files'],
    ['stream simulate --script ', 'files'],
    ['stream relay --spool ', 'files'],
    ['stream replay ', 'files'],
    ['stream replay --speed 10x ', 'files'],
    ['stream tail --limit ', []],
    ['stream tail --url https', []],
    ['stream tail --nonsense=', []],
    ['profile add x --key-command op read ', []],
  ])('after "%s": %j', (line, expected) => expect(ask(line)).toEqual(expected));
});

describe('flags', () => {
  test('of the command and global flags are offered', () => {
    const flags = ask('stream tail --');
    for (const flag of ['--limit', '--no-reconnect', '--help', '--quiet']) expect(flags).toContain(flag);
    expect(flags).not.toContain('--expect');
    expect(new Set(flags).size).toBe(flags.length);
  });

  test.each([
    ['a flag that was given is not offered again', 'stream tail --limit 5 -', '--limit', false],
    ['a flag that was given by its letter is not offered again', 'stream tail -n 5 -', '--limit', false],
    [
      'a flag that was given with = or in one word is not offered again',
      'stream tail --limit=5 -n5 -',
      '--limit',
      false,
    ],
    [
      'a value that looks like a flag does not count as given',
      'stream tail --url --limit -',
      '--limit',
      true,
    ],
    ['a repeatable flag is offered again', 'stream tail --type a --type b -', '--type', true],
    ['before the command, global flags are offered', '--', '--verbose', true],
    ['flags are offered without a dash if nothing else can follow', 'stream tail ', '--limit', true],
    ['flags are offered after an optional value', 'stream tail --simulate drop ', '--limit', true],
    ['flags are offered instead of an optional value', 'stream tail --simulate --l', '--limit', true],
    ['flags are offered after a list of words', 'profile add x --key-command op read --', '--url', true],
    ['no flags are offered after --', 'stream replay -- --', '--speed', false],
    [
      'an argument that is the name of another command does not add flags of that command',
      'stream replay tail --',
      '--no-reconnect',
      false,
    ],
  ])('%s', (_why, line, flag, isOffered) => {
    expect(ask(line).includes(flag)).toBe(isOffered);
  });
});

test('every command and flag of the program can be completed', () => {
  for (const { path, flags } of listCommands(root)) {
    const line = path.split(' ').slice(1).join(' ');
    const offered = ask(`${line}${line === '' ? '' : ' '}-`);
    if (path !== 'atlantis help') for (const { long } of flags) expect(offered).toContain(long);
  }
});

describe('words that bash splits at = and : are joined', () => {
  test.each([
    [['--format', '=', 'pr'], ['--format=pr']],
    [['--format', '='], ['--format=']],
    [
      ['--url', 'https', ':', '//a.example', ':', '8443', '--l'],
      ['--url', 'https://a.example:8443', '--l'],
    ],
    [
      ['--where', 'a', '=', 'b', ''],
      ['--where', 'a=b', ''],
    ],
    [['='], ['=']],
  ])('%j', (words, expected) => expect(mergeBroken(words)).toEqual(expected));
});
