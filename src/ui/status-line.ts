// What is going on right now, on the last line of a terminal: gone before anything else is written (O3), drawn
// at most ten times a second, and costing nothing where it is not shown.
import type { Io } from '../io/io.ts';
import { isFile } from '../io/line-writer.ts';
import type { OutputTarget } from '../io/standard-streams.ts';
import { holdOutput } from '../io/standard-streams.ts';
import type { LogConfig } from '../settings/stream-config.ts';
import type { Look, Spinner } from './spinner.ts';

export interface StatusLine {
  /** Columns that a text may take; 0 where none is shown. */
  readonly columns: number;
  /** Shows a text that is safe, and perhaps painted, until `clear`; of several in a tenth of a second the last. */
  show(text: string, look?: Look): void;
  clear(): void;
}

export const NO_STATUS_LINE: StatusLine = { columns: 0, show() {}, clear() {} };

/** On a narrower terminal, or one that does not say how wide it is, a redrawn line would wrap and smear. */
const MIN_COLUMNS = 30;
/** The spinner, a space on both sides, and one column more: a full line would wrap on some terminals. */
const COLUMNS_OF_SPINNER = 4;
const MIN_INTERVAL_MS = 100;
/** Timers of Node may be a little early. */
const TIMER_SLACK_MS = 5;

/** A status line where one belongs: a terminal that can, for a person who wants to read. */
export function createStatusLine(io: Io, log: LogConfig): StatusLine {
  return fits(io, log) ? new SpinningLine(io, log.useColor) : NO_STATUS_LINE;
}

function fits(io: Io, log: LogConfig): boolean {
  if (!io.stderr.isTty || log.format !== 'text' || log.isQuiet || io.env['TERM'] === 'dumb') return false;
  // What a reader of a pipe writes to the same terminal cannot be seen coming.
  if (!io.stdout.isTty && !isFile(io.stdout)) return false;
  return (io.stderr.columns() ?? 0) >= MIN_COLUMNS && (io.env['CI'] ?? '') === '';
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
    return columns < MIN_COLUMNS ? 0 : columns - COLUMNS_OF_SPINNER;
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
      });
    } catch {
      return; // a run goes on without a status line
    }
    this.#draw();
  }

  /** Draws what is wanted, as soon as it may. */
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
    this.#drawnAtMs = nowMs;
    return true;
  }

  /** While a terminal has not taken what was written, a picture could come to stand in the middle of a line. */
  #isBusy(): boolean {
    const { stdout, stderr } = this.#io;
    return [stdout, stderr].some(
      (target: OutputTarget) => target.isTty && target.stream().writableLength > 0,
    );
  }
}
