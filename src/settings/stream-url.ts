// Parses a base or stream URL of the service.
//
// The host is judged after WHATWG URL parsing, never by its text. `http://127.1` is loopback, and
// `ws://127.0.0.1.evil.test` is not (contract C5).
import { UsageError } from '../errors.ts';
import { escapeUnits } from '../render/sanitize.ts';
import { sayNotAServiceUrl, URL_FAULTS } from './messages.ts';

/** A checked URL of the service. All texts are safe to print: no userinfo, no query, no fragment. */
export interface StreamUrl {
  /** `http(s)://host[:port][/prefix]`, without a trailing slash. */
  readonly base: string;
  /** `ws(s)://host[:port][/prefix]/v1/stream`. */
  readonly stream: string;
  /** `http(s)://host[:port]`: a stored key is bound to it (contract P3). */
  readonly origin: string;
  /** Host and, unless it is the default, port. */
  readonly host: string;
  /** `localhost`, `127.0.0.0/8` or `[::1]`. */
  readonly isLoopback: boolean;
  /** TLS: `https` or `wss`. */
  readonly isSecure: boolean;
}

const STREAM_PATH = '/v1/stream';
const SHOWN_LENGTH = 200;

/** In characters, with a final dot (RFC 1035 § 3.1). SOCKS 5 has one byte for the length. */
const MAX_HOST_LENGTH = 254;

/** By contract C5. @param hostname from a parsed URL */
export function isLoopbackHost(hostname: string): boolean {
  // The URL parser has turned every IPv4 notation (127.1, 0x7f000001) into four decimal parts. `localhost.` and
  // `*.localhost` are not accepted: the resolver decides whether they are on this machine.
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** For a message: no userinfo, nothing after ? or #, no control characters. */
function showValue(raw: string): string {
  const shown = raw
    .replace(/^([^/?#\\]*[/\\]{2})?[^/?#\\]*@/, '$1***@')
    .replace(/[?#].*$/s, (rest) => `${rest.charAt(0)}…`)
    .replace(/[^\x20-\x7e…]/g, escapeUnits);
  return shown.length > SHOWN_LENGTH ? `${shown.slice(0, SHOWN_LENGTH)}…` : shown;
}

function findTextFault(text: string): string | undefined {
  if (text === '') return URL_FAULTS.empty;
  // The URL parser would silently drop line breaks and tabs, and read a backslash as a slash.
  if (/[\x00-\x20\x7f\\]/.test(text)) return URL_FAULTS.characters;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return URL_FAULTS.noScheme;
  if (!/^(?:https?|wss?):/i.test(text)) return URL_FAULTS.scheme;
  const authority = text.slice(text.indexOf('//') + 2).split(/[/?#]/, 1)[0] ?? '';
  if (authority.includes('@')) return URL_FAULTS.login;
  if (text.includes('?')) return URL_FAULTS.query;
  return text.includes('#') ? URL_FAULTS.fragment : undefined;
}

/**
 * Keeps path prefix and port; accepts `/v1/stream` at the end.
 *
 * @param source for the message: `--url`, `ATLANTIS_URL`, `profile "main"`
 * @throws UsageError naming the source, the value (without userinfo, query, fragment) and what is accepted
 */
export function parseStreamUrl(raw: string, source: string): StreamUrl {
  const text = raw.trim();
  const refuse = (why: string): UsageError =>
    new UsageError(...sayNotAServiceUrl(source, showValue(text), why));

  const textFault = findTextFault(text);
  if (textFault !== undefined) throw refuse(textFault);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '' || url.hostname.length > MAX_HOST_LENGTH)
    throw refuse(URL_FAULTS.host);
  const isSecure = url.protocol === 'https:' || url.protocol === 'wss:';
  const isLoopback = isLoopbackHost(url.hostname);
  if (!isSecure && !isLoopback) throw refuse(URL_FAULTS.plaintext);

  let prefix = url.pathname.replace(/\/+$/, '');
  if (prefix.endsWith(STREAM_PATH)) prefix = prefix.slice(0, -STREAM_PATH.length).replace(/\/+$/, '');
  const origin = `${isSecure ? 'https' : 'http'}://${url.host}`;
  return {
    base: origin + prefix,
    stream: `${isSecure ? 'wss' : 'ws'}://${url.host}${prefix}${STREAM_PATH}`,
    origin,
    host: url.host,
    isLoopback,
    isSecure,
  };
}
