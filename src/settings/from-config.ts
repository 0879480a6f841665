// The flags of `tail --from`: a JetStream stream instead of the service, and where in it to begin.
import { UsageError } from '../errors.ts';
import { parseDuration } from '../flags/values.ts';
import { type NatsAddress, parseNatsUrl, parseStreamName } from './nats-url.ts';
import type { TailFlags } from './stream-config.ts';

/** As the command line gives them. */
export interface FromFlags {
  readonly from?: string;
  readonly since?: string;
  readonly durable?: string;
  readonly natsCreds?: string;
}

/** Where to begin: with what comes from now on, after a time (ms since the epoch), or at a message's number. */
export type StartPlace =
  | { readonly kind: 'new' }
  | { readonly kind: 'time'; readonly atMs: number }
  | { readonly kind: 'seq'; readonly seq: number };

export interface FromConfig {
  readonly address: NatsAddress;
  readonly stream: string;
  readonly start: StartPlace;
  /** The name under which the server remembers how far this reader is; undefined: it does not. */
  readonly durable: string | undefined;
  readonly natsCreds: string | undefined;
}

const SEQ = /^[1-9]\d{0,15}$/;
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

/** Flags that say where the service is: it is not asked. */
const FOREIGN = ['url', 'profile', 'keyStdin', 'simulate'] as const;

/** Undefined where the service is followed. @throws UsageError */
export function parseFromFlags(flags: TailFlags & FromFlags, nowMs: number): FromConfig | undefined {
  const { from, since, durable, natsCreds } = flags;
  if (from === undefined) {
    if (since === undefined && durable === undefined && natsCreds === undefined) return undefined;
    throw new UsageError(
      '--since, --durable and --nats-creds need --from',
      'the service itself has no replay',
    );
  }
  const other = FOREIGN.find((name) => flags[name] !== undefined);
  if (other !== undefined) {
    const flag = other === 'keyStdin' ? '--key-stdin' : `--${other}`;
    throw new UsageError(`--from and ${flag} contradict each other`, 'give one of them');
  }
  const address = parseNatsUrl('--from', from);
  if (address.stream === undefined) {
    throw new UsageError('--from: which stream?', 'accepted: nats://host[:port][,host…]/<stream>');
  }
  return {
    address,
    stream: address.stream,
    start: since === undefined ? { kind: 'new' } : parseSince(since, nowMs),
    durable: durable === undefined ? undefined : parseStreamName('--durable', durable),
    natsCreds,
  };
}

/** A duration counts back from now; a time without a zone is local, as in the rest of the world's tools. */
function parseSince(since: string, nowMs: number): StartPlace {
  if (SEQ.test(since)) return { kind: 'seq', seq: Number(since) };
  if (TIME.test(since)) {
    const atMs = Date.parse(since.length === 10 ? `${since}T00:00` : since);
    if (!Number.isNaN(atMs)) return { kind: 'time', atMs };
  }
  if (/^\d+(?:\.\d+)?(?:ms|s|m|h)/.test(since)) {
    return { kind: 'time', atMs: nowMs - parseDuration('--since', since) };
  }
  throw new UsageError(
    `invalid --since "${since.slice(0, 100)}"`,
    'accepted: a duration such as 10m, a time such as 2026-01-31T12:00Z, or the number of a message, 1 for the first',
  );
}
