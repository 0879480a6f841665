// A self-made certificate for a local TLS server; the package behind it is loaded only where TLS is asked for.
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
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

/** The names and addresses under which a server is reached that listens on `host`. */
function listNames(host: string): string[] {
  const loopback = ['localhost', '127.0.0.1', '::1'];
  if (host !== '0.0.0.0' && host !== '::') return [...new Set([...loopback, host])];
  const addresses = Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address }) => address.replace(/%.*/, '')),
  );
  return [...new Set([...loopback, hostname(), ...addresses])];
}

/**
 * Makes a certificate for loopback by name and address, and for `host`, or for all of the machine's own addresses;
 * valid from an hour ago, for 30 days.
 */
export async function makeCertificate(host: string): Promise<ServerCertificate> {
  const nowMs = Date.now();
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
        altNames: listNames(host).map((name) =>
          isIP(name) === 0 ? { type: DNS_NAME, value: name } : { type: IP_ADDRESS, ip: name },
        ),
      },
    ],
  });
  return { cert, key };
}
