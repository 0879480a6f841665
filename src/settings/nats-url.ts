// `nats://host[:port][,host[:port]…][/stream]`, or `tls://…` → where a NATS cluster is, and what in it is meant.
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
