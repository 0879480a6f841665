// A self-made certificate for a local TLS server; the package behind it is loaded only where TLS is asked for.
import { isIP } from 'node:net';
import { generate } from 'selfsigned';

/** A server's certificate, its own root, and the private key, both PEM. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** Long enough for any session at a desk, short enough to be worthless when found. */
const VALID_DAYS = 30;
/** subjectAltName choices (RFC 5280 § 4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Makes a certificate for loopback by name and address, and for `host`; valid from an hour ago, for 30 days. */
export async function makeCertificate(host: string): Promise<ServerCertificate> {
  const nowMs = Date.now();
  const names = [...new Set(['localhost', '127.0.0.1', '::1', host])];
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'atlantis simulator' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    // A clock that differs a little, in a container or a virtual machine, is no reason to refuse.
    notBeforeDate: new Date(nowMs - 3_600_000),
    notAfterDate: new Date(nowMs + VALID_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) =>
          isIP(name) === 0 ? { type: DNS_NAME, value: name } : { type: IP_ADDRESS, ip: name },
        ),
      },
    ],
  });
  return { cert, key };
}
