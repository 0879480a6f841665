// The lines of a recording: each run begins with a header, followed by events in envelopes and lifecycle records
// (docs/envelope.schema.json). Nothing here throws.
import { readTimestampMs } from '../events/event-time.ts';
import { matchTokens, readMembers, trimLineEnd } from '../events/json-line.ts';
import { MESSAGE } from '../events/message-text.ts';
import { CLOSE_OBJECT } from '../events/scan-constants.ts';
import { classifyText } from '../events/scanner.ts';
import { makeNames } from '../events/seek.ts';
import { makeSafeLine } from '../render/ndjson.ts';
import { LINE_FAULTS } from './messages.ts';

/** The longest line: an envelope with an event of 16 MiB whose bytes are each escaped as six bytes. */
export const MAX_LINE_BYTES = (6 * 16 + 1) * 1024 * 1024;
/** Version of the format; incremented by every incompatible change. */
const RECORDING_VERSION = 1;

export function makeHeader(startedAtMs: number, tool: string): Buffer {
  const header = { recording: RECORDING_VERSION, started_at: new Date(startedAtMs).toISOString(), tool };
  return Buffer.from(`${JSON.stringify(header)}\n`);
}

const HEADER = matchTokens('\\{', '"recording"', ':');
const LIFECYCLE = matchTokens('\\{', '"lifecycle"', ':');
const ENVELOPE = matchTokens(
  ...['\\{', '"received_at"', ':', '"([^"]*)"', ',', '"seq"', ':', '(\\d+)', ','],
  ...['"connection"', ':', '(\\d+)', ',', '"event"', ':'],
);

/** For lines whose members are in another order. */
const HEADER_MEMBERS = makeNames(['recording', 'started_at', 'tool']);
const LIFECYCLE_MEMBERS = makeNames(['lifecycle', 'envelope']);
const ENVELOPE_MEMBERS = makeNames(['received_at', 'seq', 'connection', 'event']);
const LIFECYCLE_KIND = makeNames(['lifecycle']);
const GAP_TIMES = makeNames(['from', 'to']);

/**
 * The start time of a recording in ms since the epoch; undefined if this is not a line of a recording.
 *
 * @param bytes the first line: a header, unless another program truncated the file while an event was written
 */
export function readStartTime(bytes: Buffer): number | undefined {
  const line = readLine(bytes);
  if (line.kind === 'event') return line.receivedAtMs;
  return line.kind === 'header' || line.kind === 'lifecycle' ? line.atMs : undefined;
}

export type RecordedLine =
  | {
      readonly kind: 'event';
      readonly receivedAtMs: number;
      readonly connection: number;
      /** The server's text, line-safe, and its MESSAGE bits. */
      readonly text: Buffer;
      readonly flags: number;
    }
  | {
      readonly kind: 'lifecycle';
      /** Line-safe. */
      readonly text: Buffer;
      /** Ms since the epoch; undefined if the line has no time. */
      readonly atMs: number | undefined;
      /** The duration of a gap, 0 if it is not known; undefined for another record. */
      readonly gapMs: number | undefined;
    }
  | { readonly kind: 'header'; readonly atMs: number | undefined }
  /** JSON that is not a line of a recording: an event without a receive time. */
  | { readonly kind: 'plain'; readonly text: Buffer; readonly flags: number }
  | { readonly kind: 'empty' }
  | { readonly kind: 'damaged'; readonly why: string };

/** Enough for the start of an envelope, unless another program added much white space. */
const USUAL_ENVELOPE_BYTES = 200;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** @param bytes one line without its line feed */
export function readLine(bytes: Buffer): RecordedLine {
  const line = trimLine(bytes);
  if (line.length === 0) return { kind: 'empty' };
  const [start = '', receivedAt = '', , connection = ''] =
    ENVELOPE.exec(line.toString('latin1', 0, USUAL_ENVELOPE_BYTES)) ??
    ENVELOPE.exec(line.toString('latin1')) ??
    [];
  if (start === '') return readOther(line);
  if (line.at(-1) !== CLOSE_OBJECT) return { kind: 'damaged', why: LINE_FAULTS.truncated };
  return makeEvent(line.subarray(start.length, -1), receivedAt, connection);
}

/** The start of a line with an event, up to the event. */
interface Envelope {
  readonly receivedAtMs: number;
  readonly connection: number;
  /** Bytes before the sequence number, and bytes between the sequence number and the event. */
  readonly head: number;
  readonly tail: number;
  /** Whether the head is as this program writes it. */
  readonly isUsual: boolean;
}

