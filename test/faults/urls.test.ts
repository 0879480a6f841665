// URLs that are refused before any lookup, and URLs without TLS that are allowed because they stay on this machine.
import { describe, expect, test } from '@jest/globals';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { runTail } from '../helpers/tail.ts';

/** Names that would resolve to the server if they were looked up. */
const EVIL = ['evil.test', '127.0.0.1.evil.test', 'localhost.evil.test', '0.0.0.0'];
const HOSTS = Object.fromEntries(EVIL.map((name) => [name, ['127.0.0.1']]));

describe('row 56 (C5): a URL that is refused with exit 2, without a connection', () => {
  test.each([
    ['http to another host', 'http://evil.test:PORT'],
    ['ws to another host', 'ws://evil.test:PORT'],
    ['a name that begins like loopback', 'ws://127.0.0.1.evil.test:PORT'],
    ['a name that begins like localhost', 'ws://localhost.evil.test:PORT'],
    ['loopback as userinfo', 'ws://localhost@evil.test:PORT'],
    ['every address', 'ws://0.0.0.0:PORT'],
    ['every address in IPv6', 'ws://[::]:PORT'],
    ['loopback mapped into IPv6', 'ws://[::ffff:127.0.0.1]:PORT'],
    ['userinfo', 'ws://user:pa55w0rd@127.0.0.1:PORT'],
    ['userinfo with TLS', 'https://user:pa55w0rd@127.0.0.1:PORT'],
    ['an empty userinfo', 'ws://@127.0.0.1:PORT'],
    ['a fragment', 'ws://127.0.0.1:PORT/#pa55w0rd'],
    ['a query', 'ws://127.0.0.1:PORT/?key=pa55w0rd'],
    ['another scheme', 'ftp://127.0.0.1:PORT'],
    ['no scheme', '127.0.0.1:PORT'],
    ['backslashes', 'ws:\\\\127.0.0.1:PORT'],
    ['a line break', 'ws://127.0.0.1\n.evil.test:PORT'],
    ['an invalid port', 'ws://127.0.0.1:99999'],
    ['nothing', ''],
  ])('C5: %s', async (_, url) => {
    const server = await startScriptedServer(streamHandler());
    const { code, stdout, stderr } = await runTail('', ['--url', url.replace('PORT', String(server.port))], {
      hosts: HOSTS,
    });
    expect(stderr).toMatch(/^atlantis: error: --url/m);
    expect(stderr).toContain('  accepted: ');
    expect(stderr).not.toContain('pa55w0rd');
    expect([stdout, code]).toEqual(['', 2]);
    expect(server.attempts).toHaveLength(0);
  });
});

describe('row 56 (C5): a URL of this machine, which is allowed without TLS', () => {
  test.each(['ws://127.0.0.1', 'http://127.1', 'ws://0x7f000001', 'ws://2130706433', 'HTTP://LOCALHOST'])(
    'C5: %s',
    async (url) => {
      const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
      const { code, stdout } = await runTail(`${url}:${server.port}`, ['--limit', '1']);
      expect([stdout, code]).toEqual(['{"n":1}\n', 0]);
    },
  );
});
