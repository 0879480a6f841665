// A base or stream URL as people write it → the one place that the stream is read from.
//
// Decisions about the host are taken after WHATWG URL parsing, on the host that will be connected to, never
// on the text: `http://127.1` is loopback, `ws://127.0.0.1.evil.test` is not (contract C5).
import { UsageError } from '../errors.ts';

/** A checked URL of the service. All texts are safe to print: no userinfo, no query, no fragment. */
export interface StreamUrl {
  /** What the customer was given: `http(s)://host[:port][/prefix]`, without a slash at the end. */
  readonly base: string;
  /** `ws(s)://host[:port][/prefix]/v1/stream`. */
  readonly stream: string;
  /** `http(s)://host[:port]`: what a stored key is bound to (contract P3). */
  readonly origin: string;
  /** Host and, if it is not the scheme's own, port. */
  readonly host: string;
  /** `localhost`, `127.0.0.0/8` or `[::1]`. */
  readonly isLoopback: boolean;
  /** TLS: `https` or `wss`. */
  readonly isSecure: boolean;
}

const STREAM_PATH = '/v1/stream';
const ACCEPTED =
  'accepted: https:// or wss://, and http:// or ws:// for this machine only (localhost, 127.x.x.x, [::1])';
const SHOWN_LENGTH = 200;

/** True for the hosts that contract C5 calls loopback; `hostname` as a parsed URL gives it. */
export function isLoopbackHost(hostname: string): boolean {
  // The URL parser has already turned every IPv4 notation (127.1, 0x7f000001, 017700000001) into four
  // decimal parts. A name that merely begins like one (127.0.0.1.evil.test) does not match. `localhost.`
  // and `*.localhost` are left out: whether they stay on this machine is up to the resolver.
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** The value as a message may show it: no userinfo, nothing after ? or #, no control characters. */
function showValue(raw: string): string {
  const shown = raw
    .replace(/^([^/?#\\]*[/\\]{2})?[^/?#\\]*@/, '$1***@')
    .replace(/[?#].*$/s, (rest) => `${rest.charAt(0)}…`)
    .replace(/[^\x20-\x7e…]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return shown.length > SHOWN_LENGTH ? `${shown.slice(0, SHOWN_LENGTH)}…` : shown;
}

/** Says what keeps the text from being a URL of the service before it is parsed, or undefined. */
function findTextFault(text: string): string | undefined {
  if (text === '') return 'it is empty';
  // The URL parser would silently drop line breaks and tabs, and read a backslash as a slash.
  if (/[\x00-\x20\x7f\\]/.test(text)) return 'it has a space, a control character or a backslash inside';
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return 'it does not begin with https:// or wss://';
  if (!/^(?:https?|wss?):/i.test(text)) return 'its scheme is not one of those';
  const authority = text.slice(text.indexOf('//') + 2).split(/[/?#]/, 1)[0] ?? '';
  if (authority.includes('@')) return 'a user name or password is not allowed in it';
  if (text.includes('?')) return 'a query is not allowed in it: the key travels in a header, never in a URL';
  if (text.includes('#')) return 'a fragment (#) is not allowed in it';
  return undefined;
}

/** Parses without throwing. */
function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/**
 * Reads a base or stream URL. A path prefix and a port are kept; `/v1/stream` at the end is recognised, and
 * not doubled.
 *
 * @param source where the value came from, for the message: `--url`, `ATLANTIS_URL`, `profile "main"`.
 * @throws UsageError naming the source, the value (without userinfo, query, fragment) and what is accepted.
 */
export function parseStreamUrl(raw: string, source: string): StreamUrl {
  const text = raw.trim();
  const refuse = (why: string): UsageError =>
    new UsageError(`${source}: "${showValue(text)}" is not a URL of the service: ${why}`, ACCEPTED);

  const textFault = findTextFault(text);
  if (textFault !== undefined) throw refuse(textFault);
  const url = parseUrl(text);
  if (url === undefined || url.hostname === '') throw refuse('it has no valid host or port');
  const isSecure = url.protocol === 'https:' || url.protocol === 'wss:';
  const isLoopback = isLoopbackHost(url.hostname);
  if (!isSecure && !isLoopback) throw refuse('without TLS only this machine can be reached');

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
