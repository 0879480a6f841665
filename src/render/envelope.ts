// `--envelope`: each event wrapped in a line that says when, as the how manyth and on which connection it came,
// and lifecycle records between them (contract G2; docs/envelope.schema.json).
import { type Batch, flagsOf, textOf } from '../events/batch.ts';
import { MESSAGE } from '../events/messages.ts';
import { escapeJsonCommands } from './ci-commands.ts';
import { makeSafeLine } from './ndjson.ts';
import type { LifecycleRecord, Place, Renderer } from './renderer.ts';

/** Version of the form of these lines; it grows with every change that is not an addition. */
export const ENVELOPE_VERSION = 1;

const LINE_END = Buffer.from('}\n');

/** Lines of envelope form; the event inside is the server's own text, made line-safe. */
export function createEnvelopeRenderer(): Renderer {
  return {
    renderEvents(batch: Batch, count: number, place: Place) {
      const receivedAt = new Date(batch.receivedAtMs).toISOString();
      const parts: Buffer[] = [];
      for (let i = 0; i < count; i += 1) {
        const seq = place.firstSeq + i;
        parts.push(
          Buffer.from(
            `{"received_at":"${receivedAt}","seq":${seq},"connection":${place.connection},"event":`,
          ),
          makeSafeLine(textOf(batch, i), flagsOf(batch, i)),
          LINE_END,
        );
      }
      return escapeJsonCommands(Buffer.concat(parts));
    },
    renderLifecycle: renderRecord,
  };
}

/** One record as one safe line; names of the server's making are escaped like events. */
function renderRecord(record: LifecycleRecord): Buffer {
  const text = Buffer.from(JSON.stringify({ ...record, envelope: ENVELOPE_VERSION }));
  return escapeJsonCommands(Buffer.concat([makeSafeLine(text, MESSAGE.unsafeCharacter), Buffer.from('\n')]));
}
