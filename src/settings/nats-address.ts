// NATS addresses, `nats://host[:port][,host…]/stream`, and subjects made of a template such as
// `atlantis.{type}`. Pure.
//
// A type is whatever the service sends: what has a meaning in a subject, or none everywhere, becomes `_`, so that
// it stays one token and can never be a wildcard.
import { UsageError } from '../errors.ts';

/** A checked address. All texts are safe to print. */
export interface NatsAddress {
  /** `host:port` of each server that was given; others of the cluster are learnt from it. */
  readonly servers: readonly string[];
  /** The servers as messages name them. */
  readonly host: string;
  /** `tls://`: never without TLS. With `nats://` TLS is used where a server offers it. */
  readonly isTls: boolean;
  /** The JetStream stream at the end of the URL, or undefined. */
  readonly stream: string | undefined;
}

const ACCEPTED = 'accepted: nats://host[:port][,host[:port]…][/stream], or tls:// for TLS only';
const DEFAULT_PORT = 4222;
const URL_FORM = /^(nats|tls):\/\/([^/?#]*)(?:\/([^?#]*))?$/i;
const SERVER = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;
/** What JetStream accepts as the name of a stream or consumer, and a person can tell apart. */
const NAME = /^[A-Za-z0-9_-]{1,128}$/;

/** True for what is meant as the address of a NATS server. */
export function isNatsUrl(text: string): boolean {
  return /^(nats|tls):/i.test(text);
}

/** Reads such an address. @throws UsageError naming the flag; a password in it is never repeated */
export function parseNatsUrl(flag: string, text: string): NatsAddress {
  const [, scheme = '', authority = '', stream = ''] = URL_FORM.exec(text) ?? [];
  if (authority.includes('@')) {
    throw new UsageError(
      `${flag}: a user name, password or token is not allowed in the URL, where other users of this machine see it`,
      'set NATS_USER and NATS_PASSWORD, or NATS_TOKEN, or give --nats-creds <file>',
    );
  }
  const refuse = (why: string): UsageError => new UsageError(`${flag}: ${why}`, ACCEPTED);
  const servers = authority.split(',').map((server) => {
    const [, host, port = String(DEFAULT_PORT)] = SERVER.exec(server.trim()) ?? [];
    if (host === undefined || Number(port) > 65_535 || Number(port) === 0) {
      throw refuse(`"${authority.slice(0, 100)}" is not a list of hosts`);
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

/** The name of a stream or a consumer. @throws UsageError */
export function parseStreamName(flag: string, name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(`invalid ${flag}: "${name.slice(0, 100)}"`, 'accepted: letters, digits, - and _');
}

/** Makes the subject of an event from its type. */
type MakeSubject = (type: string | undefined) => string;

const PLACEHOLDER = '{type}';
const MAX_TOKEN_LENGTH = 64;
const KNOWN_TYPES = 256;

/** One token of a subject for a type; `_` where there is none. */
function makeToken(type: string | undefined): string {
  const token = (type ?? '').slice(0, MAX_TOKEN_LENGTH).replace(/[^A-Za-z0-9_-]/g, '_');
  return token === '' ? '_' : token;
}

/** What may be in a template beside its placeholder; a leading `$` belongs to the server. */
const SUBJECT = /^(?!\$)[\x21-\x7e]+$/;

/** Reads a subject, which may be a template. @throws UsageError naming the flag */
export function parseSubject(flag: string, subject: string): string {
  const tokens = subject.split('.');
  const isGood =
    SUBJECT.test(subject) &&
    tokens.every((token) => token !== '') &&
    !/[*>{}]/.test(subject.replaceAll(PLACEHOLDER, ''));
  if (isGood) return subject;
  throw new UsageError(
    `invalid ${flag} "${subject.slice(0, 100)}"`,
    `accepted: a subject without wildcards, such as atlantis.events or atlantis.${PLACEHOLDER}`,
  );
}

/** A template as a function; types that come again are not looked at again. */
export function createSubjectMaker(template: string): MakeSubject {
  const known = new Map<string | undefined, string>();
  return (type) => {
    const subject = known.get(type);
    if (subject !== undefined) return subject;
    const made = template.replaceAll(PLACEHOLDER, makeToken(type));
    if (known.size < KNOWN_TYPES && (type ?? '').length <= MAX_TOKEN_LENGTH) known.set(type, made);
    return made;
  };
}

/** The subject under which a stream takes all that the template makes. */
export function widenTemplate(template: string): string {
  return template
    .split('.')
    .map((token) => (token.includes(PLACEHOLDER) ? '*' : token))
    .join('.');
}

/** Whether a stream of this subject, wildcards and all, takes everything under another one. */
export function coversSubject(pattern: string, subject: string): boolean {
  const [patterns, tokens] = [pattern.split('.'), subject.split('.')];
  for (const [i, one] of patterns.entries()) {
    if (one === '>') return tokens.length > i;
    const token = tokens[i];
    if (token === undefined || (one !== '*' && one !== token)) return false;
  }
  return patterns.length === tokens.length;
}
