// W3C Trace Context (level 1): the `traceparent` of a delivery.
//
// All attempts to deliver a unit, from any relay, belong to the same trace. Its id is that of the event's
// `traceparent`, or is derived from the key of the unit. Each attempt is a span of its own.
import { randomBytes } from 'node:crypto';
import { sha256 } from '../events/event-id.ts';
import { createScalarReader } from '../events/seek-path.ts';
import type { SpoolRecord } from './spool/record.ts';

export interface TraceContext {
  readonly traceId: string;
  /** Two hexadecimal digits. */
  readonly flags: string;
}

/** @param record undefined for a unit in batch format */
export type FindTrace = (key: string, record: SpoolRecord | undefined) => TraceContext;

const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})(?<traceId>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-(?<flags>[0-9a-f]{2})(?:$|-)/;
/** The default. With `00`, receivers that follow the sender's decision would record nothing. */
const SAMPLED = '01';

export function createTraceFinder(): FindTrace {
  const read = createScalarReader([{ kind: 'member', name: 'traceparent' }]);
  return (key, record) => {
    const { traceId, flags } = TRACEPARENT.exec((record && read(record.text)) ?? '')?.groups ?? {};
    if (traceId === undefined) return { traceId: sha256(key).slice(0, 32), flags: SAMPLED };
    // Only the lowest flag is defined.
    return { traceId, flags: Number.parseInt(flags ?? '', 16) % 2 === 1 ? SAMPLED : '00' };
  };
}

export function makeTraceparent({ traceId, flags }: TraceContext): string {
  return `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}`;
}
