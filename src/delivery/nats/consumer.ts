// The consumer that reads a stream, ephemeral or durable, and the messages that the reader missed because the stream
// dropped them or was recreated.
import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type JsMsg,
  jetstreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';
import { millis, type NatsConnection, nanos } from '@nats-io/transport-node';
import type { Clock } from '../../clock.ts';
import { STREAM_DETAILS } from './messages.ts';

/** The stream as earlier connections of this run saw it. */
export interface SeenStream {
  /** As the server writes it. A stream with another creation time is another stream. */
  readonly created: string;
  /** The sequence number of the last message that was read. */
  readonly readSeq: number | undefined;
  readonly nextSeq: number | undefined;
  /** Another message has the sequence number `readSeq`. */
  readonly isReplaced: boolean;
}

interface MissedMessages {
  readonly kind: 'nats-recreated' | 'nats-trimmed';
  readonly detail: string;
  /** When the durable consumer was last read, ms since the epoch; undefined if it was read by this run. */
  readonly sinceMs: number | undefined;
}

/** Undefined unless the stream was recreated after it was last read. */
function findRecreated(
  { created, state }: StreamInfo,
  seen: SeenStream | undefined,
  durable: ConsumerInfo | undefined,
): MissedMessages | undefined {
  const recreated = (detail: string, sinceMs?: number): MissedMessages => ({
    kind: 'nats-recreated',
    detail,
    sinceMs,
  });
  if (seen !== undefined && created !== seen.created) {
    return recreated(STREAM_DETAILS.recreated(created, seen.created));
  }
  const { readSeq = 0, isReplaced } = seen ?? {};
  if (isReplaced) return recreated(STREAM_DETAILS.replaced(readSeq));
  if (state.last_seq < readSeq) return recreated(STREAM_DETAILS.shorter(state.last_seq, readSeq));
  if (!isAhead(durable, state)) return undefined;
  const detail = STREAM_DETAILS.shorter(state.last_seq, durable.delivered.stream_seq);
  return recreated(detail, lastReadAtMs(durable));
}

function isAhead(
  durable: ConsumerInfo | undefined,
  { last_seq: lastSeq }: StreamInfo['state'],
): durable is ConsumerInfo {
  return durable !== undefined && durable.delivered.stream_seq > lastSeq;
}

/** Undefined unless the stream dropped messages before they were read. */
function findTrimmed(
  { state }: StreamInfo,
  seen: SeenStream | undefined,
  durable: ConsumerInfo | undefined,
): MissedMessages | undefined {
  const nextSeq = seen?.nextSeq ?? findNextSeq(durable);
  if (nextSeq === undefined || state.first_seq <= nextSeq || isFiltered(durable)) return undefined;
  const sinceMs = seen === undefined && durable !== undefined ? lastReadAtMs(durable) : undefined;
  return { kind: 'nats-trimmed', detail: STREAM_DETAILS.trimmed(nextSeq, state.first_seq), sinceMs };
}

/** The sequence number at which a durable consumer resumes, if known. */
function findNextSeq(durable: ConsumerInfo | undefined): number | undefined {
  if (durable === undefined) return undefined;
  const { config, delivered, ack_floor: acknowledged, num_ack_pending: pending } = durable;
  const doneSeq = pending === 0 ? delivered.stream_seq : acknowledged.stream_seq;
  // `ack_floor` is 0 before the first acknowledgement, wherever the consumer began.
  return doneSeq === 0 && pending > 0 ? config.opt_start_seq : doneSeq + 1;
}

function isFiltered(consumer: ConsumerInfo | undefined): boolean {
  const { filter_subject: one, filter_subjects: several } = consumer?.config ?? {};
  return one !== undefined || several !== undefined;
}

function lastReadAtMs({ created, ack_floor: acknowledged }: ConsumerInfo): number {
  // `last_active` is a text, unlike in the types of the client; undefined before the first acknowledgement.
  return Date.parse(String(acknowledged.last_active ?? created));
}

/** `atMs` is in ms since the epoch. */
export type StartPosition =
  | { readonly kind: 'new' }
  | { readonly kind: 'time'; readonly atMs: number }
  | { readonly kind: 'seq'; readonly seq: number };

export interface WantedConsumer {
  readonly stream: string;
  readonly durable: string | undefined;
  readonly start: StartPosition;
}

