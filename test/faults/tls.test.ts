// Valid and invalid certificates and TLS versions: each fault is named, and is exit 11 after one attempt.

import type { TlsOptions } from 'node:tls';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Certificates, hasOpenssl, type Identity, makeCertificates } from '../helpers/certificates.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail, type TailOptions } from '../helpers/tail.ts';

const describeTls = hasOpenssl() ? describe : describe.skip;

/** The TLS options of a server with this certificate. */
const show = ({ cert, key }: Identity): TlsOptions => ({ cert, key });

describeTls('TLS (needs the openssl command)', () => {
  let made: Certificates;
  beforeAll(() => {
    made = makeCertificates();
  });

  /** Tails one event from a server with these TLS options. */
  async function tailTls(tls: TlsOptions, args: readonly string[] = [], options: TailOptions = {}) {
    const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }), { tls });
    const exit = await runTail(server.url, ['--limit', '1', ...args], { log: 'json', ...options });
    return { server, exit };
  }

  describe('row 31 (C9): a TLS fault is named, exit 11 after one attempt', () => {
    const faults: {
      what: string;
      tls: () => TlsOptions;
      cause: string;
      says: RegExp;
      trusts?: boolean;
    }[] = [
      {
        what: 'self-signed',
        tls: () => show(made.selfSigned),
        cause: 'certificate-self-signed',
        says: /self-signed \(DEPTH_ZERO_SELF_SIGNED_CERT/,
      },
      {
        what: 'of an unknown authority',
        tls: () => show(made.good),
        cause: 'certificate-unknown-issuer',
        says: /unknown issuer \(\S+/,
      },
      {
        what: 'of an unknown authority, whose certificate the server sends',
        tls: () => ({ ...show(made.good), cert: made.good.cert + made.ca }),
        cause: 'certificate-unknown-issuer',
        says: /unknown issuer \(\S+/,
      },
      {
        what: 'for another host',
        tls: () => show(made.wrongHost),
        cause: 'certificate-wrong-host',
        says: /for another host/,
        trusts: true,
      },
      {
        what: 'expired',
        tls: () => show(made.expired),
        cause: 'certificate-expired',
        says: /has expired/,
        trusts: true,
      },
      {
        what: 'not yet valid',
        tls: () => show(made.notYetValid),
        cause: 'certificate-not-yet-valid',
        says: /not valid yet/,
        trusts: true,
      },
      {
        what: 'made for clients',
        tls: () => show(made.client),
        cause: 'certificate-refused',
        says: /is not trusted/,
        trusts: true,
      },
      {
        what: 'TLS 1.1 only',
        tls: () => made.tls11Options(),
        cause: 'tls-version',
        says: /does not support a secure TLS version/,
        trusts: true,
      },
      {
        what: 'no cipher in common',
        tls: () => ({ ...show(made.good), maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }),
        cause: 'tls-handshake',
        says: /TLS handshake with .* failed \(no TLS cipher in common, TLS alert 40/,
        trusts: true,
      },
      {
        what: 'a client certificate is required, TLS 1.3',
        tls: () => made.clientCertificateOptions(),
        cause: 'client-certificate-demanded',
        says: /requires a client certificate/,
        trusts: true,
      },
      {
        // Up to TLS 1.2, the alert is the same as the one without a common cipher.
        what: 'a client certificate is required, TLS 1.2',
        tls: () => ({ ...made.clientCertificateOptions(), maxVersion: 'TLSv1.2' }),
        cause: 'client-certificate-demanded',
        says: /requires a client certificate \(TLS alert 40\)/,
        trusts: true,
      },
    ];
    test.each(faults)('row 31, row 120: $what', async ({ tls, cause, says, trusts = false }) => {
      const { server, exit } = await tailTls(tls(), trusts ? ['--ca-cert', made.caFile] : []);
      const [error] = pickRecords(exit, 'error');
      expect(error).toMatchObject({ cause, exit_code: 11 });
      expect(error?.message).toMatch(says);
      expect(error?.message).toContain(`localhost:${server.port}`);
      expect(error?.hint).toMatch(/^[a-z].*[^.]$/);
      expect([exit.stdout, exit.code]).toEqual(['', 11]);
      expect(server.attempts).toHaveLength(1);
      expect(server.attempts[0]?.request).toBeUndefined();
    });
  });

  describe('row 31: the connection is made', () => {
    test('row 31: with the authority in --ca-cert', async () => {
      const { server, exit } = await tailTls(show(made.good), ['--ca-cert', made.caFile]);
      expect([exit.stdout, exit.code]).toEqual(['{"n":1}\n', 0]);
      expect(server.attempts).toHaveLength(1);
    });

    test('row 31: with a self-signed certificate in --ca-cert', async () => {
      const { exit } = await tailTls(show(made.selfSigned), ['--ca-cert', made.selfSigned.certFile]);
      expect([exit.stdout, exit.code]).toEqual(['{"n":1}\n', 0]);
    });

    test('row 31: with the authority in NODE_EXTRA_CA_CERTS, also if --ca-cert has another one', async () => {
      const env = { NODE_EXTRA_CA_CERTS: made.caFile };
      for (const args of [[], ['--ca-cert', made.selfSigned.certFile]]) {
        const { exit } = await tailTls(show(made.good), args, { env });
        expect([exit.stdout, exit.code]).toEqual(['{"n":1}\n', 0]);
      }
    });

    test('row 31: to an address that is in the certificate', async () => {
      const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }), {
        tls: show(made.good),
      });
      const args = ['--limit', '1', '--ca-cert', made.caFile];
      const { code } = await runTail(`https://127.0.0.1:${server.port}`, args);
      expect(code).toBe(0);
    });

    test('row 31: with TLS 1.2', async () => {
      const tls: TlsOptions = { ...show(made.good), maxVersion: 'TLSv1.2' };
      const { exit } = await tailTls(tls, ['--ca-cert', made.caFile]);
      expect(exit.code).toBe(0);
    });
  });

  describe('C7: certificate checks cannot be turned off', () => {
    test('C7: by NODE_TLS_REJECT_UNAUTHORIZED=0 for a host that is not loopback: exit 2, no connection', async () => {
      const server = await startScriptedServer(streamHandler(), { tls: show(made.selfSigned) });
      const hosts = { 'stream.atlantis.test': ['127.0.0.1'] };
      const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
      const url = `https://stream.atlantis.test:${server.port}`;
      const exit = await runTail(url, [], { log: 'json', hosts, env });
      expect(pickRecords(exit, 'error')[0]?.message).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0');
      expect([exit.stdout, exit.code]).toEqual(['', 2]);
      expect(server.attempts).toHaveLength(0);
    });

    test.each(['--insecure', '-k', '--no-verify', '--skip-tls-verify'])(
      'C7: by %s, which is an unknown flag: exit 2',
      async (flag) => {
        const { code, stderr } = await runTail('https://127.0.0.1:9', [flag]);
        expect(stderr).toMatch(/unknown flag/);
        expect(code).toBe(2);
      },
    );
  });

  describe('--ca-cert', () => {
    test.each([
      ['a file that does not exist', '/nonexistent/ca.pem', 'ENOENT'],
      ['a file without a certificate', '/etc/hostname', 'contains no certificate'],
    ])('with %s is exit 2 without a connection', async (_, path, says) => {
      const { server, exit } = await tailTls(show(made.good), ['--ca-cert', path]);
      expect(exit.stderr).toContain(says);
      expect(exit.code).toBe(2);
      expect(server.attempts).toHaveLength(0);
    });
  });
});
