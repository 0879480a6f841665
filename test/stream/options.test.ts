// Which options stream() rejects before it connects, and how it uses the others.
import { rootCertificates } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { CAUSES } from '../../src/connection/cause-table.ts';
import { CredentialError, UsageError } from '../../src/errors.ts';
import { readGivenRoots } from '../../src/settings/certificates.ts';
import { parseConnectionFlags } from '../../src/settings/stream-config.ts';
import type { StreamDeps } from '../../src/stream/event-stream.ts';
import { type StreamOptions, stream } from '../../src/stream/index.ts';
import { translateHint } from '../../src/stream/messages.ts';
import { parseStreamOptions } from '../../src/stream/options.ts';
import { prepareStream } from '../../src/stream/prepare.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';
const GIVEN = { url: 'https://api.atlantis.example', key: KEY } as const;

function refusalOf(options: unknown): UsageError | CredentialError {
  try {
    stream(options as StreamOptions);
  } catch (error) {
    if (error instanceof UsageError || error instanceof CredentialError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('options', () => {
  test('have the defaults of the command', () => {
    const parsed = parseStreamOptions(GIVEN);
    const { maxReconnects, retryMinMs, retryMaxMs, connectTimeoutMs, pingIntervalMs, pongTimeoutMs } = parsed;
    const options = {
      maxReconnects,
      firstBudget: parsed.firstBudget,
      retryMinMs,
      retryMaxMs,
      connectTimeoutMs,
      pingIntervalMs,
      pongTimeoutMs,
    };
    expect({ ...options, caCert: undefined, useSystemCa: false }).toEqual(parseConnectionFlags({}));
  });

  test('one limit of the backoff alone moves the default of the other', () => {
    expect(parseStreamOptions({ ...GIVEN, retryMinMs: 45_000 })).toMatchObject({ retryMaxMs: 45_000 });
    expect(parseStreamOptions({ ...GIVEN, retryMaxMs: 500 })).toMatchObject({ retryMinMs: 500 });
  });

  test.each<[string, object, string]>([
    ['an empty object', {}, 'the option url cannot be undefined'],
    ['no key', { url: GIVEN.url }, 'the option key is neither a string nor a function'],
    ['an unknown option', { ...GIVEN, maxReconnect: 3 }, 'stream() has no option "maxReconnect"'],
    [
      'C5: a host without TLS',
      { ...GIVEN, url: 'http://evil.example' },
      'TLS is required for hosts other than this machine',
    ],
    ['C5: a host that looks like loopback', { ...GIVEN, url: 'ws://127.0.0.1.evil.test' }, 'TLS is required'],
    [
      'a key in the URL',
      { ...GIVEN, url: 'https://k@api.example' },
      'a user name or password is not allowed',
    ],
    ['a negative count', { ...GIVEN, maxReconnects: -1 }, 'the option maxReconnects cannot be -1'],
    ['half an attempt', { ...GIVEN, maxReconnects: 0.5 }, 'the option maxReconnects cannot be 0.5'],
    ['a duration as text', { ...GIVEN, retryMinMs: '1s' }, 'the option retryMinMs cannot be 1s'],
    ['no time to connect', { ...GIVEN, connectTimeoutMs: 0 }, 'the option connectTimeoutMs cannot be 0'],
    [
      'more than a year',
      { ...GIVEN, pongTimeoutMs: 1e12 },
      'the option pongTimeoutMs cannot be 1000000000000',
    ],
    ['not a number', { ...GIVEN, pingIntervalMs: Number.NaN }, 'the option pingIntervalMs cannot be NaN'],
    ['a minimum above the maximum', { ...GIVEN, retryMinMs: 2, retryMaxMs: 1 }, 'retryMaxMs cannot be 1'],
    ['a signal of another type', { ...GIVEN, signal: {} }, 'the option signal cannot be an object'],
    ['a list with something else in it', { ...GIVEN, type: [1] }, 'the option type cannot be'],
    ['an empty expression', { ...GIVEN, where: '' }, 'the option where cannot be'],
    ['a text that is not a certificate', { ...GIVEN, ca: 'PEM' }, 'the option ca contains no certificate'],
    [
      'a proxy of another kind',
      { ...GIVEN, proxy: 'socks4://p' },
      'the option proxy names a socks4:// proxy',
    ],
    ['a proxy that is not a URL', { ...GIVEN, proxy: 'http://' }, 'the option proxy is not a URL'],
    ['a callback that is not a function', { ...GIVEN, onGap: true }, 'the option onGap cannot be true'],
    ['roots as a text', { ...GIVEN, systemCa: 'yes' }, 'the option systemCa cannot be yes'],
    [
      'a switch that is not a boolean',
      { ...GIVEN, useEnvironment: 'yes' },
      'the option useEnvironment cannot be yes',
    ],
  ])('%s is rejected at once', (_, options, message) => {
    const refusal = refusalOf(options);
    expect(refusal.message).toContain(message);
    expect(refusal).toMatchObject({ exitCode: 2, name: 'UsageError' });
    expect(refusal.hint).toMatch(/^accepted: /);
  });

  test('a value that is not an object is rejected', () => {
    for (const nothing of [undefined, null, 'https://api.atlantis.example']) {
      const refusal = refusalOf(nothing);
      expect(refusal).toBeInstanceOf(UsageError);
      expect(refusal.message).toBe(`the options of stream() cannot be ${nothing}`);
      expect(refusal.hint).toBe('accepted: an object');
    }
  });

  test('P2: a malformed key is rejected and not shown', () => {
    const refusal = refusalOf({ ...GIVEN, key: 'hunter2 hunter2' });
    expect(refusal).toMatchObject({ exitCode: 3, name: 'CredentialError' });
    expect(`${refusal.message} ${refusal.hint}`).not.toContain('hunter2');
  });

  test('C6: no message shows the credentials of a proxy', () => {
    for (const proxy of ['ftp://user:s3cr3t@p', 'http://user:s3cr3t@', 'http://user:s3cr3t%@p']) {
      const { message, hint } = refusalOf({ ...GIVEN, proxy });
      expect(`${message} ${hint}`).not.toContain('s3cr3t');
    }
  });

  test('an invalid filter rejects the first pull, with a caret under the error', async () => {
    const events = stream({ ...GIVEN, where: 'amount_usd >' });
    const end = await events[Symbol.asyncIterator]()
      .next()
      .catch((error: unknown) => error);
    expect(end).toBeInstanceOf(UsageError);
    expect((end as UsageError).message).toBe('invalid value of the option where: expected a value');
    expect((end as UsageError).hint).toMatch(/^amount_usd >\n {12}\^/m);
  });
});

describe('how options are used', () => {
  const deps = (env: Record<string, string> = {}): StreamDeps => ({
    clock: systemClock,
    random: () => 0,
    readEnvironment: () => env,
  });
  const UNREADABLE: StreamDeps = {
    ...deps(),
    readEnvironment() {
      throw new Error('the environment was read');
    },
  };
  const prepare = async (options: Partial<StreamOptions>, surroundings: StreamDeps = UNREADABLE) =>
    (await prepareStream(parseStreamOptions({ ...GIVEN, ...options }), surroundings)).dial;

  test('the environment is read only with useEnvironment', async () => {
    expect(await prepare({})).toMatchObject({ proxyUrl: undefined, trustedRoots: undefined });
    await expect(prepare({ useEnvironment: true })).rejects.toThrow('the environment was read');
  });

  test('C6: a proxy in the options is used', async () => {
    expect((await prepare({ proxy: 'proxy.example:3128' })).proxyUrl).toBe('http://proxy.example:3128');
  });

  test('C5: a proxy is never used for loopback', async () => {
    expect(await prepare({ url: 'https://localhost:8443', proxy: 'http://p' })).toMatchObject({
      proxyUrl: undefined,
    });
  });

  test('certificates in the options are added to the roots of Node', async () => {
    const [pem = ''] = rootCertificates;
    expect((await prepare({ ca: [pem] })).trustedRoots).toEqual([pem]);
  });

  test('row 94: systemCa adds the roots of this system, as --system-ca does', async () => {
    const [pem = ''] = rootCertificates;
    const roots = await readGivenRoots({ caCert: undefined, useSystemCa: true });
    expect(roots.join('')).toContain('-----BEGIN CERTIFICATE-----');
    expect((await prepare({ systemCa: true })).trustedRoots).toEqual(roots);
    expect((await prepare({ systemCa: true, ca: pem })).trustedRoots).toEqual([pem, ...roots]);
    expect((await prepare({ systemCa: false })).trustedRoots).toBeUndefined();
  });

  test('C7: certificate checks that the environment turns off are an error if the environment is read', async () => {
    const off = deps({ NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    await expect(prepare({ useEnvironment: true }, off)).rejects.toThrow(UsageError);
    const local = { url: 'https://localhost', useEnvironment: true };
    expect((await prepare(local, off)).mustCheckCertificates).toBe(false);
    // An environment that is not read has no effect.
    expect((await prepare({ url: 'https://localhost' }, off)).mustCheckCertificates).toBe(true);
  });

  test('no hint of a stream mentions a flag', () => {
    const rows = Object.entries(CAUSES).filter(([kind]) => !kind.includes('nats'));
    for (const [, { remedy }] of rows) expect(translateHint(remedy)).not.toContain('--');
    expect(translateHint(CAUSES['certificate-unknown-issuer'].remedy)).toBe(
      'trust its root with the option ca, or systemCa if this system has it',
    );
    expect(translateHint(CAUSES['idle-cut'].remedy)).toMatch(/: set a shorter pingIntervalMs$/);
    expect(translateHint(CAUSES.silent.remedy)).toMatch(
      /; see the options pingIntervalMs and pongTimeoutMs$/,
    );
  });
});
