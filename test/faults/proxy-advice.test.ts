// Proxies that cannot be used: the error says what is wrong with the variable or the login, and what to do next.
import { describe, expect, test } from '@jest/globals';
import { CAUSES } from '../../src/connection/cause-table.ts';
import { createRedactor } from '../../src/io/redact.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { pickRecords, runTail } from '../helpers/tail.ts';

const URL = 'https://stream.atlantis.test';
const SECRET = 'pa55w0rd-0f-the-proxy';
const hostOf = (server: { readonly port: number }): string => `127.0.0.1:${server.port}`;

describe('row 97 (C6, P4): a proxy variable that cannot be used', () => {
  test.each([
    [`http://user:${SECRET}@[oops`, 'is not a URL'],
    [`http://user:${SECRET}#x@127.0.0.1:3128`, 'contains a #, / or ? that is not URL-encoded'],
    [`http://user:12#${SECRET}@127.0.0.1:3128`, 'contains a #, / or ? that is not URL-encoded'],
    [`user:12/${SECRET}@127.0.0.1:3128`, 'contains a #, / or ? that is not URL-encoded'],
    [`http://user:100%${SECRET}@127.0.0.1:3128`, 'is not URL-encoded'],
    [`socks4://user:${SECRET}@127.0.0.1:1080`, 'names a socks4:// proxy, which is not supported'],
    [`socks5h://user:${SECRET.repeat(20)}@127.0.0.1:1080`, 'is too long for SOCKS 5'],
  ])('row 97: %s is exit 2 with a complete hint, without the password', async (value, problem) => {
    const { code, stderr } = await runTail(URL, [], { env: { HTTPS_PROXY: value } });
    expect(stderr).toContain(`HTTPS_PROXY`);
    expect(stderr).toContain(problem);
    expect(stderr).not.toMatch(/\*\*\*|pa55w0rd/);
    if (!problem.includes('too long')) {
      expect(stderr).toContain('<user>:<password>@<host>:<port>, with # written as %23');
    }
    expect(code).toBe(2);
  });

  test('row 97: the redactor does not change the hint of any cause', () => {
    const redactor = createRedactor();
    redactor.addProxyUrl(`http://user:${SECRET}@127.0.0.1:3128`);
    for (const { remedy } of Object.values(CAUSES)) expect(redactor.redact(remedy)).toBe(remedy);
  });
});

describe('row 98 (C6): a proxy that requires a login', () => {
  const answer407 = (challenges: string) =>
    startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw(
        `HTTP/1.1 407 Proxy Authentication Required\r\n${challenges}Content-Length: 0\r\n\r\n`,
      );
    });

  test.each([
    ['Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n', 'NTLM, Negotiate'],
    ['Proxy-Authenticate: Digest realm="a, b", nonce="x", qop="auth"\r\n', 'Digest'],
  ])(
    'row 98: of another scheme than Basic is exit 5, and the error names the schemes: %j',
    async (challenges, schemes) => {
      const proxy = await answer407(challenges);
      const env = { HTTPS_PROXY: `http://user:${SECRET}@${hostOf(proxy)}` };
      const exit = await runTail(URL, [], { env, log: 'json' });
      const [error] = pickRecords(exit, 'error');
      expect(error).toMatchObject({ cause: 'proxy-login-unsupported', exit_code: 5 });
      expect(error?.message).toContain(`the proxy offers ${schemes})`);
      expect(error?.hint).toContain('only Basic is supported');
      expect(proxy.attempts).toHaveLength(1);
    },
  );

  test('row 98: and offers Basic as well is exit 5 for wrong credentials', async () => {
    const proxy = await answer407('Proxy-Authenticate: Negotiate, Basic realm="x"\r\n');
    const exit = await runTail(URL, [], { env: { HTTPS_PROXY: `http://${hostOf(proxy)}` }, log: 'json' });
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ cause: 'proxy-refused', exit_code: 5 });
    expect(error?.message).toContain('the proxy offers Negotiate, Basic');
  });
});
