// NATS addresses, `nats://host[:port][,host…]/stream`, and subjects from a template such as `atlantis.{type}`.
//
// Event types come from the service. Characters that are special or not portable in subjects become `_`, so that a type
// is always one token and never a wildcard.
import { UsageError } from '../errors.ts';
import { sayInvalid } from '../flags/messages.ts';
import { ACCEPTED_SUBJECT, STREAM_NAME_RULE, sayNatsHostsInvalid, sayNatsLoginInUrl } from './messages.ts';

/** A checked address. All texts are safe to print. */
export interface NatsAddress {
  /** `host:port` of each given server; the client learns the rest of the cluster from them. */
  readonly servers: readonly string[];
  /** The servers, for messages. */
  readonly host: string;
  /** The URL begins with `tls://`, which requires TLS even on loopback. */
  readonly isTls: boolean;
  /** The JetStream stream in the path, or undefined. */
  readonly stream: string | undefined;
}

const DEFAULT_PORT = 4222;
const URL_FORM = /^(nats|tls):\/\/([^/?#]*)(?:\/([^?#]*))?$/i;
const SERVER = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;
/** Names of streams and consumers: JetStream also accepts other characters, but they are not portable. */
const NAME = /^[A-Za-z0-9_-]{1,128}$/;

export function isNatsUrl(text: string): boolean {
  return /^(nats|tls):/i.test(text);
}

/** @throws UsageError naming the flag; the message never contains a password */
export function parseNatsUrl(flag: string, text: string): NatsAddress {
  const [, scheme = '', authority = '', stream = ''] = URL_FORM.exec(text) ?? [];
  if (authority.includes('@')) throw new UsageError(...sayNatsLoginInUrl(flag));
  const servers = authority.split(',').map((server) => {
    const [, host, port = String(DEFAULT_PORT)] = SERVER.exec(server.trim()) ?? [];
    if (host === undefined || Number(port) > 65_535 || Number(port) === 0) {
      throw new UsageError(...sayNatsHostsInvalid(flag, authority));
    }
    return `${host}:${port}`;
  });
  return {
    servers,
    host: servers.join(','),
    isTls: scheme.toLowerCase() === 'tls',
    stream: stream === '' ? undefined : parseStreamName(flag, stream),
  };
}

/** The name of a stream or consumer. @throws UsageError */
export function parseStreamName(flag: string, name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(...sayInvalid(flag, name, STREAM_NAME_RULE));
}

const PLACEHOLDER = '{type}';
const MAX_TOKEN_LENGTH = 64;
const MAX_CACHED_TYPES = 256;

/** A type as one token of a subject; `_` without a type. */
function makeToken(type: string | undefined): string {
  const token = (type ?? '').slice(0, MAX_TOKEN_LENGTH).replace(/[^A-Za-z0-9_-]/g, '_');
  return token === '' ? '_' : token;
}

/** Subjects with a leading `$` belong to the server. */
const SUBJECT = /^(?!\$)[\x21-\x7e]+$/;

/** Checks a subject or template. @throws UsageError naming the flag */
export function parseSubject(flag: string, subject: string): string {
  const tokens = subject.split('.');
  const isGood =
    SUBJECT.test(subject) &&
    tokens.every((token) => token !== '') &&
    !/[*>{}]/.test(subject.replaceAll(PLACEHOLDER, ''));
  if (isGood) return subject;
  throw new UsageError(...sayInvalid(flag, subject, ACCEPTED_SUBJECT));
}

/** @param reserved a subject that no event may have; a type that results in it gets a `_` at the end of its token */
export function createSubjectMaker(
  template: string,
  reserved?: string,
): (type: string | undefined) => string {
  const known = new Map<string | undefined, string>();
  const fill = (token: string): string => template.replaceAll(PLACEHOLDER, token);
  return (type) => {
    const subject = known.get(type);
    if (subject !== undefined) return subject;
    const token = makeToken(type);
    const made = fill(token) === reserved ? fill(`${token}_`) : fill(token);
    if (known.size < MAX_CACHED_TYPES && (type ?? '').length <= MAX_TOKEN_LENGTH) known.set(type, made);
    return made;
  };
}

/** The wildcard subject that matches everything the template makes. */
export function widenTemplate(template: string): string {
  return template
    .split('.')
    .map((token) => (token.includes(PLACEHOLDER) ? '*' : token))
    .join('.');
}

/** Whether `pattern`, a subject with wildcards, matches everything that `subject` matches. */
export function coversSubject(pattern: string, subject: string): boolean {
  const [patterns, tokens] = [pattern.split('.'), subject.split('.')];
  for (const [i, one] of patterns.entries()) {
    if (one === '>') return tokens.length > i;
    const token = tokens[i];
    if (token === undefined || (one !== '*' && one !== token)) return false;
  }
  return patterns.length === tokens.length;
}
