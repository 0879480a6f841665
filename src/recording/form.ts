// The form of a recording: lines of JSON. A header begins each run, an envelope holds an event as the server sent
// it, lifecycle records stand between them (docs/envelope.schema.json). Pure: bytes in, values out, never throws.

import { matchTokens, trimLineEnd } from '../events/json-line.ts';
import { MESSAGE } from '../events/message-text.ts';
import { classifyText } from '../events/scanner.ts';
import { makeSafeLine } from '../render/ndjson.ts';

/** Version of the form; it grows with every change that is not an addition. */
export const RECORDING_VERSION = 1;

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

/** When the run began whose header this is, in ms since the epoch; undefined for any other line. */
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

/** What one line of a recording is. */
export type RecordedLine =
  | {
      readonly kind: 'event';
      readonly receivedAtMs: number;
      readonly connection: number;
      /** The server's own text, line-safe, and its MESSAGE bits. */
      readonly text: Buffer;
      readonly flags: number;
    }
  /** `text` is line-safe. */
  | { readonly kind: 'lifecycle'; readonly text: Buffer }
  | { readonly kind: 'header' | 'empty' }
  | { readonly kind: 'damaged'; readonly why: string };

/** More than the start of an envelope takes, unless another program added a lot of white space. */
const USUAL_ENVELOPE_BYTES = 200;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');
const CLOSE_OBJECT = 0x7d;

/** Reads one line, without its line feed. */
export function readLine(bytes: Buffer): RecordedLine {
  // Other programs may have put a mark before the first line of a file, or of one of several.
  const hasMark = bytes.indexOf(BYTE_ORDER_MARK) === 0;
  const line = trimLineEnd(hasMark ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes);
  if (line.length === 0) return { kind: 'empty' };
  const [start = '', receivedAt = '', connection = ''] =
    ENVELOPE.exec(line.toString('latin1', 0, USUAL_ENVELOPE_BYTES)) ??
    ENVELOPE.exec(line.toString('latin1')) ??
    [];
  if (start === '') return readOther(line);
  if (line.at(-1) !== CLOSE_OBJECT) return { kind: 'damaged', why: 'it is cut off' };
  const text = line.subarray(start.length, -1);
  const flags = classifyText(text);
  if (flags < 0) return { kind: 'damaged', why: nameFault(flags) };
  const receivedAtMs = Date.parse(receivedAt);
  if (Number.isNaN(receivedAtMs)) return { kind: 'damaged', why: 'its received_at is no time' };
  return { kind: 'event', receivedAtMs, connection: Number(connection), text, flags };
}

function readOther(line: Buffer): RecordedLine {
  const flags = classifyText(line);
  if (flags < 0) return { kind: 'damaged', why: nameFault(flags) };
  const text = line.toString('latin1');
  if (LIFECYCLE.test(text)) return { kind: 'lifecycle', text: makeSafeLine(line, flags) };
  if (HEADER.test(text)) return { kind: 'header' };
  return { kind: 'damaged', why: 'it is JSON, but no envelope' };
}

const nameFault = (flags: number): string =>
  flags === MESSAGE.notUtf8 ? 'it is not UTF-8' : 'it is not JSON';