export interface FoundConsumer {
  readonly consumer: Consumer;
  /** The creation time of the stream, as the server writes it. */
  readonly created: string;
  readonly missed: MissedMessages | undefined;
  /** The sequence number of the first message to read, if known. */
  readonly nextSeq: number | undefined;
  /** Number of messages up to `deliveredSeq` that an earlier reader did not acknowledge. */
  readonly unacknowledged: number;
  readonly deliveredSeq: number;
  /** The server redelivers a message that is not acknowledged for this long; undefined: never. */
  readonly ackWaitMs: number | undefined;
  /** The durable consumer existed. It resumes where it stopped, whatever `start` says. */
  readonly isResumed: boolean;
  /** The consumer gets only some subjects, so its sequence numbers are not consecutive. */
  readonly isFiltered: boolean;
}

/** Settings of the durable consumers that this client creates. */
const ACK_WAIT_MS = 10_000;
const MAX_UNACKNOWLEDGED = 1_024;

/**
 * @param seen undefined for the first connection of the run
 * @throws the errors of the client
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
  const from = recreated === undefined ? resolveStart(start, seen, info) : FIRST_MESSAGE;
  const fromSeq = from.kind === 'seq' ? from.seq : undefined;
  if (durable === undefined) {
    const consumer = await js.consumers.get(stream, makeStartOptions(from));
    const none = { unacknowledged: 0, deliveredSeq: 0, ackWaitMs: undefined };
    const nextSeq = atLeast(state.first_seq, fromSeq);
    return { consumer, created, missed, nextSeq, ...none, isResumed: false, isFiltered: false };
  }
  // The server delivers nothing to a consumer that is ahead of its stream.
  const isUseless = known !== undefined && (isAhead(known, state) || seen?.isReplaced === true);
  if (isUseless) await manager.consumers.delete(stream, durable);
  const resumed = isUseless ? undefined : known;
  const used =
    resumed ??
    (await addConsumer(manager, stream, durable, {
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      max_ack_pending: MAX_UNACKNOWLEDGED,
      ...configWithoutStart(known),
      ...makeStartOptions(from),
    }));
  const { config, num_ack_pending: unacknowledged, delivered } = used;
  return {
    consumer: await js.consumers.get(stream, durable),
    created,
    missed,
    nextSeq: atLeast(state.first_seq, resumed === undefined ? fromSeq : findNextSeq(resumed)),
    unacknowledged,
    deliveredSeq: delivered.stream_seq,
    ackWaitMs: config.ack_policy === AckPolicy.None ? undefined : millis(config.ack_wait ?? 30e9),
    isResumed: resumed !== undefined,
    isFiltered: isFiltered(used),
  };
}

type ResolvedStart = Exclude<StartPosition, { kind: 'new' }>;

const FIRST_MESSAGE: ResolvedStart = { kind: 'seq', seq: 1 };

/** After a reconnect, the last message that was read is delivered again, so that it can be compared. */
function resolveStart(
  start: StartPosition,
  seen: SeenStream | undefined,
  { state }: StreamInfo,
): ResolvedStart {
  const seq = seen?.readSeq ?? seen?.nextSeq;
  if (seq !== undefined) return { kind: 'seq', seq };
  return start.kind === 'new' ? { kind: 'seq', seq: state.last_seq + 1 } : start;
}

function configWithoutStart(known: ConsumerInfo | undefined): Partial<ConsumerConfig> {
  const { opt_start_seq: _seq, opt_start_time: _time, ...config } = known?.config ?? {};
  return config;
}

function atLeast(firstSeq: number, seq: number | undefined): number | undefined {
  return seq === undefined ? undefined : Math.max(firstSeq, seq);
}

/** Another reader may have created the consumer a moment before. */
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

function makeStartOptions(from: ResolvedStart) {
  return from.kind === 'seq'
    ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.seq }
    : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(from.atMs).toISOString() };
}

/**
 * Sorts the first messages of a durable consumer, because the server delivers unacknowledged messages after newer ones.
 * All messages are held until the unacknowledged ones have arrived, but at most for the ack wait plus one second.
 * Another reader may get the unacknowledged ones instead.
 */
export function createInitialOrder(
  { unacknowledged, deliveredSeq, ackWaitMs = 0 }: FoundConsumer,
  clock: Clock,
  onRelease: (messages: readonly JsMsg[]) => void,
) {
  let missing = unacknowledged;
  let held: JsMsg[] | undefined = missing > 0 ? [] : undefined;
  const release = (): readonly JsMsg[] => {
    cancel();
    const messages = (held ?? []).sort((a, b) => a.seq - b.seq);
    held = undefined;
    return messages;
  };
  const cancel =
    held === undefined ? () => {} : clock.setTimer(() => onRelease(release()), ackWaitMs + 1_000);
  return {
    take(message: JsMsg): readonly JsMsg[] {
      if (held === undefined) return [message];
      held.push(message);
      if (message.seq <= deliveredSeq) missing -= 1;
      return missing > 0 ? [] : release();
    },
    cancel,
  };
}
