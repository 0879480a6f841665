// Self-test of the search for a leaked key.
import { describe, expect, test } from '@jest/globals';
import { AWKWARD_KEY, CANARY_KEY, CANARY_PREFIX, findKeyIn } from './canary.ts';

const auth = (user: string, key: string): string => Buffer.from(`${user}:${key}:x`).toString('base64');

describe('findKeyIn', () => {
  test('the prefix and other keys are not a leak', () => {
    expect(findKeyIn(`connected with ${CANARY_PREFIX}…`)).toEqual([]);
    expect(findKeyIn(`ak_live_${'0123456789abcdef'.repeat(2)}`)).toEqual([]);
    expect(CANARY_KEY.startsWith(CANARY_PREFIX)).toBe(true);
  });

  test.each([
    ['plain', `X-API-Key: ${CANARY_KEY}`],
    ['fragment', `… ${CANARY_KEY.slice(28, 40)} …`],
    ['hex', Buffer.from(CANARY_KEY).toString('hex')],
    ['base64', auth('', CANARY_KEY)],
    ['base64', auth('a', CANARY_KEY)],
    ['base64', auth('ab', CANARY_KEY)],
    ['url-escaped', [...Buffer.from(CANARY_KEY)].map((byte) => `%${byte.toString(16)}`).join('')],
  ])('finds the key %s', (form, text) => {
    expect(findKeyIn(text)).toContain(form);
    expect(findKeyIn(Buffer.from(text))).toContain(form);
  });

  test.each([
    ['plain', AWKWARD_KEY],
    ['url-escaped', `?key=${encodeURIComponent(AWKWARD_KEY)}`],
    ['json-escaped', JSON.stringify({ key: AWKWARD_KEY })],
    ['base64url', Buffer.from(`?${AWKWARD_KEY}?`).toString('base64url')],
  ])('finds the awkward key %s', (form, text) => {
    expect(findKeyIn(text, AWKWARD_KEY)).toContain(form);
  });
});
