// NDJSON, the format of pipes: the server's text of each event as one line that is safe on a terminal (contract O1,
// O5).
//
// Never parses or serializes, so numbers of any size, key order, duplicate keys and escapes stay as sent. In valid JSON
// a raw CR or LF is white space between tokens, and a character from DEL on is inside a string, so both can be
// replaced.
import { type Batch, firstLines, flagsOf, textOf } from '../events/batch.ts';
import { BYTE_ORDER_MARK_LENGTH, MESSAGE } from '../events/message-text.ts';
import { CARRIAGE_RETURN, LINE_FEED, SPACE } from '../events/scan-constants.ts';
import { escapeJsonCommands } from './ci-commands.ts';
import type { Renderer } from './renderer.ts';
import { escapeUnsafe } from './sanitize.ts';

/**
 * The event as one line without a line feed, equal as a JSON value. Unsafe characters become `\uXXXX` in lower-case
 * hex. The buffer `text` is never modified, and is returned if it is clean.
 *
 * @param flags the MESSAGE bits of `text`; never negative, because `text` is an event
 */
export function makeSafeLine(text: Buffer, flags: number): Buffer {
  let line = text;
  if ((flags & MESSAGE.byteOrderMark) !== 0) line = line.subarray(BYTE_ORDER_MARK_LENGTH);
  if ((flags & MESSAGE.lineBreak) !== 0) line = replaceLineBreaks(line);
  if ((flags & MESSAGE.unsafeCharacter) !== 0) {
    line = Buffer.from(escapeUnsafe(line.toString('utf8')), 'utf8');
  }
  return line;
}

function replaceLineBreaks(text: Buffer): Buffer {
  const line = Buffer.from(text);
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN) line[at] = SPACE;
  }
  return line;
}

const LINE_END = Buffer.from('\n');

/** The hot path of a pipe. */
export const NDJSON_RENDERER: Renderer = {
  renderEvents(batch: Batch, count: number) {
    if (batch.allFlags === 0) return escapeJsonCommands(firstLines(batch, count));
    const parts: Buffer[] = [];
    for (let i = 0; i < count; i += 1)
      parts.push(makeSafeLine(textOf(batch, i), flagsOf(batch, i)), LINE_END);
    return escapeJsonCommands(Buffer.concat(parts));
  },
};
