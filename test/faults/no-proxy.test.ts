// NO_PROXY, with curl as the reference.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { findProxy } from '../../src/settings/proxy.ts';
import { registerCleanup } from '../helpers/cleanup.ts';
import { hasCurl } from '../helpers/real-components.ts';

const NAME = 'https://api.atlantis.test';

/** Values of NO_PROXY, with a URL and whether its connection is direct. */
const TABLE: readonly (readonly [string, string, boolean])[] = [
  ['atlantis.test', NAME, true],
  ['.atlantis.test', NAME, true],
  ['api.atlantis.test', NAME, true],
  ['API.Atlantis.TEST', NAME, true],
  ['atlantis.test.', NAME, true],
  ['api.atlantis.test', `${NAME}.`, true],
  ['test', NAME, true],
  ['.api.atlantis.test', NAME, true],
  ['pi.atlantis.test', NAME, false],
  ['lantis.test', NAME, false],
  ['www.api.atlantis.test', NAME, false],
  ['other.example, atlantis.test', NAME, true],
  ['other.example atlantis.test', NAME, true],
  ['other.example,,another.example', NAME, false],
  ['.', NAME, false],
  ['*', NAME, true],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.1.2.3', 'https://10.1.2.3', true],
  ['10.1.2.4/31', 'https://10.1.2.5', true],
  ['10.1.2.4/31', 'https://10.1.2.6', false],
  ['10.1.2.3/32', 'https://10.1.2.3', true],
  ['10.0.0.0/33', 'https://10.1.2.3', false],
  ['10.0.0.0/', 'https://10.1.2.3', false],
  ['10.0.0.0/-1', 'https://10.1.2.3', false],
  ['1.2.3', 'https://10.1.2.3', false],
  ['.1.2.3', 'https://10.1.2.3', false],
  ['10.0.0.0/8', NAME, false],
  ['2001:db8::/32', 'https://[2001:db9::1]', false],
  ['2001:db8::1', 'https://[2001:db8::1]', true],
  ['2001:db8::1', 'https://10.1.2.3', false],
];

/** Forms that curl 7.88 does not support: a port, brackets, networks of IPv6, `/0`, `*.`, and `*` in a list. */
const EXTENSIONS: readonly (readonly [string, string, boolean])[] = [
  ['api.atlantis.test:443', NAME, true],
  ['api.atlantis.test:444', NAME, false],
  ['atlantis.test:8443', `${NAME}:8443`, true],
  ['[2001:db8::1]', 'https://[2001:db8::1]', true],
  ['2001:db8::/32', 'https://[2001:db8::1]', true],
  ['2001:0db8:0:0::1', 'https://[2001:db8::1]', true],
  ['[2001:db8::1]:443', 'https://[2001:db8::1]', true],
  ['[2001:db8::1]:444', 'https://[2001:db8::1]', false],
  ['10.1.2.3:443', 'https://10.1.2.3', true],
  ['*.atlantis.test', NAME, true],
  ['other.example,*', NAME, true],
  ['0.0.0.0/0', 'https://10.1.2.3', true],
];

const isDirect = (noProxy: string, url: string): boolean =>
  findProxy(url, { HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: noProxy }) === undefined;

/** Returns whether curl bypasses the proxy. Its connections to every host go to a port on loopback. */
async function isDirectWithCurl(noProxy: string, url: string): Promise<boolean> {
  const used: string[] = [];
  const ports = await Promise.all(
    ['proxy', 'direct'].map(async (name) => {
      const server = createServer((socket) => {
        used.push(name);
        socket.on('error', () => undefined).destroy();
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      registerCleanup(() => void server.close());
      return (server.address() as { port: number }).port;
    }),
  );
  const env = { PATH: process.env['PATH'], https_proxy: `http://127.0.0.1:${ports[0]}`, NO_PROXY: noProxy };
  const args = ['-q', '-s', '--max-time', '10', '--connect-to', `::127.0.0.1:${ports[1]}`, url];
  await once(spawn('curl', args, { env, stdio: 'ignore' }), 'close');
  expect(used).toHaveLength(1);
  return used[0] === 'direct';
}

describe('row 93 (C6): NO_PROXY', () => {
  test.each([...TABLE, ...EXTENSIONS])('row 93: NO_PROXY=%j, %s: direct is %s', (noProxy, url, direct) => {
    expect(isDirect(noProxy, url)).toBe(direct);
  });

  (hasCurl() ? test : test.skip)('row 93: curl decides the same (needs curl)', async () => {
    for (const [noProxy, url, direct] of TABLE) {
      expect([noProxy, url, await isDirectWithCurl(noProxy, url)]).toEqual([noProxy, url, direct]);
    }
  });

  test('row 93: no_proxy overrides NO_PROXY, as for curl', () => {
    const env = { HTTPS_PROXY: 'http://p', no_proxy: 'other.example', NO_PROXY: '*' };
    expect(findProxy(NAME, env)).toBe('http://p');
  });
});
