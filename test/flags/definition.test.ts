// Definitions of flags: from the text of a command line to values, with the default in one place.
import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/errors.ts';
import {
  choice,
  group,
  list,
  listGiven,
  negation,
  optional,
  optionalText,
  parseFlags,
  pick,
  text,
  toggle,
  withDefault,
  words,
} from '../../src/flags/definition.ts';
import { parseDuration } from '../../src/flags/values.ts';

const TABLE = {
  isJson: toggle('--json', 'JSON'),
  noReconnect: negation('--no-reconnect', 'stop at the first loss'),
  url: text('--url <url>', 'where'),
  timeoutMs: optional('--timeout <dur>', 'how long', parseDuration),
  delayMs: withDefault('-d, --delay-time <dur>', 'how long to wait', parseDuration, '2s'),
  mode: choice('--mode <mode>', 'how', ['fast', 'slow'], 'fast'),
  simulate: optionalText('--simulate [name]', 'no server', 'steady'),
  types: list('--type <glob>', 'which'),
  argv: words('--run <argv...>', 'a program'),
};

test('the type of a toggle refuses a negated name, which commander sets to true', () => {
  // @ts-expect-error
  expect(parseFlags({ isQuiet: toggle('--no-summary', 'no summary') }, {})).toEqual({ isQuiet: false });
});

describe('parseFlags', () => {
  test('returns the defaults without flags', () => {
    expect(parseFlags(TABLE, {})).toEqual({
      isJson: false,
      noReconnect: false,
      url: undefined,
      timeoutMs: undefined,
      delayMs: 2_000,
      mode: 'fast',
      simulate: undefined,
      types: [],
      argv: undefined,
    });
  });

  test('parses each kind of flag from the values that commander passes', () => {
    const flags = {
      json: true,
      reconnect: false,
      url: 'u',
      timeout: '1m',
      delayTime: '5s',
      mode: 'slow',
      simulate: true,
      type: ['a', 'b'],
      run: ['x', 'y'],
    } as const;
    expect(parseFlags(TABLE, flags)).toEqual({
      isJson: true,
      noReconnect: true,
      url: 'u',
      timeoutMs: 60_000,
      delayMs: 5_000,
      mode: 'slow',
      simulate: 'steady',
      types: ['a', 'b'],
      argv: ['x', 'y'],
    });
    expect(parseFlags(TABLE, { simulate: 'drop', reconnect: true })).toMatchObject({
      simulate: 'drop',
      noReconnect: false,
    });
  });

  test('a refusal names the flag, the value and what is accepted', () => {
    const parse = () => parseFlags(TABLE, { delayTime: 'soon' });
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow('invalid --delay-time "soon"');
  });
});

test('listGiven names the flags on the command line, whatever their value', () => {
  expect(listGiven(pick(TABLE, 'delayMs', 'mode', 'url'), { mode: 'fast', delayTime: '2s' })).toEqual([
    '--delay-time',
    '--mode',
  ]);
});

test('group gives every flag of a table its title, and pick keeps their order', () => {
  const grouped = group('Title:', TABLE);
  expect(Object.values(grouped).every((flag) => 'group' in flag && flag.group === 'Title:')).toBe(true);
  expect(Object.keys(pick(grouped, 'mode', 'url'))).toEqual(['url', 'mode']);
});
