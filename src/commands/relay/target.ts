// Where a relay delivers to: `--to` with `--stream` and `--allow-http`.
import { createHash } from 'node:crypto';
import { type HttpTarget, parseHttpTarget } from '../../delivery/http/http-target.ts';
import { UsageError } from '../../errors.ts';
import { isNatsUrl, type NatsAddress, parseNatsUrl } from '../../settings/nats-address.ts';

interface TargetValues {
  readonly to: readonly string[];
  readonly stream: string | undefined;
  readonly allowHttp: boolean;
}

/** A place that events go to. */
export type RelayTarget =
  | { readonly kind: 'nats'; readonly address: NatsAddress; readonly stream: string; readonly place: string }
  | { readonly kind: 'http'; readonly target: HttpTarget; readonly place: string };

/** Reads them; each has a place of its own. @throws UsageError */
export function parseTargets({ to, stream, allowHttp }: TargetValues): RelayTarget[] {
  if (to.length === 0) {
    throw new UsageError(
      '--to is missing: where should the events go?',
      'accepted: nats://…, tls://…, https://…',
    );
  }
  const targets = to.map((text): RelayTarget => {
    if (!isNatsUrl(text)) {
      const target = parseHttpTarget('--to', text, allowHttp);
      return { kind: 'http', target, place: namePlace(target.name) };
    }
    const address = parseNatsUrl('--to', text);
    const name = address.stream ?? stream;
    if (name === undefined) {
      throw new UsageError(
        `--to ${address.host}: which stream?`,
        'add --stream <name>, or /<name> to the URL',
      );
    }
    return { kind: 'nats', address, stream: name, place: namePlace(`${address.servers[0]}/${name}`) };
  });
  if (new Set(targets.map(({ place }) => place)).size < targets.length) {
    throw new UsageError('--to names the same place twice', 'give each place once');
  }
  return targets;
}

/** The name of a folder for the place, readable and its own. */
function namePlace(name: string): string {
  const readable = name.replace(/^https?:\/\//, '').replace(/[^A-Za-z0-9._-]+/g, '-');
  return `${readable.slice(0, 60)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}
