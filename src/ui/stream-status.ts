// What a run tells its status line, if it has one.
import type { Clock } from '../clock.ts';
import type { LogStyle } from '../render/paint.ts';
import type { Signs } from '../render/signs.ts';
import type { StreamStatus } from './shown-status.ts';
import { NO_STATUS_LINE, type StatusLine } from './status-line.ts';

/** Where there is no status line. */
export const NO_STREAM_STATUS: StreamStatus = {
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
