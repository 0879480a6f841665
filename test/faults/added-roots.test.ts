// The trusted root certificates: those of Node, whichever store it uses, and added ones.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { canUnshare } from '../helpers/netns.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail } from '../helpers/tail.ts';

const describeTls = hasOpenssl() ? describe : describe.skip;

describeTls('row 94 (C7): roots are only ever added (needs the openssl command)', () => {
  let first: Certificates;
  let second: Certificates;
  beforeAll(() => {
    first = makeCertificates();
    second = makeCertificates();
  });

  const startService = (made: Certificates): Promise<ScriptedServer> => {
    const { cert, key } = made.issue({ names: 'DNS:localhost' });
    return startScriptedServer(streamHandler({ events: ['{"n":1}'] }), { tls: { cert, key } });
  };
  const run = async (server: ScriptedServer, args: readonly string[], env: Record<string, string>) =>
    (await runTail(server.url, ['--limit', '1', '--no-reconnect', ...args], { env, spawned: true })).code;

  test('row 94: SSL_CERT_FILE alone: its roots are trusted, and no others', async () => {
    const server = await startService(first);
    expect(await run(server, [], { SSL_CERT_FILE: first.caFile })).toBe(0);
    expect(await run(server, [], { SSL_CERT_FILE: second.caFile })).toBe(11);
  });

  test.each([
    ['the store of --use-openssl-ca', 'SSL_CERT_FILE', '--use-openssl-ca'],
    ['NODE_EXTRA_CA_CERTS', 'NODE_EXTRA_CA_CERTS', ''],
  ])('row 94: --ca-cert keeps %s', async (_, variable, options) => {
    const env = { [variable]: first.caFile, NODE_OPTIONS: options };
    const args = ['--ca-cert', second.caFile];
    expect(await run(await startService(first), args, env)).toBe(0);
    expect(await run(await startService(second), args, env)).toBe(0);
    expect(await run(await startService(second), [], env)).toBe(11);
  });

  (canUnshare() ? test : test.skip)(
    'row 94: --system-ca trusts a root that only the system has (needs unshare)',
    async () => {
      const server = await startService(first);
      const roots = makeTempFolder();
      copyFileSync(first.caFile, join(roots, 'ca-certificates.crt'));
      const script = 'mount --bind "$0" /etc/ssl/certs && exec "$@"';
      const prefix = ['unshare', '-rm', 'sh', '-c', script, roots];
      const run = async (...args: readonly string[]) =>
        (await runTail(server.url, ['--limit', '1', '--no-reconnect', ...args], { prefix })).code;
      expect(await run('--system-ca')).toBe(0);
      expect(await run()).toBe(11);
    },
  );

  test('row 94: the hint of exit 11 names --ca-cert and --system-ca', async () => {
    const server = await startService(first);
    const exit = await runTail(server.url, ['--system-ca', '--no-reconnect'], { log: 'json' });
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ cause: 'certificate-unknown-issuer', exit_code: 11 });
    expect(error?.hint).toMatch(/--ca-cert <file>.*--system-ca/);
  });
});
