// Which proxy leads to a URL (contract C6). The library reads NO_PROXY from the process, so these tests set it.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/errors.ts';
import { findProxy } from '../../src/settings/proxy.ts';

const NAMES = ['HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
const BASE = 'https://api.atlantis.example';
const saved = new Map(NAMES.map((name) => [name, process.env[name]]));

function clear(): void {
  for (const name of NAMES) delete process.env[name];
}

beforeEach(clear);
afterEach(() => {
  clear();
  for (const [name, value] of saved) if (value !== undefined) process.env[name] = value;
});

function find(env: Readonly<Record<string, string>>, base = BASE): string | undefined {
  Object.assign(process.env, env);
  return findProxy(base, process.env);
}

function refusalOf(env: Readonly<Record<string, string>>): UsageError {
  try {
    find(env);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('C6: proxies from the environment', () => {
  test.each<[Record<string, string>, string | undefined]>([
    [{}, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy.example:3128' }, 'http://proxy.example:3128'],
    [{ https_proxy: 'http://proxy.example:3128' }, 'http://proxy.example:3128'],
    [{ ALL_PROXY: 'http://proxy.example:3128' }, 'http://proxy.example:3128'],
    [{ all_proxy: 'https://proxy.example' }, 'https://proxy.example'],
    [{ HTTPS_PROXY: 'http://one.example', ALL_PROXY: 'http://two.example' }, 'http://one.example'],
    [{ HTTPS_PROXY: 'http://upper.example', https_proxy: 'http://lower.example' }, 'http://lower.example'],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, 'http://proxy.example:3128'],
    [{ HTTPS_PROXY: '127.0.0.1:3128' }, 'http://127.0.0.1:3128'],
    [{ HTTPS_PROXY: 'user:secret@proxy.example:3128' }, 'http://user:secret@proxy.example:3128'],
    [{ HTTPS_PROXY: 'http://user:p%40ss@proxy.example' }, 'http://user:p%40ss@proxy.example'],
    [{ HTTPS_PROXY: 'http://[::1]:3128' }, 'http://[::1]:3128'],
  ])('%j leads to %s', (env, proxy) => {
    expect(find(env)).toBe(proxy);
  });

  test.each<[string, string, boolean]>([
    ['*', BASE, true],
    ['api.atlantis.example', BASE, true],
    ['API.ATLANTIS.EXAMPLE', BASE, true],
    ['.atlantis.example', BASE, true],
    ['*.atlantis.example', BASE, true],
    ['other.example, api.atlantis.example', BASE, true],
    ['other.example api.atlantis.example', BASE, true],
    ['api.atlantis.example:443', BASE, true],
    ['api.atlantis.example:8443', BASE, false],
    ['api.atlantis.example:8443', `${BASE}:8443`, true],
    ['other.example', BASE, false],
    ['tlantis.example', BASE, false],
    ['', BASE, false],
  ])('row 33: NO_PROXY=%s for %s: direct is %s', (noProxy, base, isDirect) => {
    const proxy = find({ HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: noProxy }, base);
    expect(proxy).toBe(isDirect ? undefined : 'http://proxy.example:3128');
  });

  test('no_proxy in lower case works, too', () => {
    expect(find({ HTTPS_PROXY: 'http://proxy.example', no_proxy: 'api.atlantis.example' })).toBeUndefined();
  });

  test.each<[Record<string, string>, string]>([
    [{ HTTPS_PROXY: 'socks4://user:secret@proxy.example:1080' }, 'HTTPS_PROXY names a socks4:// proxy'],
    [{ all_proxy: 'ftp://user:secret@proxy.example' }, 'all_proxy names a ftp:// proxy'],
    [{ HTTPS_PROXY: 'http://user:secret@' }, 'HTTPS_PROXY is not a URL'],
    [{ HTTPS_PROXY: 'http://user:secret@proxy.example:99999' }, 'HTTPS_PROXY is not a URL'],
    [{ HTTPS_PROXY: 'user:secret@proxy .example' }, 'HTTPS_PROXY is not a URL'],
    [
      { HTTPS_PROXY: 'http://user:secret%@proxy.example' },
      'the user name or password in HTTPS_PROXY is not URL-encoded',
    ],
    [
      { HTTPS_PROXY: 'http://us%zz:secret@proxy.example' },
      'the user name or password in HTTPS_PROXY is not URL-encoded',
    ],
  ])('P4: %j is refused without quoting its credentials', (env, words) => {
    const { message, hint, exitCode } = refusalOf(env);
    expect(exitCode).toBe(2);
    expect(message).toContain(words);
    expect(`${message} ${hint}`).not.toMatch(/secret|user:s/);
    expect(hint).toContain('<user>:<password>@<host>:<port>');
  });
});
