// From flags to the configuration of the connect loop: nothing is lost, and nothing turns certificate checks off.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/errors.ts';
import { type ConnectionFlags, parseConnectionFlags } from '../../src/settings/stream-config.ts';
import { parseStreamUrl } from '../../src/settings/stream-url.ts';
import { prepareSource } from '../../src/stream/prepare.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeIo } from '../helpers/fake-io.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';

/** The configuration of the loop for a URL and an environment. */
async function build(url: string, env: Record<string, string> = {}, flags: ConnectionFlags = {}) {
  const source = { url: parseStreamUrl(url, '--url'), key: KEY };
  const io = createFakeIo({ env });
  return (await prepareSource(parseConnectionFlags(flags), source, io, { deadlineMs: 90_000 })).settings;
}

describe('the configuration of the loop', () => {
  test('has the URL, key, timeouts and retries', async () => {
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

  test('C7: certificate checks that are turned off are an error, except for loopback', async () => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const refused = await build('https://api.atlantis.example', env).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as UsageError).message).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0');
    expect((refused as UsageError).hint).toContain('--ca-cert');
    for (const url of ['https://localhost:8443', 'http://127.0.0.1', 'wss://[::1]']) {
      expect((await build(url, env)).dial.key).toBe(KEY);
    }
  });

  test.each(['', '1', 'true'])('C7: NODE_TLS_REJECT_UNAUTHORIZED=%j turns no check off', async (value) => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: value };
    expect((await build('https://api.atlantis.example', env)).dial.key).toBe(KEY);
  });

  test('row 94: --ca-cert is added to the roots of Node, together with SSL_CERT_FILE', async () => {
    const [pem = '', extra = ''] = rootCertificates;
    const folder = makeTempFolder();
    writeFileSync(join(folder, 'ca.pem'), pem);
    writeFileSync(join(folder, 'extra.pem'), extra);
    const env = { SSL_CERT_FILE: join(folder, 'extra.pem') };
    const { dial } = await build('https://api.atlantis.example', env, { caCert: join(folder, 'ca.pem') });
    expect(dial.trustedRoots).toEqual([pem, extra]);
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
      const { settings } = await prepareSource(parseConnectionFlags({}), source, io);
      expect(settings.dial.proxyUrl).toBe(proxy);
      io.writeErr('it was pr0xysecret');
      expect(io.errText).not.toContain('pr0xysecret');
    } finally {
      if (before === undefined) delete process.env['HTTPS_PROXY'];
      else process.env['HTTPS_PROXY'] = before;
    }
  });
});
