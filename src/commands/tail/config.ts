// The flags that only `tail` has, checked: `--record`, and `--from`, a JetStream stream instead of the service.
import type { StartPlace } from '../../delivery/nats/consumer.ts';
import { UsageError } from '../../errors.ts';
import { listGiven, parseFlags } from '../../flags/definition.ts';
import { SIMULATION_FLAGS, SOURCE_FLAGS } from '../../flags/shared-flags.ts';
import { parseDuration } from '../../flags/values.ts';
import { type NatsAddress, parseNatsUrl } from '../../settings/nats-address.ts';
import type { StreamFlags } from '../../settings/stream-config.ts';
import { FROM_FLAGS, type FromFlags, RECORD_FLAGS, type RecordFlags } from './flags.ts';

/** What to record into; undefined members are without a bound. */
export interface RecordConfig {
  readonly path: string;
  readonly maxBytes: number | undefined;
  readonly maxAgeMs: number | undefined;
  readonly keep: number | undefined;
}

/** Undefined where nothing is to be recorded. @throws UsageError */
export function parseRecordFlags(flags: RecordFlags): RecordConfig | undefined {
  const { path, maxBytes, maxAgeMs, keep } = parseFlags(RECORD_FLAGS, flags);
  if (path === undefined) {
    if (maxBytes === undefined && maxAgeMs === undefined && keep === undefined) return undefined;
    throw new UsageError(
      '--record-max-size, --record-max-age and --record-keep need --record',
      'add --record <file>',
    );
  }
  if (path === '' || path === '-') {
    throw new UsageError(`invalid --record "${path}"`, 'accepted: the name of a file');
  }
  if (keep !== undefined && maxBytes === undefined && maxAgeMs === undefined) {
    throw new UsageError(
      '--record-keep needs --record-max-size or --record-max-age',
      'without them there is one file',
    );
  }
  return { path, maxBytes, maxAgeMs, keep };
}

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

/** Undefined where the service is followed. @throws UsageError */
export function parseFromFlags(flags: StreamFlags & FromFlags, nowMs: number): FromConfig | undefined {
  if (flags.from === undefined) {
    if (listGiven(FROM_FLAGS, flags).length === 0) return undefined;
    throw new UsageError(
      '--since, --durable and --nats-creds need --from',
      'the service itself has no replay',
    );
  }
  const [other] = listGiven({ ...SOURCE_FLAGS, ...SIMULATION_FLAGS }, flags);
  if (other !== undefined) {
    throw new UsageError(`--from and ${other} contradict each other`, 'give one of them');
  }
  const { since, durable, natsCreds } = parseFlags(FROM_FLAGS, flags);
  const address = parseNatsUrl('--from', flags.from);
  if (address.stream === undefined) {
    throw new UsageError('--from: which stream?', 'accepted: nats://host[:port][,host…]/<stream>');
  }
  return {
    address,
    stream: address.stream,
    start: since === undefined ? { kind: 'new' } : parseSince(since, nowMs),
    durable,
    natsCreds,
  };
}

/** A duration counts back from now; a time without a zone is local, as in other tools. */
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
