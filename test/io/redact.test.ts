import { describe, expect, test } from '@jest/globals';
import { createRedactor } from '../../src/io/redact.ts';
import { expectSoon } from '../helpers/soon.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';
const ODD_KEY = 'ak_x"y/z+%?&=\\~{}|^$.*()[]<>\'`';

/** Every form in which a secret may be written, with its name. */
function writeDown(secret: string): [string, string][] {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const percentAll = [...Buffer.from(secret)]
    .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
    .join('');
  return [
    ['plain', secret],
    ['URL-escaped', encodeURIComponent(secret)],
    ['URL-escaped twice', encodeURIComponent(encodeURIComponent(secret))],
    ['URL-escaped whole', percentAll],
    ['URL-escaped whole, capitals', percentAll.toUpperCase()],
    ['in JSON', JSON.stringify({ key: secret })],
    ['in JSON in JSON', JSON.stringify(JSON.stringify({ key: secret }))],
    ['\\u escapes', [...secret].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
    ['hexadecimal', Buffer.from(secret).toString('hex')],
    ['hexadecimal, capitals', Buffer.from(secret).toString('hex').toUpperCase()],
    ['base64', base64(secret)],
    ['base64url', Buffer.from(secret).toString('base64url')],
    ['base64 after 1 byte', base64(`u${secret}`)],
    ['base64 after 2 bytes', base64(`u:${secret}`)],
    ['base64 within a text', base64(`{"key":"${secret}","more":true}`)],
    ['base64url within a text', Buffer.from(`~~~>>>${secret}???`).toString('base64url')],
    ['base64 in a URL', encodeURIComponent(base64(`u:${secret}`))],
  ];
}

/** What is left of the secret in a text, decoded in every way. */
function findTraces(text: string, secret: string): string[] {
  const tail = secret.slice(-12);
  const decoded = [text, decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'))];
  for (const run of text.match(/[A-Za-z0-9+/_-]{8,}/g) ?? []) {
    for (let skip = 0; skip < 4; skip++)
      decoded.push(Buffer.from(run.slice(skip), 'base64').toString('latin1'));
  }
  return decoded.filter((one) => one.includes(tail));
}

describe('P4: a registered secret is removed in every form', () => {
  for (const secret of [KEY, ODD_KEY, 'pässwörd-of-a-proxy']) {
    test.each(writeDown(secret))(`${secret.slice(0, 6)}…: %s`, (_form, written) => {
      const redactor = createRedactor();
      redactor.addSecret(secret);
      const clean = redactor.redact(`before ${written} after`);
      expect(findTraces(clean, secret)).toEqual([]);
      expect(clean).toMatch(/^before .* after$/);
      expect(clean).not.toContain(written);
      expect(redactor.redact(clean)).toBe(clean);
    });
  }

  test('a key is replaced by its prefix, other secrets by ***', () => {
    const redactor = createRedactor();
    redactor.addSecret(KEY);
    redactor.addSecret('hunter22');
    expect(redactor.redact(`X-API-Key: ${KEY}, hunter22!`)).toBe('X-API-Key: ak_live_00112233…, ***!');
  });

  test('of a short key, less is shown', () => {
    const redactor = createRedactor();
    redactor.addSecret('ak_live_0123456789');
    expect(redactor.redact('ak_live_0123456789')).toBe('ak_live_01…');
  });

  test('a secret that contains another one is removed as a whole', () => {
    const redactor = createRedactor();
    redactor.addSecret('secret');
    redactor.addSecret('my-secret-word');
    expect(redactor.redact('my-secret-word')).toBe('***');
  });

  test.each([4096, 10_240, 65_536])('a secret of %i characters is removed', (length) => {
    let seed = 1;
    const digit = (): string => {
      seed = (seed * 48_271) % 2_147_483_647;
      return (seed % 36).toString(36);
    };
    const secret = `ak_live_${Array.from({ length }, digit).join('')}`;
    const redactor = createRedactor();
    redactor.addSecret(secret);
    const pair = Buffer.from(`u:${secret}`).toString('base64');
    const clean = redactor.redact(`a ${secret} b ${pair} c`);
    expect(clean).toMatch(/^a ak_live_[0-9a-z]{8}… b ak_live_[0-9a-z]{8}… c$/);
  });

  test('a key that was truncated is removed', () => {
    const redactor = createRedactor();
    redactor.addSecret(ODD_KEY);
    expect(redactor.redact(`"${ODD_KEY.slice(0, 26)}..."`)).toBe('"ak_x"y/z+%?&=\\~{…..."');
  });

  test('the empty text is not a secret, and ordinary text is unchanged', () => {
    const redactor = createRedactor();
    redactor.addSecret('');
    redactor.addSecret(KEY);
    const text = 'connecting to https://api.atlantis.example (attempt 2) ak_live_00112233…';
    expect(redactor.redact(text)).toBe(text);
  });
});

describe('P4: the credentials of a proxy', () => {
  test.each([
    'http://user:p%40ss%20word@proxy.example:3128',
    'user:p%40ss%20word@proxy.example:3128',
    'http://user:p@ss word@proxy.example:3128',
  ])('are removed in every form, given as %s', (url) => {
    const redactor = createRedactor();
    redactor.addProxyUrl(url);
    const pair = Buffer.from('user:p@ss word').toString('base64');
    const clean = redactor.redact(`${url} Basic ${pair} user:p@ss word p%40ss%20word [p@ss word]`);
    expect(clean).not.toMatch(/ss(?:%20| )word/);
    expect(clean).not.toContain(pair);
  });

  test('are removed if they are a token as the user name', () => {
    const redactor = createRedactor();
    redactor.addProxyUrl('http://tok3n-0123@proxy.example');
    expect(redactor.redact('token tok3n-0123')).toBe('token ***');
  });

  test.each(['', 'http://proxy.example', 'http://[', '%%%@', '://@'])(
    'are not expected in %j, which is accepted and redacts nothing',
    (url) => {
      const redactor = createRedactor();
      redactor.addProxyUrl(url);
      expect(redactor.redact('all is well')).toBe('all is well');
    },
  );

  test('are removed from URLs and user:password pairs if the password is too short to search for', () => {
    const redactor = createRedactor();
    redactor.addProxyUrl('http://u:pw@proxy.example');
    const pair = Buffer.from('u:pw').toString('base64');
    expect(redactor.redact(`http://u:pw@proxy.example ${pair} u:pw`)).toBe(
      'http://***@proxy.example *** ***',
    );
  });
});

describe('P4: without registered secrets', () => {
  test('anything that looks like a key is redacted', () => {
    expect(createRedactor().redact(`unknown command '${KEY}'`)).toBe("unknown command 'ak_live_00112233…'");
  });

  test('user information in any URL is redacted', () => {
    expect(createRedactor().redact('via https://a:b@c@proxy.example/x@y')).toBe(
      'via https://***@proxy.example/x@y',
    );
  });

  test('prefixes of keys, and addresses, are not changed', () => {
    const text = 'ak_live_00112233, mail@a.example, https://a.example/@b';
    expect(createRedactor().redact(text)).toBe(text);
  });
});

test('P4: hostile text is redacted in linear time', () => {
  const redactor = createRedactor();
  redactor.addSecret(KEY);
  redactor.addProxyUrl('http://user:password@proxy.example');
  const hostile = [
    '\\'.repeat(60_000),
    'a.'.repeat(30_000),
    'ak_live_0011'.repeat(5_000),
    '://@'.repeat(15_000),
  ];
  const beganMs = performance.now();
  for (const text of hostile) redactor.redact(text);
  expectSoon(performance.now() - beganMs, 2_000);
});
