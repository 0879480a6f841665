// The consumer through which a stream is read: one that the server forgets, or a durable one that remembers.
import {
  AckPolicy,
  type Consumer,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import type { StartPlace } from '../config/from-config.ts';

export interface WantedConsumer {
  readonly stream: string;
  readonly durable: string | undefined;
  readonly start: StartPlace;
}

export interface FoundConsumer {
  readonly consumer: Consumer;
  /** The number of the message that comes first, where it is known. */
  readonly nextSeq: number | undefined;
  /** Messages that an earlier reader got and did not acknowledge, all of them up to `deliveredSeq`. */
  readonly unacknowledged: number;
  readonly deliveredSeq: number;
  /** After so long without a word the server delivers a message again, in ms; undefined: it never does. */
  readonly ackWaitMs: number | undefined;
  /** A durable that was there before: it goes on where it stopped, whatever was asked for. */
  readonly isResumed: boolean;
}

/** Of durables that are made here. */
const ACK_WAIT_MS = 10_000;
const MAX_UNACKNOWLEDGED = 1_024;
const NANOS_PER_MS = 1e6;

/** Finds or makes the consumer. @throws what the client throws */
export async function findConsumer(
  connection: NatsConnection,
  { stream, durable, start }: WantedConsumer,
  timeoutMs: number,
): Promise<FoundConsumer> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: timeoutMs });
  const js = manager.jetstream();
  if (durable === undefined) {
    const { state } = await manager.streams.info(stream);
    const place: StartPlace = start.kind === 'new' ? { kind: 'seq', seq: state.last_seq + 1 } : start;
    const consumer = await js.consumers.get(stream, makeStart(place));
    const nextSeq = place.kind === 'seq' ? place.seq : undefined;
    return { consumer, nextSeq, unacknowledged: 0, deliveredSeq: 0, ackWaitMs: undefined, isResumed: false };
  }
  const known = await readConsumer(manager, stream, durable);
  const info =
    known ??
    (await manager.consumers.add(stream, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      max_ack_pending: MAX_UNACKNOWLEDGED,
      ...makeStart(start),
    }));
  const { config, num_ack_pending: unacknowledged, delivered } = info;
  return {
    consumer: await js.consumers.get(stream, durable),
    nextSeq: undefined,
    unacknowledged,
    deliveredSeq: delivered.stream_seq,
    ackWaitMs: config.ack_policy === AckPolicy.None ? undefined : (config.ack_wait ?? 30e9) / NANOS_PER_MS,
    isResumed: known !== undefined,
  };
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

interface Start {
  readonly deliver_policy: DeliverPolicy;
  readonly opt_start_seq?: number;
  readonly opt_start_time?: string;
}

function makeStart(start: StartPlace): Start {
  switch (start.kind) {
    case 'new':
      return { deliver_policy: DeliverPolicy.New };
    case 'seq':
      return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start.seq };
    case 'time':
      return {
        deliver_policy: DeliverPolicy.StartTime,
        opt_start_time: new Date(start.atMs).toISOString(),
      };
  }
}
