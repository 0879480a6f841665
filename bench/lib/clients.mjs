// The command line of each client. Every client prints all events to stdout.
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const COMMAND = process.env.ATLANTIS_BENCH_BIN ?? at('../../bin/atlantis.cjs');

/** `atlantis` with these arguments. */
export const atlantis = (...words) => [process.execPath, COMMAND, ...words];

/** Flags with which a client trusts the benchmark server over TLS. Most clients read SSL_CERT_FILE themselves. */
const trust = (url, ...flags) => (url.startsWith('wss:') ? flags : []);
const node = (script, url) => [process.execPath, ...trust(url, '--use-openssl-ca'), at(script), url];

/** `stream tail` of a base URL until `limit` events are written, as NDJSON unless `flags` say otherwise. */
export const tail = (base, limit, ...flags) =>
  atlantis('stream', 'tail', '--url', base, '--format', 'ndjson', '--limit', String(limit), ...flags);

export const ceiling = (url) => node('../clients/ceiling.mjs', url);
/** Over TLS only. */
export const copy = (url) => node('../clients/tls-copy.mjs', url);
export const referenceJs = (url) => node('../clients/reference.mjs', url);
export const referencePython = (peer, url) => [...peer.command, at('../clients/reference.py'), url];
export const bun = (peer, url, way) => [...peer.command, at('../clients/bun.mjs'), url, way];
export const wscat = (peer, url) => [
  ...[...peer.command, '--connect', url, '--header', 'X-API-Key:none'],
  ...trust(url, '--ca', process.env.SSL_CERT_FILE),
];
