// CloudEvents 1.0: the attributes of an event, its JSON format with the event's own text as `data`, and its headers in
// NATS messages (NATS protocol binding, binary mode).
import { createTimestampReader, DEFAULT_LAG_PATHS } from '../events/event-time.ts';
import { createTypeReader } from '../events/event-type.ts';
import { BYTE_ORDER_MARK_LENGTH, MESSAGE } from '../events/message-text.ts';
import { type IdentifyRecord, LIFECYCLE_MARK } from './sink.ts';
import type { SpoolRecord } from './spool/record.ts';

/** In the order in which they are sent. */
interface CloudEventAttributes {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** When the event happened, if it contains a time. */
  readonly time?: string;
  readonly datacontenttype: 'application/json';
}

export type DescribeEvent = (record: SpoolRecord) => CloudEventAttributes;

const TYPES = { none: 'atlantis.event', lifecycle: 'atlantis.lifecycle' } as const;
/** A longer type is cut, because it has to fit into a header. */
const MAX_TYPE_LENGTH = 200;
/** RFC 3339 has years of four digits; ISO 8601 puts a sign before longer and earlier ones. */
const IS_RFC3339 = /^\d/;
/** Characters that a String of CloudEvents must not contain; Cs is a lone surrogate. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu;

/** The same event has the same attributes from every relay and in every attempt; `source` and `id` identify it. */
export function createEventDescriber(source: string, identify: IdentifyRecord): DescribeEvent {
  const readType = createTypeReader();
  const readTimeMs = createTimestampReader(DEFAULT_LAG_PATHS);
  return (record) => {
    const isLifecycle = record.mark === LIFECYCLE_MARK;
    const timeMs = readTimeMs(record.text);
    const time = timeMs === undefined ? '' : new Date(timeMs).toISOString();
    return {
      specversion: '1.0',
      id: identify(record),
      source,
      type: isLifecycle ? TYPES.lifecycle : cleanType(readType(record.text)),
      ...(IS_RFC3339.test(time) ? { time } : {}),
      datacontenttype: 'application/json',
    };
  };
}

function cleanType(type = ''): string {
  if (type === '') return TYPES.none;
  return type.slice(0, MAX_TYPE_LENGTH).replace(FORBIDDEN, '\ufffd');
}

/** Copies the text instead of parsing it, so that its numbers stay as sent. */
export function wrapEvent(record: SpoolRecord, describe: DescribeEvent): Buffer {
  const head = JSON.stringify(describe(record)).slice(0, -1);
  return Buffer.concat([Buffer.from(`${head},"data":`), toTransmittedJson(record), Buffer.from('}')]);
}

/** Removes the byte order mark, which transmitted JSON must not have (RFC 8259 § 8.1). */
export function toTransmittedJson({ mark, text }: SpoolRecord): Buffer {
  return (mark & MESSAGE.byteOrderMark) === 0 ? text : text.subarray(BYTE_ORDER_MARK_LENGTH);
}

export function makeEventHeaders(attributes: CloudEventAttributes): (readonly [string, string])[] {
  return Object.entries(attributes).map(([name, value]) => [`ce-${name}`, encodeHeader(value)]);
}

/** The binding encodes spaces, quotes, percent signs and everything beyond printable ASCII. */
function encodeHeader(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]+/g, (part) =>
    Buffer.from(part).toString('hex').toUpperCase().replace(/../g, '%$&'),
  );
}
