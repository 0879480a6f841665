// The certificates to trust (`--ca-cert`, NODE_EXTRA_CA_CERTS), read and checked before anything connects.
import { X509Certificate } from 'node:crypto';
import { UsageError } from '../errors.ts';
import { sayNotRead } from '../io/messages.ts';
import type { Environment } from '../io/platform.ts';
import { readNamedFile } from '../io/read-file.ts';
import { sayCertificateDamaged, sayNoCertificate, sayNoSystemRoots } from './messages.ts';

/** Only allowed for loopback hosts (contract C7). */
export function areTlsChecksOff(env: Environment): boolean {
  return env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0';
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?/g;

/**
 * @param signal stops reading; the file may be a pipe that stays open
 * @throws UsageError when the file cannot be read, or contains no certificate or a damaged one
 */
export async function readCaFile(path: string, signal?: AbortSignal): Promise<string> {
  let pem: string;
  try {
    pem = (await readNamedFile(path, signal)).toString('utf8');
  } catch (error) {
    throw new UsageError(...sayNotRead('--ca-cert', path, error));
  }
  checkCertificates(pem, `--ca-cert "${path}"`);
  return pem;
}

/** @throws UsageError naming `source`, for no certificate or a damaged one */
export function checkCertificates(pem: string, source: string): void {
  const certificates = pem.match(CERTIFICATE) ?? [];
  const damaged = certificates.findIndex((one) => !isCertificate(one));
  if (certificates.length > 0 && damaged < 0) return;
  throw new UsageError(
    ...(certificates.length === 0 ? sayNoCertificate(source) : sayCertificateDamaged(source, damaged + 1)),
  );
}

/** Node would silently skip a damaged certificate, and then trust no server. */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** Files of Debian, Fedora, SUSE, Alpine and macOS. Node before 22.15 has no function for the roots of the system. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** In PEM. @throws UsageError naming `source`, if there are none */
export async function readSystemRoots(source = '--system-ca'): Promise<readonly string[]> {
  const tls = (await import('node:tls')) as { getCACertificates?(kind: 'system'): readonly string[] };
  const roots = tls.getCACertificates?.('system') ?? [];
  if (roots.length > 0) return roots;
  for (const path of SYSTEM_BUNDLES) {
    const bundle = await readIfCertificates(path);
    if (bundle.length > 0) return bundle;
  }
  throw new UsageError(...sayNoSystemRoots(source));
}

/**
 * The roots to trust in addition to Node's, in PEM. If there are none, undefined keeps Node's own store unchanged.
 * SSL_CERT_FILE is included, since Node reads it only with --use-openssl-ca.
 */
export async function listAddedRoots(
  given: readonly string[],
  env: Environment,
): Promise<readonly string[] | undefined> {
  const roots = [...given, ...(await readIfCertificates(env['SSL_CERT_FILE']))];
  if (roots.length === 0) return undefined;
  // Node ignores NODE_EXTRA_CA_CERTS when anything is added to its store.
  return [...roots, ...(await readIfCertificates(env['NODE_EXTRA_CA_CERTS']))];
}

/** Like OpenSSL, skips a file that cannot be read or has no certificates. */
async function readIfCertificates(path = ''): Promise<readonly string[]> {
  if (path === '') return [];
  try {
    const pem = (await readNamedFile(path)).toString('utf8');
    return pem.includes('-----BEGIN') ? [pem] : [];
  } catch {
    return [];
  }
}

export interface TrustConfig {
  /** Path of a PEM file. */
  readonly caCert: string | undefined;
  readonly useSystemCa: boolean;
}

/** The roots of both flags, in PEM. @throws UsageError as `readCaFile`, or if the system has no roots */
export async function readGivenRoots(
  { caCert, useSystemCa }: TrustConfig,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  return [
    ...(caCert === undefined ? [] : [await readCaFile(caCert, signal)]),
    ...(useSystemCa ? await readSystemRoots() : []),
  ];
}

/** The roots of flags and environment, as `listAddedRoots` returns them. @throws UsageError as `readGivenRoots` */
export async function readTrustedRoots(
  trust: TrustConfig,
  env: Environment,
): Promise<readonly string[] | undefined> {
  return listAddedRoots(await readGivenRoots(trust), env);
}
