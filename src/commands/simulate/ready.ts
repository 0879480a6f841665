// What `stream simulate` says once it serves: for people, and as one JSON line for programs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { OutputError } from '../../errors.ts';
import { foldCommand } from '../../flags/wrap.ts';
import { wrapWords } from '../../render/wrap-words.ts';

export interface ReadySimulator {
  readonly url: string;
  readonly port: number;
  /** The address that was asked for. */
  readonly host: string;
  /** The example key, or undefined where --key says what is accepted: those are not repeated. */
  readonly key: string | undefined;
  /** Where the certificate stands that a client has to trust; undefined without TLS. */
  readonly caCertPath: string | undefined;
  readonly pid: number;
}

const LOOPBACK_URL = /^https?:\/\/(127\.|\[::1\]|localhost)/;

/**
 * The words and the record of a simulator that is ready.
 * @param columns width of the terminal, where lines break between words; undefined where there is none
 */
export function describeReady(
  { url, port, host, key, caCertPath, pid }: ReadySimulator,
  columns = Number.POSITIVE_INFINITY,
): { text: string; record: string } {
  const argv = ['atlantis', 'stream', 'tail', '--url', url];
  if (caCertPath !== undefined) argv.push('--ca-cert', caCertPath);
  const record = {
    ready: true,
    url,
    stream_url: `${url.replace('http', 'ws')}/v1/stream`,
    host,
    port,
    key: key ?? null,
    ca_cert: caCertPath ?? null,
    tail: argv,
    pid,
  };
  const isForAll = host === '0.0.0.0' || host === '::';
  const isOpen = isForAll || !LOOPBACK_URL.test(url);
  const command = `ATLANTIS_API_KEY=${key ?? '<one of your --key>'} ${argv.map(quote).join(' ')}`;
  const text = [
    `Simulator ready at ${url}`,
    ...(caCertPath === undefined ? [] : [`Certificate: ${caCertPath}`]),
    'Tail it from another terminal:',
    ...foldCommand(command, columns - 2).map((line) => `  ${line}`),
    ...(isForAll ? [`It listens on every address of this machine (${host}).`] : []),
    ...(isOpen ? ['Other machines on its networks can connect with any key that it accepts.'] : []),
    ...(isOpen && caCertPath === undefined ? ['`tail` wants --tls wherever it is not on loopback.'] : []),
    'Ctrl-C ends it.',
  ];
  const lines = text.flatMap((line) => (line.startsWith(' ') ? line : wrapWords(line, columns)));
  return { text: `${lines.join('\n')}\n`, record: JSON.stringify(record) };
}

/** One word of a POSIX shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Puts a certificate into a file of its own, in a fresh temporary folder. @throws OutputError */
export function keepCertificate(
  pem: string | undefined,
): { readonly path: string; remove(): void } | undefined {
  if (pem === undefined) return undefined;
  try {
    const path = join(mkdtempSync(join(tmpdir(), 'atlantis-simulator-')), 'cert.pem');
    writeFileSync(path, pem);
    return { path, remove: () => rmSync(dirname(path), { recursive: true, force: true }) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OutputError(`the certificate could not be written to ${tmpdir()} (${code})`);
  }
}
