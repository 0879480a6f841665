// A recording in time: its events in batches, each when it is due.
import { type Clock, sleep } from '../clock.ts';
import { type Batch, BatchBuilder } from '../protocol/batch.ts';
import { readLine } from './form.ts';
import type { Lines } from './read-lines.ts';

/** What comes out of a recording, in its order. */
export type Played =
  | { readonly kind: 'events'; readonly batch: Batch; readonly connection: number }
  /** A lifecycle record as a line, without its line feed, safe on a terminal. */
  | { readonly kind: 'lifecycle'; readonly line: Buffer }
  /** `line` counts from 1. */
  | { readonly kind: 'damaged'; readonly line: number; readonly why: string };

export interface PlayOptions {
  /** How much faster than it was recorded; Infinity for no waits at all. */
  readonly speed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A batch ends with so many events: its reader may want to stop, or wait. */
const MAX_BATCH_EVENTS = 512;

/** Plays lines with the spacing they were recorded with; time that ran backwards is no wait. */
export async function* play(
  source: AsyncIterable<Lines>,
  { speed, clock, signal }: PlayOptions,
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
    // What is due goes out: the rest of a recording on stdin may come much later.
    if (!builder.isEmpty) yield take();
    if (fault === undefined) continue;
    yield { kind: 'damaged', line: lineNumber + 1, why: fault.why };
    if (fault.isLine) lineNumber += 1;
  }
}
