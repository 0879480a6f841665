// The lines of a recording: each run begins with a header, followed by events in envelopes and lifecycle records
// (docs/envelope.schema.json). Nothing here throws.
import { matchTokens, trimLineEnd } from '../events/json-line.ts';
import { MESSAGE } from '../events/message-text.ts';
import { classifyText } from '../events/scanner.ts';
import { makeSafeLine } from '../render/ndjson.ts';

/** Version of the format; raised by every incompatible change. */
const RECORDING_VERSION = 1;

/** The line that begins each run of a recording. */
export function makeHeader(startedAtMs: number, tool: string): Buffer {
  const header = { recording: RECORDING_VERSION, started_at: new Date(startedAtMs).toISOString(), tool };
  return Buffer.from(`${JSON.stringify(header)}\n`);
}

const HEADER = matchTokens('\\{', '"recording"', ':');
const LIFECYCLE = matchTokens('\\{', '"lifecycle"', ':');
const ENVELOPE = matchTokens(
  ...['\\{', '"received_at"', ':', '"([^"]*)"', ',', '"seq"', ':', '\\d+', ','],
  ...['"connection"', ':', '(\\d+)', ',', '"event"', ':'],
);

/** The start of the run, ms since the epoch, if this line is a header. */
export function readHeader(line: Uint8Array): number | undefined {
  const text = Buffer.from(line).toString('utf8');
  if (!HEADER.test(text)) return undefined;
  try {
    const startedAtMs = Date.parse(String(JSON.parse(text).started_at));
    return Number.isNaN(startedAtMs) ? undefined : startedAtMs;
  } catch {
    return undefined;
  }
}

type RecordedLine =
  | {
      readonly kind: 'event';
      readonly receivedAtMs: number;
      readonly connection: number;
      /** The server's text, line-safe, and its MESSAGE bits. */
      readonly text: Buffer;
      readonly flags: number;
    }
  /** `text` is line-safe. */
  | { readonly kind: 'lifecycle'; readonly text: Buffer }
  | { readonly kind: 'header' | 'empty' }
  | { readonly kind: 'damaged'; readonly why: string };

/** Enough for the start of an envelope, unless another program added much white space. */
const USUAL_ENVELOPE_BYTES = 200;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');
const CLOSE_OBJECT = 0x7d;

/** Reads one line, without its line feed. */
export function readLine(bytes: Buffer): RecordedLine {
  // Other programs may have added a byte order mark to a file, or to each of several.
  const hasMark = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  const line = trimLineEnd(hasMark ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes);
  if (line.length === 0) return { kind: 'empty' };
  const [start = '', receivedAt = '', connection = ''] =
    ENVELOPE.exec(line.toString('latin1', 0, USUAL_ENVELOPE_BYTES)) ??
    ENVELOPE.exec(line.toString('latin1')) ??
    [];
  if (start === '') return readOther(line);
  if (line.at(-1) !== CLOSE_OBJECT) return { kind: 'damaged', why: 'it is truncated' };
  const text = line.subarray(start.length, -1);
  const flags = classifyText(text);
  if (flags < 0) return { kind: 'damaged', why: describeFault(flags) };
  const receivedAtMs = Date.parse(receivedAt);
  if (Number.isNaN(receivedAtMs)) return { kind: 'damaged', why: 'its received_at is not a timestamp' };
  return { kind: 'event', receivedAtMs, connection: Number(connection), text, flags };
}

function readOther(line: Buffer): RecordedLine {
  const flags = classifyText(line);
  if (flags < 0) return { kind: 'damaged', why: describeFault(flags) };
  const text = line.toString('latin1');
  if (LIFECYCLE.test(text)) return { kind: 'lifecycle', text: makeSafeLine(line, flags) };
  if (HEADER.test(text)) return { kind: 'header' };
  return { kind: 'damaged', why: 'it is plain JSON, not a recorded event' };
}

const describeFault = (flags: number): string =>
  flags === MESSAGE.notUtf8 ? 'it is not UTF-8' : 'it is not JSON';
