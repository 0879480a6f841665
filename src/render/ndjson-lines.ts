// Events as NDJSON, one Buffer for all that arrived together: the hot path of a pipe (contract O1, O5).
import { type Batch, firstLines, flagsOf, textOf } from '../events/batch.ts';
import { escapeJsonCommands } from './ci-commands.ts';
import { makeSafeLine } from './ndjson.ts';
import type { Renderer } from './renderer.ts';

const LINE_FEED = Buffer.from('\n');

/** The first `count` events of a batch as lines, the server's own text made line-safe. */
function renderNdjson(batch: Batch, count: number): Buffer {
  if (batch.allFlags === 0) return escapeJsonCommands(firstLines(batch, count));
  const parts: Buffer[] = [];
  for (let i = 0; i < count; i += 1) parts.push(makeSafeLine(textOf(batch, i), flagsOf(batch, i)), LINE_FEED);
  return escapeJsonCommands(Buffer.concat(parts));
}

/** The format of pipes. */
export const NDJSON_RENDERER: Renderer = { renderEvents: renderNdjson };
