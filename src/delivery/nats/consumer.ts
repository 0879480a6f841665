// The consumer through which a stream is read: one that the server forgets, or a durable one that remembers;
// and which messages that reader has missed: the stream dropped them, or was created again.
import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type OrderedConsumerOptions,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';

/** What the reader knows of the stream from earlier connections of this run. */
export interface SeenStream {
  /** When the stream was created, as the server writes it: another time means another stream. */
  readonly created: string;
  /** The last message that was read. */
  readonly readSeq: number | undefined;
  /** The number that comes next, where it is known. */
  readonly nextSeq: number | undefined;
  /** Set where another message than the one that was read has its number. */
  readonly isReplaced: boolean;
}

interface Missed {
  readonly kind: 'nats-recreated' | 'nats-trimmed';
  readonly detail: string;
  /** When the durable consumer was last read, ms since the epoch; undefined where this run was reading. */
  readonly sinceMs: number | undefined;
}

/** Set where this is not the stream that was read before: it has to be read from its first message on. */
function findRecreated(
  { created, state }: StreamInfo,
  seen: SeenStream | undefined,
  durable: ConsumerInfo | undefined,
): Missed | undefined {
  const recreated = (detail: string, sinceMs?: number): Missed => ({
    kind: 'nats-recreated',
    detail,
    sinceMs,
  });
  if (seen !== undefined && created !== seen.created) {
    return recreated(`created at ${created}, before at ${seen.created}`);
  }
  const { readSeq = 0, isReplaced } = seen ?? {};
  if (isReplaced) return recreated(`message ${readSeq} is another one than before`);
  if (state.last_seq < readSeq) return recreated(describeEnd(state.last_seq, readSeq));
  if (!isAhead(durable, state)) return undefined;
  return recreated(describeEnd(state.last_seq, durable.delivered.stream_seq), lastReadAtMs(durable));
}

/** True for a consumer to which messages were delivered that the stream does not have any more. */
function isAhead(
  durable: ConsumerInfo | undefined,
  { last_seq: lastSeq }: StreamInfo['state'],
): durable is ConsumerInfo {
  return durable !== undefined && durable.delivered.stream_seq > lastSeq;
}

/** Set where the stream dropped what comes next before it was read. */
function findTrimmed(
  { state }: StreamInfo,
  seen: SeenStream | undefined,
  durable: ConsumerInfo | undefined,
): Missed | undefined {
  const nextSeq = seen?.nextSeq ?? findNextSeq(durable);
  if (nextSeq === undefined || state.first_seq <= nextSeq || isFiltered(durable)) return undefined;
  const sinceMs = seen === undefined && durable !== undefined ? lastReadAtMs(durable) : undefined;
  return { kind: 'nats-trimmed', detail: describeTrimmed(nextSeq, state.first_seq), sinceMs };
}

/** Where a durable consumer goes on, as far as that can be known. */
function findNextSeq(durable: ConsumerInfo | undefined): number | undefined {
  if (durable === undefined) return undefined;
  const { config, delivered, ack_floor: acknowledged, num_ack_pending: pending } = durable;
  const doneSeq = pending === 0 ? delivered.stream_seq : acknowledged.stream_seq;
  // Before the first acknowledgement the server says 0, wherever the consumer began.
  return doneSeq === 0 && pending > 0 ? config.opt_start_seq : doneSeq + 1;
}

/** True for a consumer that gets some subjects only: numbers are missing between its messages. */
export function isFiltered(consumer: ConsumerInfo | undefined): boolean {
  const { filter_subject: one, filter_subjects: several } = consumer?.config ?? {};
  return one !== undefined || several !== undefined;
}

export const describeTrimmed = (fromSeq: number, toSeq: number): string =>
  `messages ${fromSeq} to ${toSeq - 1} are gone`;

const describeEnd = (lastSeq: number, readSeq: number): string =>
  `it ends with message ${lastSeq}, and message ${readSeq} was read`;

function lastReadAtMs({ created, ack_floor: acknowledged }: ConsumerInfo): number {
  // A time as text, whatever the types of the client say; there is none before the first acknowledgement.
  return Date.parse(String(acknowledged.last_active ?? created));
}

/** Where to begin: with what comes from now on, after a time (ms since the epoch), or at a message's number. */
export type StartPlace =
  | { readonly kind: 'new' }
  | { readonly kind: 'time'; readonly atMs: number }
  | { readonly kind: 'seq'; readonly seq: number };

export interface WantedConsumer {
  readonly stream: string;
  readonly durable: string | undefined;
  readonly start: StartPlace;
}

