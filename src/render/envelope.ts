// `--envelope`: adds receive time, sequence number and connection to each event, and writes lifecycle records between
// events (contract G2; docs/envelope.schema.json).
import { type Batch, flagsOf, textOf } from '../events/batch.ts';
import { MESSAGE } from '../events/message-text.ts';
import { escapeJsonCommands } from './ci-commands.ts';
import { makeSafeLine } from './ndjson.ts';
import type { BatchPosition, LifecycleRecord, Renderer } from './renderer.ts';

/** Version of the format; incremented by every incompatible change. */
const ENVELOPE_VERSION = 1;

const LINE_END = Buffer.from('}\n');

/** The event inside is the server's text, made line-safe. */
export function createEnvelopeRenderer(): Renderer {
  return {
    renderEvents(batch: Batch, count: number, position: BatchPosition) {
      const receivedAt = new Date(batch.receivedAtMs).toISOString();
      const parts: Buffer[] = [];
      for (let i = 0; i < count; i += 1) {
        const seq = position.firstSeq + i;
        parts.push(
          Buffer.from(
            `{"received_at":"${receivedAt}","seq":${seq},"connection":${position.connection},"event":`,
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

/** Names that the server chose are escaped like events. */
function renderRecord(record: LifecycleRecord): Buffer {
  const text = Buffer.from(JSON.stringify({ ...record, envelope: ENVELOPE_VERSION }));
  return escapeJsonCommands(Buffer.concat([makeSafeLine(text, MESSAGE.unsafeCharacter), Buffer.from('\n')]));
}
