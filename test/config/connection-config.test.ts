// From flags to the settings of the connect loop: defaults, bounds, and the trust that no switch can turn off.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import {
  buildFollowSettings,
  type ConnectionFlags,
  parseConnectionFlags,
} from '../../src/config/connection-config.ts';
import { parseStreamUrl } from '../../src/config/stream-url.ts';
import { UsageError } from '../../src/errors.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeIo } from '../helpers/fake-io.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';

function refusalOf(flags: ConnectionFlags): UsageError {
  try {
    parseConnectionFlags(flags);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** What the loop gets for a URL and an environment. */
function build(url: string, env: Record<string, string> = {}, flags: ConnectionFlags = {}) {
  const source = { url: parseStreamUrl(url, '--url'), key: KEY };
  return buildFollowSettings(parseConnectionFlags(flags), source, createFakeIo({ env }), 90_000);
}

describe('§ 1: flags of the connection', () => {
  test('the defaults are those of the contract', () => {
    expect(parseConnectionFlags({})).toEqual({
      maxReconnects: Number.POSITIVE_INFINITY,
      retryMinMs: 1_000,
      retryMaxMs: 30_000,
      connectTimeoutMs: 15_000,
      pingIntervalMs: 20_000,
      pongTimeoutMs: 10_000,
      caCert: undefined,
    });
  });

  test('every flag is taken', () => {
    const flags = {
      maxReconnects: '7',
      retryMin: '2s',
      retryMax: '1m',
      connectTimeout: '3s',
      pingInterval: '5s',
      pongTimeout: '500ms',
      caCert: 'ca.pem',
    };
    expect(parseConnectionFlags(flags)).toEqual({
      maxReconnects: 7,
      retryMinMs: 2_000,
      retryMaxMs: 60_000,
      connectTimeoutMs: 3_000,
      pingIntervalMs: 5_000,
      pongTimeoutMs: 500,
      caCert: 'ca.pem',
    });
  });

  test('R3: --no-reconnect is --max-reconnects 0, whatever that says', () => {
    expect(parseConnectionFlags({ reconnect: false }).maxReconnects).toBe(0);
    expect(parseConnectionFlags({ reconnect: false, maxReconnects: '5' }).maxReconnects).toBe(0);
    expect(parseConnectionFlags({ reconnect: true }).maxReconnects).toBe(Number.POSITIVE_INFINITY);
    expect(parseConnectionFlags({ maxReconnects: '0' }).maxReconnects).toBe(0);
  });

  test('K1: an interval of 0 turns keepalive off', () => {
    expect(parseConnectionFlags({ pingInterval: '0' }).pingIntervalMs).toBe(0);
    expect(parseConnectionFlags({ pingInterval: '0s' }).pingIntervalMs).toBe(0);
  });

  test.each<[ConnectionFlags, number, number]>([
    [{ retryMin: '45s' }, 45_000, 45_000],
    [{ retryMax: '500ms' }, 500, 500],
    [{ retryMax: '5s' }, 1_000, 5_000],
    [{ retryMin: '3s', retryMax: '3s' }, 3_000, 3_000],
  ])('one bound of the backoff alone moves the default of the other: %j', (flags, retryMinMs, retryMaxMs) => {
    expect(parseConnectionFlags(flags)).toMatchObject({ retryMinMs, retryMaxMs });
  });

  test.each<[ConnectionFlags, string]>([
    [{ maxReconnects: '-1' }, 'invalid --max-reconnects "-1"'],
    [{ maxReconnects: 'many' }, 'invalid --max-reconnects "many"'],
    [{ retryMin: '0' }, 'invalid --retry-min "0"'],
    [{ retryMax: 'soon' }, 'invalid --retry-max "soon"'],
    [{ retryMin: '2s', retryMax: '1s' }, '--retry-max 1s is shorter than --retry-min 2s'],
    [{ connectTimeout: '0s' }, 'invalid --connect-timeout "0s"'],
    [{ pingInterval: '20' }, 'invalid --ping-interval "20"'],
    [{ pongTimeout: '0' }, 'invalid --pong-timeout "0"'],
  ])('%j is refused', (flags, message) => {
    const refusal = refusalOf(flags);
    expect(refusal).toMatchObject({ exitCode: 2, message });
    expect(refusal.hint).toMatch(/^accepted: /);
  });
});

describe('the settings of the loop', () => {
  test('where, who and how', async () => {
    const settings = await build('https://api.atlantis.example/prefix', {}, { maxReconnects: '2' });
    expect(settings).toMatchObject({
      dial: {
        url: 'wss://api.atlantis.example/prefix/v1/stream',
        host: 'api.atlantis.example',
        key: KEY,
        proxyUrl: undefined,
        trustedRoots: undefined,
        connectTimeoutMs: 15_000,
        keepalive: { pingIntervalMs: 20_000, pongTimeoutMs: 10_000 },
      },
      policy: { maxReconnects: 2, retryMinMs: 1_000, retryMaxMs: 30_000, deadlineMs: 90_000 },
    });
    expect(settings.dial.userAgent).toMatch(/^atlantis-cli\/\S+$/);
    expect(settings.dial.classify(Buffer.from('{}'))).toBe(0);
  });

  test('C7: certificate checks that are turned off are refused, but for this machine', async () => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const refused = await build('https://api.atlantis.example', env).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as UsageError).message).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0');
    expect((refused as UsageError).hint).toContain('--ca-cert');
    for (const url of ['https://localhost:8443', 'http://127.0.0.1', 'wss://[::1]']) {
      expect((await build(url, env)).dial.key).toBe(KEY);
    }
  });

  test.each(['', '1', 'true'])('C7: NODE_TLS_REJECT_UNAUTHORIZED=%j turns nothing off', async (value) => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: value };
    expect((await build('https://api.atlantis.example', env)).dial.key).toBe(KEY);
  });

  test('--ca-cert becomes the trusted roots, together with NODE_EXTRA_CA_CERTS', async () => {
    const [pem = '', extra = ''] = rootCertificates;
    const folder = makeTempFolder();
    writeFileSync(join(folder, 'ca.pem'), pem);
    writeFileSync(join(folder, 'extra.pem'), extra);
    const env = { NODE_EXTRA_CA_CERTS: join(folder, 'extra.pem') };
    const { dial } = await build('https://api.atlantis.example', env, { caCert: join(folder, 'ca.pem') });
    expect(dial.trustedRoots?.slice(-2)).toEqual([extra, pem]);
  });

  test.each(['http://127.0.0.1:8787', 'https://localhost', 'ws://[::1]:1'])(
    'C5: loopback never goes through a proxy: %s',
    async (url) => {
      const env = { HTTPS_PROXY: 'http://proxy.example:3128', ALL_PROXY: 'http://proxy.example:3128' };
      expect((await build(url, env)).dial.proxyUrl).toBeUndefined();
    },
  );

  test('C6, P4: a proxy is used, and its credentials are known to the redactor', async () => {
    const proxy = 'http://user:pr0xysecret@proxy.example:3128';
    const before = process.env['HTTPS_PROXY'];
    process.env['HTTPS_PROXY'] = proxy;
    try {
      const io = createFakeIo({ env: { HTTPS_PROXY: proxy } });
      const source = { url: parseStreamUrl('https://api.atlantis.example', '--url'), key: KEY };
      const settings = await buildFollowSettings(parseConnectionFlags({}), source, io, undefined);
      expect(settings.dial.proxyUrl).toBe(proxy);
      io.writeErr('it was pr0xysecret');
      expect(io.errText).not.toContain('pr0xysecret');
    } finally {
      if (before === undefined) delete process.env['HTTPS_PROXY'];
      else process.env['HTTPS_PROXY'] = before;
    }
  });
});
