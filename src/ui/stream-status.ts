// What a run tells its status line, if it has one.
import type { Clock } from '../clock.ts';
import type { LogStyle } from '../render/paint.ts';
import type { Signs } from '../render/pretty/signs.ts';
import { NO_STATUS_LINE, type StatusLine } from './status-line.ts';

export interface StreamStatus {
  connecting(host: string): void;
  live(stream: { readonly roundTripMs: number | undefined }): void;
  /** The next attempt begins in `delayMs`. */
  retrying(delayMs: number, attempt: number): void;
  noteGap(): void;
  /** Off the screen, for something to be written; back with the next thing that happens, or within a second. */
  makeWay(): void;
  /** Counts events that filters have looked at: from then on it is told how many of them were written. */
  noteReceived(count: number): void;
  /** Counts events that were written just now. */
  noteEvents(count: number): void;
  end(): void;
}

const NO_STREAM_STATUS: StreamStatus = {
  connecting() {},
  live() {},
  retrying() {},
  noteGap() {},
  makeWay() {},
  noteReceived() {},
  noteEvents() {},
  end() {},
};

/** A status of a stream on that line; without a line nothing is counted or loaded, and without one that loads nothing is shown. */
export async function loadStreamStatus(
  line: StatusLine,
  clock: Clock,
  style: LogStyle,
  signs?: Signs,
): Promise<StreamStatus> {
  if (line === NO_STATUS_LINE) return NO_STREAM_STATUS;
  try {
    const { createStreamStatus } = await import('./shown-status.ts');
    return createStreamStatus(line, clock, style, signs);
  } catch {
    return NO_STREAM_STATUS;
  }
}
