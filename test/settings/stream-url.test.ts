import { describe, expect, test } from '@jest/globals';
import { parseStreamUrl } from '../../src/settings/stream-url.ts';

describe('an accepted URL', () => {
  test.each([
    ['https://api.atlantis.example', 'wss://api.atlantis.example/v1/stream', 'https://api.atlantis.example'],
    ['https://api.atlantis.example/', 'wss://api.atlantis.example/v1/stream', 'https://api.atlantis.example'],
    [
      'wss://API.Atlantis.example:443',
      'wss://api.atlantis.example/v1/stream',
      'https://api.atlantis.example',
    ],
    ['wss://a.example/v1/stream', 'wss://a.example/v1/stream', 'https://a.example'],
    ['wss://a.example/v1/stream/', 'wss://a.example/v1/stream', 'https://a.example'],
    [
      'https://a.example:8443/eu/west/',
      'wss://a.example:8443/eu/west/v1/stream',
      'https://a.example:8443/eu/west',
    ],
    ['https://a.example/eu/v1/stream', 'wss://a.example/eu/v1/stream', 'https://a.example/eu'],
    ['https://a.example/x@y', 'wss://a.example/x@y/v1/stream', 'https://a.example/x@y'],
    [' http://localhost:8787\n', 'ws://localhost:8787/v1/stream', 'http://localhost:8787'],
  ])('%s has a stream URL and a base URL', (raw, stream, base) => {
    expect(parseStreamUrl(raw, '--url')).toMatchObject({ stream, base });
  });

  test('base and stream URL of the same service have the same origin (P3)', () => {
    const origins = ['https://a.example/x', 'wss://a.example:443/v1/stream', 'https://A.example'].map(
      (raw) => parseStreamUrl(raw, '--url').origin,
    );
    expect(new Set(origins)).toEqual(new Set(['https://a.example']));
  });

  test.each([
    'ws://127.1',
    'ws://127.0.0.1:1234',
    'http://127.255.255.254',
    'http://2130706433',
    'http://0x7f000001',
    'http://0177.0.0.1',
    'ws://127.0.0.1.',
    'ws://[::1]:80',
    'ws://[0:0:0:0:0:0:0:1]',
    'ws://LOCALHOST',
    'ws://%6cocalhost',
  ])('C5, row 56: %s is recognized as this machine', (raw) => {
    expect(parseStreamUrl(raw, '--url')).toMatchObject({ isLoopback: true, isSecure: false });
  });

  test('a URL of this machine may have TLS, and is still recognized', () => {
    expect(parseStreamUrl('https://127.0.0.1', '--url')).toMatchObject({ isLoopback: true, isSecure: true });
    expect(parseStreamUrl('https://a.example', '--url')).toMatchObject({ isLoopback: false, isSecure: true });
  });
});

describe('a refused URL is reported with its source and what is accepted', () => {
  test.each([
    ['ws://127.0.0.1.evil.test', 'TLS is required'],
    ['http://evil', 'TLS is required'],
    ['ws://0.0.0.0', 'TLS is required'],
    ['ws://[::]', 'TLS is required'],
    ['ws://[::ffff:127.0.0.1]', 'TLS is required'],
    ['ws://localhost.', 'TLS is required'],
    ['ws://localhost.evil', 'TLS is required'],
    ['ws://x.localhost', 'TLS is required'],
    ['ws://128.0.0.1', 'TLS is required'],
    ['ws://localhost@evil', 'user name'],
    ['https://user:canary@a.example', 'user name'],
    ['https://@a.example', 'user name'],
    ['https://a.example/?api_key=canary', 'a query is not allowed'],
    ['https://a.example?', 'a query'],
    ['https://a.example#canary', 'a fragment'],
    ['https://a.example#', 'a fragment'],
    ['ftp://a.example', 'its scheme'],
    ['a.example', 'does not start with'],
    ['https:a.example', 'does not start with'],
    ['', 'empty'],
    ['https://', 'no valid host'],
    ['https://a.example:99999', 'no valid host'],
    [`https://${'a.'.repeat(127)}a`, 'no valid host'],
    ['https://a b.example', 'a space'],
    ['ws://127.0.0.1\\@evil', 'backslash'],
    ['ht\ntps://a.example', 'control character'],
    ['https://a.example/\u001b[31m', 'control character'],
  ])('C5, row 56: %j', (raw, why) => {
    let shown = '';
    try {
      parseStreamUrl(raw, 'ATLANTIS_URL');
    } catch (error) {
      const { message, hint, exitCode } = error as { message: string; hint: string; exitCode: number };
      expect(exitCode).toBe(2);
      shown = `${message} ${hint}`;
    }
    expect(shown).toContain('ATLANTIS_URL');
    expect(shown).toContain(why);
    expect(shown).toContain('accepted: https:// or wss://');
    expect(shown).not.toContain('canary');
    expect(shown).not.toMatch(/[\x00-\x1f]/);
  });

  test('a long URL is shortened', () => {
    expect(() => parseStreamUrl(`ftp://${'a'.repeat(5000)}`, '--url')).toThrow(/a…" is not/);
  });
});