export interface FoundConsumer {
  readonly consumer: Consumer;
  /** When the stream was created, as the server writes it. */
  readonly created: string;
  /** What this reader will not see any more. */
  readonly missed: Missed | undefined;
  /** The number of the message that comes first, where it is known. */
  readonly nextSeq: number | undefined;
  /** Messages that an earlier reader got and did not acknowledge, all of them up to `deliveredSeq`. */
  readonly unacknowledged: number;
  readonly deliveredSeq: number;
  /** After so long without a word the server delivers a message again, in ms; undefined: it never does. */
  readonly ackWaitMs: number | undefined;
  /** A durable that was there before: it goes on where it stopped, whatever was asked for. */
  readonly isResumed: boolean;
  /** It gets some subjects only: numbers are missing between its messages. */
  readonly isFiltered: boolean;
}

/** Of durables that are made here. */
const ACK_WAIT_MS = 10_000;
const MAX_UNACKNOWLEDGED = 1_024;
const NANOS_PER_MS = 1e6;

/**
 * Finds or creates the consumer, so that it continues after what was read before.
 *
 * @param seen undefined for the first connection of the run
 * @throws what the client throws
 */
export async function findConsumer(
  connection: NatsConnection,
  { stream, durable, start }: WantedConsumer,
  seen: SeenStream | undefined,
  timeoutMs: number,
): Promise<FoundConsumer> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: timeoutMs });
  const js = manager.jetstream();
  const info = await manager.streams.info(stream);
  const { created, state } = info;
  const known = durable === undefined ? undefined : await readConsumer(manager, stream, durable);
  const recreated = findRecreated(info, seen, known);
  const missed = recreated ?? findTrimmed(info, seen, known);
  const place = recreated === undefined ? findPlace(start, seen, info) : FIRST_MESSAGE;
  const placeSeq = place.kind === 'seq' ? place.seq : undefined;
  if (durable === undefined) {
    const consumer = await js.consumers.get(stream, makeStart(place));
    const none = { unacknowledged: 0, deliveredSeq: 0, ackWaitMs: undefined };
    const nextSeq = atLeast(state.first_seq, placeSeq);
    return { consumer, created, missed, nextSeq, ...none, isResumed: false, isFiltered: false };
  }
  // To one that is ahead the server delivers nothing until the stream has as many messages again.
  const isUseless = known !== undefined && (isAhead(known, state) || seen?.isReplaced === true);
  if (isUseless) await manager.consumers.delete(stream, durable);
  const resumed = isUseless ? undefined : known;
  const used =
    resumed ??
    (await addConsumer(manager, stream, durable, {
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      max_ack_pending: MAX_UNACKNOWLEDGED,
      ...configOf(known),
      ...makeStart(place),
    }));
  const { config, num_ack_pending: unacknowledged, delivered } = used;
  return {
    consumer: await js.consumers.get(stream, durable),
    created,
    missed,
    nextSeq: atLeast(state.first_seq, resumed === undefined ? placeSeq : findNextSeq(resumed)),
    unacknowledged,
    deliveredSeq: delivered.stream_seq,
    ackWaitMs: config.ack_policy === AckPolicy.None ? undefined : (config.ack_wait ?? 30e9) / NANOS_PER_MS,
    isResumed: resumed !== undefined,
    isFiltered: isFiltered(used),
  };
}

type Place = Exclude<StartPlace, { kind: 'new' }>;

const FIRST_MESSAGE: Place = { kind: 'seq', seq: 1 };

/** The message that was read last comes again, to be compared: see SeenStream. */
function findPlace(start: StartPlace, seen: SeenStream | undefined, { state }: StreamInfo): Place {
  const seq = seen?.readSeq ?? seen?.nextSeq;
  if (seq !== undefined) return { kind: 'seq', seq };
  return start.kind === 'new' ? { kind: 'seq', seq: state.last_seq + 1 } : start;
}

/** The configuration of a consumer without its start. */
function configOf(known: ConsumerInfo | undefined): Partial<ConsumerConfig> {
  const { opt_start_seq: _seq, opt_start_time: _time, ...config } = known?.config ?? {};
  return config;
}

function atLeast(firstSeq: number, seq: number | undefined): number | undefined {
  return seq === undefined ? undefined : Math.max(firstSeq, seq);
}

/** Creates a durable consumer, unless another reader created it a moment before. */
async function addConsumer(
  manager: JetStreamManager,
  stream: string,
  durable: string,
  config: Partial<ConsumerConfig>,
): Promise<ConsumerInfo> {
  try {
    return await manager.consumers.add(stream, { ...config, durable_name: durable });
  } catch (error) {
    const other = await readConsumer(manager, stream, durable);
    if (other === undefined) throw error;
    return other;
  }
}

async function readConsumer(
  manager: JetStreamManager,
  stream: string,
  durable: string,
): Promise<ConsumerInfo | undefined> {
  try {
    return await manager.consumers.info(stream, durable);
  } catch (error) {
    const isMissing = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound;
    if (isMissing) return undefined;
    throw error;
  }
}

type Start = Pick<OrderedConsumerOptions, 'deliver_policy'> &
  Partial<Pick<OrderedConsumerOptions, 'opt_start_seq' | 'opt_start_time'>>;

function makeStart(place: Place): Start {
  return place.kind === 'seq'
    ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: place.seq }
    : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(place.atMs).toISOString() };
}
