// Events as NDJSON, one Buffer for all that arrived together: the hot path of a pipe (contract O1, O5).
import type { Batch } from '../protocol/messages.ts';
import { makeSafeLine } from './ndjson.ts';
import type { Renderer } from './renderer.ts';

const LINE_FEED = 0x0a;

/** The first `count` events of a batch as lines, the server's own text made line-safe. */
function renderNdjson(batch: Batch, count: number): Buffer {
  const { texts, flags } = batch;
  let size = count;
  for (let i = 0; i < count; i += 1) {
    const text = texts[i];
    if (text === undefined) break;
    const flag = flags[i] ?? 0;
    if (flag !== 0) texts[i] = makeSafeLine(text, flag);
    size += texts[i]?.length ?? 0;
  }
  const lines = Buffer.allocUnsafe(size);
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    const text = texts[i];
    if (text === undefined) break;
    lines.set(text, at);
    at += text.length;
    lines[at] = LINE_FEED;
    at += 1;
  }
  return lines;
}

/** The format of pipes. */
export const NDJSON_RENDERER: Renderer = { renderEvents: renderNdjson };
