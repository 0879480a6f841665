// Plays a recording: its events in batches, each when it is due.
import { type Clock, sleep } from '../clock.ts';
import { type Batch, BatchBuilder } from '../events/batch.ts';
import type { LineBatch } from './read-lines.ts';
import { readLine } from './recorded-line.ts';

export type Played =
  | { readonly kind: 'events'; readonly batch: Batch; readonly connection: number }
  /** A lifecycle record, safe on a terminal, without its line feed. */
  | { readonly kind: 'lifecycle'; readonly line: Buffer }
  /** `line` counts from 1. */
  | { readonly kind: 'damaged'; readonly line: number; readonly why: string };

interface PlayConfig {
  /** Factor of the recorded speed; Infinity does not wait at all. */
  readonly speed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Limits a batch, after which the reader may stop or wait. */
const MAX_BATCH_EVENTS = 512;

/** Plays lines with their recorded spacing, without waiting where the recorded time runs backwards. */
export async function* playRecording(
  source: AsyncIterable<LineBatch>,
  { speed, clock, signal }: PlayConfig,
): AsyncGenerator<Played> {
  const startedAtMs = clock.monotonicMs();
  let recordedMs = 0;
  let previousMs: number | undefined;
  let lineNumber = 0;
  const builder = new BatchBuilder();
  let receivedAtMs = 0;
  let connection = 0;

  const take = (): Played => ({ kind: 'events', batch: builder.take(receivedAtMs), connection });
  const waitFor = async (atMs: number): Promise<void> => {
    recordedMs += Math.max(0, atMs - (previousMs ?? atMs));
    previousMs = atMs;
    const dueInMs = startedAtMs + recordedMs / speed - clock.monotonicMs();
    if (dueInMs > 0) await sleep(clock, dueInMs, signal);
  };

  for await (const { lines, fault } of source) {
    for (const bytes of lines) {
      lineNumber += 1;
      const line = readLine(bytes);
      if (line.kind !== 'event') {
        if (!builder.isEmpty) yield take();
        if (line.kind === 'damaged') yield { kind: 'damaged', line: lineNumber, why: line.why };
        if (line.kind === 'lifecycle') yield { kind: 'lifecycle', line: line.text };
        continue;
      }
      const isSame = receivedAtMs === line.receivedAtMs && connection === line.connection;
      if (!isSame || builder.isEmpty || builder.count >= MAX_BATCH_EVENTS) {
        if (!builder.isEmpty) yield take();
        await waitFor(line.receivedAtMs);
        if (signal.aborted) return;
        connection = line.connection;
        receivedAtMs = line.receivedAtMs;
      }
      builder.add(line.text, line.flags);
    }
    // More lines on stdin may come much later: do not hold these events back.
    if (!builder.isEmpty) yield take();
    if (fault === undefined) continue;
    yield { kind: 'damaged', line: lineNumber + 1, why: fault.why };
    if (fault.isLine) lineNumber += 1;
  }
}
