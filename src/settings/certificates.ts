// Certificates that the user wants to be trusted: read and checked before anything else happens.
import { X509Certificate } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { UsageError } from '../errors.ts';
import { isUtf16 } from '../io/text-encoding.ts';

/** No file that a flag names has a reason to be larger. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * All of a text file.
 *
 * @param signal gives up on a pipe; the promise rejects then
 * @throws what the system says (with `code`), EFBIG beyond 16 MiB; for UTF-16 the code says so
 */
export async function readNamedFile(path: string, signal?: AbortSignal): Promise<Buffer> {
  const bytes = await readBytes(path, signal);
  if (!isUtf16(bytes)) return bytes;
  throw Object.assign(new Error('the file is UTF-16 text'), { code: 'UTF-16 text instead of UTF-8' });
}

async function readBytes(path: string, signal?: AbortSignal): Promise<Buffer> {
  // Opening a pipe that nobody writes to would not return otherwise.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const chunks: Buffer[] = [];
  let size = 0;
  const add = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > MAX_BYTES) throw Object.assign(new Error('the file is too large'), { code: 'EFBIG' });
    chunks.push(chunk);
  };
  if (fstatSync(fd).isFIFO()) {
    const { Socket } = await import('node:net');
    const pipe = new Socket({ fd, readable: true, writable: false, ...(signal && { signal }) });
    for await (const chunk of pipe) add(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      const count = readSync(fd, chunk);
      if (count === 0) return Buffer.concat(chunks);
      add(chunk.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}

/** The words for `areTlsChecksOff`, without what could happen. */
export const TLS_CHECKS_OFF = 'NODE_TLS_REJECT_UNAUTHORIZED=0 turns certificate checks off';

/** Whether Node would trust anybody: refused for hosts that are not loopback (contract C7). */
export function areTlsChecksOff(env: Readonly<Record<string, string | undefined>>): boolean {
  return env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0';
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?/g;

/** The PEM of `--ca-cert`; the signal ends waiting for a pipe. @throws UsageError when the file cannot be read, holds no certificate or a damaged one */
export async function readCaFile(path: string, signal?: AbortSignal): Promise<string> {
  let pem: string;
  try {
    pem = (await readNamedFile(path, signal)).toString('utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError(`--ca-cert "${path}" cannot be read (${code})`, 'accepted: PEM certificates');
  }
  checkCertificates(pem, `--ca-cert "${path}"`);
  return pem;
}

/** @param source where the PEM came from, for the message. @throws UsageError when a certificate is damaged, or none is there */
export function checkCertificates(pem: string, source: string): void {
  const certificates = pem.match(CERTIFICATE) ?? [];
  const damaged = certificates.findIndex((one) => !isCertificate(one));
  if (certificates.length > 0 && damaged < 0) return;
  const fault =
    certificates.length === 0 ? 'holds no certificate' : `is damaged at certificate ${damaged + 1}`;
  throw new UsageError(`${source} ${fault}`, 'accepted: PEM certificates');
}

/** Node would leave a damaged one out without a word, and then trust nobody. */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
