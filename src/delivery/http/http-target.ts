// The URL of an HTTP endpoint that events are posted to.
import { UsageError } from '../../errors.ts';
import { isLoopbackHost } from '../../settings/stream-url.ts';

/** A checked endpoint. `host` and `name` are safe to print, `href` may have a secret in its query. */
export interface HttpTarget {
  readonly href: string;
  readonly host: string;
  /** Without query. */
  readonly name: string;
  readonly isSecure: boolean;
  readonly isLoopback: boolean;
}

const ACCEPTED =
  'accepted: nats://…, tls://…, https://…, and http:// to this machine, or elsewhere with --allow-http';

/** Reads it. @throws UsageError naming the flag; neither a password nor a query is repeated */
export function parseHttpTarget(flag: string, text: string, allowHttp: boolean): HttpTarget {
  const refuse = (why: string, hint = ACCEPTED): UsageError => new UsageError(`${flag}: ${why}`, hint);
  if (!/^https?:\/\//i.test(text) || /[\x00-\x20\x7f\\]/.test(text) || !URL.canParse(text)) {
    throw refuse('this is no URL that events can be sent to');
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    const hint = 'give it with --header-env Authorization=<NAME of an environment variable>';
    throw refuse(
      'a user name or password is not allowed in the URL, where other users of this machine see it',
      hint,
    );
  }
  if (url.hash !== '') throw refuse('a fragment (#) is not allowed in the URL');
  const isSecure = url.protocol === 'https:';
  const isLoopback = isLoopbackHost(url.hostname);
  const name = `${url.origin}${url.pathname === '/' ? '' : url.pathname}`;
  if (!isSecure && !isLoopback && !allowHttp) {
    throw refuse(
      `${name} is not encrypted, and not this machine`,
      'use https://, or allow it with --allow-http',
    );
  }
  return { href: url.href, host: url.host, name, isSecure, isLoopback };
}
