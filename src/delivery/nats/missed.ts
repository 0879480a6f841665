// What a reader of a stream will never see: messages that the stream dropped, or all that it kept before it was
// created again or restored from a backup under the same name. Its numbers then mean other messages. Pure.
import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream';

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

export interface Missed {
  readonly kind: 'nats-recreated' | 'nats-trimmed';
  readonly detail: string;
  /** When the durable consumer was last read, ms since the epoch; undefined where this run was reading. */
  readonly sinceMs: number | undefined;
}

/** Set where this is not the stream that was read before: it has to be read from its first message on. */
export function findRecreated(
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
export function isAhead(
  durable: ConsumerInfo | undefined,
  { last_seq: lastSeq }: StreamInfo['state'],
): durable is ConsumerInfo {
  return durable !== undefined && durable.delivered.stream_seq > lastSeq;
}

/** Set where the stream dropped what comes next before it was read. */
export function findTrimmed(
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
export function findNextSeq(durable: ConsumerInfo | undefined): number | undefined {
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
