// Makes a batch of texts, as if they had arrived together.
import { type Batch, BatchBuilder } from '../../src/events/batch.ts';
import { classifyText } from '../../src/events/scanner.ts';

/** Classifies each text and adds it with its flags; the bytes of a Buffer are not changed. */
export function makeBatch(texts: readonly (string | Uint8Array)[], receivedAtMs: number): Batch {
  const builder = new BatchBuilder();
  for (const text of texts) {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    builder.add(bytes, classifyText(bytes));
  }
  return builder.take(receivedAtMs);
}
