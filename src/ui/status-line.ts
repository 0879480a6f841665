// The last line of a terminal: it shows the progress of a stream, and is cleared before anything else is written
// (contract O3).
import type { Clock } from '../clock.ts';
import type { Io } from '../io/io.ts';
import { holdOutput, type OutputTarget } from '../io/standard-streams.ts';
import { isInteractive } from '../io/terminal.ts';
import type { LogConfig } from '../settings/stream-config.ts';
import type { Look, Spinner } from './spinner.ts';
import type { ProgressParts, StatusLine, StreamProgress } from './stream-progress.ts';

export const NO_STATUS_LINE: StatusLine = { columns: 0, show() {}, clear() {} };

/** On a narrower terminal, or one of unknown width, a line could wrap and would not be erased. */
const MIN_COLUMNS = 30;
/** The spinner, a space on both sides, and one more column, since some terminals wrap a full line. */
const SPINNER_COLUMNS = 4;
const MIN_INTERVAL_MS = 100;
/** Node timers may fire early. */
const TIMER_SLACK_MS = 5;

export function createStatusLine(io: Io, log: LogConfig): StatusLine {
  return isWanted(io, log) ? new SpinningLine(io, log.useColor) : NO_STATUS_LINE;
}

function isWanted(io: Io, log: LogConfig): boolean {
  if (log.format !== 'text' || log.isQuiet || !isInteractive(io)) return false;
  return (io.stderr.columns() ?? 0) >= MIN_COLUMNS;
}

class SpinningLine implements StatusLine {
  readonly #io: Io;
  readonly #useColor: boolean;
  #spinner: Spinner | undefined;
  #isLoading = false;
  #wanted: { readonly text: string; readonly look: Look } | undefined;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #cancelDrawing: (() => void) | undefined;

  constructor(io: Io, useColor: boolean) {
    this.#io = io;
    this.#useColor = useColor;
  }

  get columns(): number {
    const columns = this.#io.stderr.columns() ?? 0;
    return columns < MIN_COLUMNS ? 0 : columns - SPINNER_COLUMNS;
  }

  show(text: string, look: Look = 'busy'): void {
    this.#wanted = { text: this.#io.redactor.redact(text), look };
    if (this.#spinner !== undefined) this.#draw();
    else if (!this.#isLoading) void this.#load();
  }

  clear(): void {
    this.#wanted = undefined;
    this.#cancelDrawing?.();
    this.#cancelDrawing = undefined;
    if (this.#spinner === undefined) return;
    this.#spinner.clear();
    holdOutput(this.#io.stdout, this.#io.stderr);
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    try {
      const { createSpinner } = await import('./spinner.ts');
      this.#spinner = createSpinner(this.#io.stderr.stream(), {
        useColor: this.#useColor,
        signs: this.#io.signs,
        mayDraw: () => this.#mayDraw(),
        mayErase: () => this.#io.isForeground(),
      });
    } catch {
      return; // the run continues without a status line
    }
    this.#draw();
  }

  #draw(): void {
    if (this.#wanted === undefined || this.#spinner === undefined || this.columns === 0) return;
    const waitMs = this.#drawnAtMs + MIN_INTERVAL_MS - this.#io.clock.monotonicMs();
    if (waitMs <= 0 && !this.#isBusy()) {
      this.#spinner.show(this.#wanted.text, this.#wanted.look);
      return;
    }
    this.#cancelDrawing ??= this.#io.clock.setTimer(
      () => {
        this.#cancelDrawing = undefined;
        this.#draw();
      },
      waitMs > 0 ? waitMs : MIN_INTERVAL_MS,
    );
  }

  #mayDraw(): boolean {
    const nowMs = this.#io.clock.monotonicMs();
    if (nowMs - this.#drawnAtMs < MIN_INTERVAL_MS - TIMER_SLACK_MS || this.#isBusy()) return false;
    // A shell writes to the terminal while this process is in the background.
    if (!this.#io.isForeground()) return false;
    this.#drawnAtMs = nowMs;
    return true;
  }

  /** While output waits for the terminal, a frame could be drawn in the middle of a line. */
  #isBusy(): boolean {
    const { stdout, stderr } = this.#io;
    return [stdout, stderr].some(
      (target: OutputTarget) => target.isTty && target.stream().writableLength > 0,
    );
  }
}

export const NO_STREAM_PROGRESS: StreamProgress = {};

/** Loads the progress of a stream for a status line; without a line nothing is loaded or counted. Never throws. */
export async function loadStreamProgress(
  line: StatusLine,
  clock: Clock,
  parts: ProgressParts,
): Promise<StreamProgress> {
  if (line === NO_STATUS_LINE) return NO_STREAM_PROGRESS;
  try {
    const { LineProgress } = await import('./stream-progress.ts');
    return new LineProgress(line, clock, parts);
  } catch {
    return NO_STREAM_PROGRESS;
  }
}
