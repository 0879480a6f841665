// Values of flags: what each kind accepts, and refusals that name flag, value and what is accepted.
import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/errors.ts';
import { parseChoice, parseCount, parseDuration, parseRate, parseSize } from '../../src/flags/values.ts';

/** The UsageError that a call throws. */
function refusalOf(call: () => unknown): UsageError {
  try {
    call();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('§ 1: durations', () => {
  test.each([
    ['500ms', 500],
    ['20s', 20_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1h', 3_600_000],
    ['1.5s', 1_500],
    ['0.5h', 1_800_000],
    ['1h1m1s1ms', 3_661_001],
    ['1ms', 1],
    ['8760h', 365 * 24 * 3_600_000],
    ['00020s', 20_000],
    ['7d', 604_800_000],
    ['1d12h', 129_600_000],
    ['365d', 365 * 24 * 3_600_000],
  ])('row 89: %s is %d ms', (text, ms) => {
    expect(parseDuration('--timeout', text)).toBe(ms);
  });

  test.each([
    '',
    ' ',
    '5',
    '0',
    '0s',
    '0ms',
    '0h0m',
    '-5s',
    '+5s',
    '5 s',
    ' 5s',
    '5s ',
    '5S',
    's',
    '5sec',
    '1e3s',
    '.5s',
    '5.s',
    '1,5s',
    'Infinity',
    'NaN',
    'forever',
    '5s\n',
    '٥s',
    '8761h',
    '366d',
    '99999999999999999999h',
  ])('%j is refused, naming flag, value and what is accepted', (text) => {
    const { message, hint, exitCode } = refusalOf(() => parseDuration('--timeout', text));
    expect(exitCode).toBe(2);
    expect(message).toBe(`invalid --timeout "${text}"`);
    expect(hint).toContain('500ms, 20s, 5m, 1h30m or 7d');
  });

  test('0 is only accepted where it has a meaning, which the error for other values says', () => {
    for (const text of ['0', '0s', '0ms']) {
      expect(parseDuration('--ping-interval', text, 'turns keepalive off')).toBe(0);
    }
    const { hint } = refusalOf(() => parseDuration('--ping-interval', 'off', 'turns keepalive off'));
    expect(hint).toBe('accepted: a duration such as 500ms, 20s, 5m, 1h30m or 7d; 0 turns keepalive off');
  });

  test('a long value is shortened in the message', () => {
    expect(refusalOf(() => parseDuration('--timeout', 'x'.repeat(5_000))).message.length).toBeLessThan(200);
  });
});

describe('§ 1: sizes', () => {
  test.each([
    ['500B', 500],
    ['500KB', 500_000],
    ['10k', 10_000],
    ['100M', 100_000_000],
    ['100mb', 100_000_000],
    ['1.5G', 1_500_000_000],
    ['1Ki', 1_024],
    ['1MiB', 2 ** 20],
    ['1GiB', 2 ** 30],
  ])('row 89: %s is %d bytes', (text, bytes) => {
    expect(parseSize('--spool-max', text)).toBe(bytes);
  });

  test.each(['', '5', '0', '0M', 'M', 'B', '-1M', '1 M', '1T', '1MM', '1e3k', '1iB', 'ten'])(
    '%j is refused',
    (text) => {
      const { message, hint } = refusalOf(() => parseSize('--spool-max', text));
      expect([message, hint]).toEqual([
        `invalid --spool-max "${text}"`,
        'accepted: a size such as 500KB, 100M or 1GiB',
      ]);
    },
  );
});

describe('§ 1: counts', () => {
  test.each([
    ['1', 1],
    ['100000', 100_000],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('%s is accepted', (text, count) => {
    expect(parseCount('--limit', text, 1)).toBe(count);
  });

  test.each([
    '',
    '0',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    ' 1',
    '1 ',
    'ten',
    '9007199254740992',
    '12345678901234567',
  ])('%j is refused where at least 1 is asked for', (text) => {
    const { message, hint, exitCode } = refusalOf(() => parseCount('--limit', text, 1));
    expect(exitCode).toBe(2);
    expect(message).toBe(`invalid --limit "${text}"`);
    expect(hint).toBe('accepted: a whole number of at least 1');
  });

  test('the lowest and highest count of a range are accepted, and the next one is refused', () => {
    expect(parseCount('--port', '0', 0, 65_535)).toBe(0);
    expect(parseCount('--port', '65535', 0, 65_535)).toBe(65_535);
    const { hint } = refusalOf(() => parseCount('--port', '65536', 0, 65_535));
    expect(hint).toBe('accepted: a whole number from 0 to 65535');
  });
});

describe('§ 1: rates', () => {
  test.each([
    ['5', 5],
    ['0.5', 0.5],
    ['50000', 50_000],
    ['max', Number.POSITIVE_INFINITY],
  ])('%s is accepted', (text, rate) => {
    expect(parseRate('--rate', text)).toBe(rate);
  });

  test.each(['', '-1', '1e9', '.5', '5/s', 'MAX', 'Infinity', '10000000000'])('%j is refused', (text) => {
    const { message, hint } = refusalOf(() => parseRate('--rate', text));
    expect(message).toBe(`invalid --rate "${text}"`);
    expect(hint).toContain('or max');
  });
});

describe('§ 1: choices', () => {
  const FORMATS = ['auto', 'pretty', 'ndjson'] as const;

  test('every value of the list is accepted', () => {
    for (const format of FORMATS) expect(parseChoice('--format', format, FORMATS)).toBe(format);
  });

  test.each(['', 'Pretty', 'json', 'auto ', 'toString', '__proto__'])(
    '%j is refused with the list',
    (text) => {
      const { message, hint, exitCode } = refusalOf(() => parseChoice('--format', text, FORMATS));
      expect(exitCode).toBe(2);
      expect(message).toBe(`invalid --format "${text}"`);
      expect(hint).toBe('accepted: auto, pretty, ndjson');
    },
  );
});