const USUAL_HEAD = /^\{"received_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","seq":$/;

/** Undefined for a line without an envelope, and for an unusually long envelope. */
export function readEnvelope(line: Buffer): Envelope | undefined {
  const [start = '', receivedAt = '', seq = '', connection = ''] =
    ENVELOPE.exec(line.toString('latin1', 0, USUAL_ENVELOPE_BYTES)) ?? [];
  if (start === '') return undefined;
  const receivedAtMs = parseReceivedAt(receivedAt);
  if (Number.isNaN(receivedAtMs)) return undefined;
  const head = start.lastIndexOf(seq, start.lastIndexOf('"connection"'));
  const tail = start.length - head - seq.length;
  const isUsual = USUAL_HEAD.test(start.slice(0, head));
  return { receivedAtMs, connection: Number(connection), head, tail, isUsual };
}

function makeEvent(text: Buffer, receivedAt: string, connection: string): RecordedLine {
  const flags = classifyText(text);
  if (flags < 0) return { kind: 'damaged', why: nameFault(flags) };
  const receivedAtMs = parseReceivedAt(receivedAt);
  if (Number.isNaN(receivedAtMs)) return { kind: 'damaged', why: LINE_FAULTS.noTime };
  return { kind: 'event', receivedAtMs, connection: Number(connection), text, flags };
}

/** In plain NDJSON, all JSON is an event, even if it looks like a line of a recording. */
export function readPlainLine(bytes: Buffer): RecordedLine {
  const text = trimLine(bytes);
  if (text.length === 0) return { kind: 'empty' };
  const flags = classifyText(text);
  return flags < 0 ? { kind: 'damaged', why: nameFault(flags) } : { kind: 'plain', text, flags };
}

/** Other programs may have added a byte order mark. Joined files can contain several. */
function trimLine(bytes: Buffer): Buffer {
  const hasMark = bytes[0] === BYTE_ORDER_MARK[0] && bytes.indexOf(BYTE_ORDER_MARK) === 0;
  return trimLineEnd(hasMark ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes);
}

function readOther(line: Buffer): RecordedLine {
  const flags = classifyText(line);
  if (flags < 0) return { kind: 'damaged', why: nameFault(flags) };
  const text = line.toString('latin1');
  if (LIFECYCLE.test(text) || readMembers(line, LIFECYCLE_MEMBERS) !== undefined)
    return {
      kind: 'lifecycle',
      text: makeSafeLine(line, flags),
      atMs: readTime(text),
      gapMs: readGapMs(line),
    };
  if (HEADER.test(text) || readMembers(line, HEADER_MEMBERS) !== undefined)
    return { kind: 'header', atMs: readTime(text) };
  return readReordered(line) ?? { kind: 'plain', text: line, flags };
}

/** An event in an envelope whose members are in another order. */
function readReordered(line: Buffer): RecordedLine | undefined {
  const [receivedAt, seq, connection, event] = readMembers(line, ENVELOPE_MEMBERS) ?? [];
  const [, time] = /^"([^"]*)"$/.exec(String(receivedAt)) ?? [];
  const isNumbered = [seq, connection].every((value) => /^\d+$/.test(String(value)));
  return event === undefined || time === undefined || !isNumbered
    ? undefined
    : makeEvent(event, time, String(connection));
}

let lastReceivedAt = '';
let lastReceivedAtMs = Number.NaN;

/** Keeps the last time, because events that arrived together have the same time. */
function parseReceivedAt(text: string): number {
  if (text !== lastReceivedAt) lastReceivedAtMs = Date.parse(text);
  lastReceivedAt = text;
  return lastReceivedAtMs;
}

const TIME = /"(?:started_at|at|from)"[ \t\r]*:[ \t\r]*"([^"]*)"/;

function readTime(text: string): number | undefined {
  const atMs = Date.parse(TIME.exec(text)?.[1] ?? '');
  return Number.isNaN(atMs) ? undefined : atMs;
}

function readGapMs(line: Buffer): number | undefined {
  const [kind] = readMembers(line, LIFECYCLE_KIND) ?? [];
  if (String(kind) !== '"gap"') return undefined;
  const times = readMembers(line, GAP_TIMES) ?? [];
  const [fromMs, toMs] = times.map((time) => readTimestampMs(String(time)));
  return fromMs === undefined || toMs === undefined ? 0 : Math.max(0, toMs - fromMs);
}

const nameFault = (flags: number): string =>
  flags === MESSAGE.notUtf8 ? LINE_FAULTS.notUtf8 : LINE_FAULTS.notJson;
