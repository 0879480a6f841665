import { describe, expect, test } from '@jest/globals';
import { hasPrefix, isKey, keyPrefix, parseKey } from '../../src/io/key.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';

describe('parseKey', () => {
  test.each([
    ['as it is', KEY],
    ['row 55: ending in CRLF', `${KEY}\r\n`],
    ['with blanks around', `\t ${KEY} \n\n`],
    ['after a byte order mark', `\ufeff${KEY}\r\n`],
  ])('P2: a key is accepted %s', (_what, raw) => {
    expect(parseKey(raw)).toBe(KEY);
  });

  test.each([
    ['a line break inside', 'ak_live_canary0\nff00', 'contains a line break at character 16'],
    ['CR alone', 'ak_live_canary0\rff00', 'line break'],
    ['a no-break space inside', 'ak_live_canary0\u00a0ff', 'not printable ASCII at character 16'],
    ['a no-break space at the end', 'ak_live_canary0\u00a0', 'not printable ASCII'],
    ['a byte order mark inside', 'ak_live_\ufeffcanary0', 'not printable ASCII at character 9'],
    ['a space inside', 'ak_live_canary0 ff', 'contains a space at character 16'],
    ['a NUL', 'ak_live_canary0\0', 'not printable ASCII'],
    ['10 KB', `ak_live_canary0${'0'.repeat(10_240)}`, 'longer than 4096'],
    ['empty', '', 'empty'],
    ['blank', ' \r\n', 'empty'],
    ['another beginning', 'canary0', 'does not start with "ak_"'],
    ['only the beginning', 'ak_', 'does not start'],
  ])('P2, row 55: %s is refused without showing the key', (_what, raw, why) => {
    const refuse = (): string => parseKey(raw, 'ATLANTIS_API_KEY');
    expect(refuse).toThrow(why);
    expect(refuse).toThrow('ATLANTIS_API_KEY');
    expect(refuse).toThrow(expect.objectContaining({ exitCode: 3 }));
    try {
      refuse();
    } catch (error) {
      expect(JSON.stringify([String(error), (error as { hint: string }).hint])).not.toContain('canary');
    }
    expect(isKey(raw)).toBe(false);
  });
});

describe('keyPrefix', () => {
  test.each([
    [KEY, 'ak_live_00112233'],
    ['ak_live_0123456789abcdef', 'ak_live_01234567'],
    ['ak_live_0123456789', 'ak_live_01'],
    ['ak_short', ''],
    ['', ''],
  ])('P2: of the key "%s" only "%s" is shown, and never all', (key, prefix) => {
    expect(keyPrefix(key)).toBe(prefix);
  });

  test('C4: a welcome must have the first 16 characters of the key, or all of a shorter key', () => {
    expect(hasPrefix(KEY, 'ak_live_00112233')).toBe(true);
    expect(hasPrefix('ak_short', 'ak_short')).toBe(true);
    expect(hasPrefix(KEY, 'ak_live_0011223')).toBe(false);
  });
});
