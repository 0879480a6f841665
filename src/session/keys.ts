// The keys of `tail` and `replay`: retry now, pause, help, quit. Loaded only on a terminal.
import type { Clock } from '../clock.ts';
import type { Io } from '../io/io.ts';
import { openKeyboard } from '../io/keyboard.ts';
import type { Stop } from '../io/stop.ts';
import type { Reporter } from '../ui/reporter.ts';
import type { StreamProgress } from '../ui/stream-progress.ts';
import { sayKeys } from './messages.ts';

/** Ctrl-S and Ctrl-Q of the terminal, which raw mode turns off. */
const STOP_OUTPUT = '\x13';
const START_OUTPUT = '\x11';

/** A pause of the output that the user asked for. While it lasts, nothing is pulled; pings are still sent. */
export class Pause {
  /** Monotonic ms. */
  sinceMs: number | undefined;
  readonly #clock: Clock;
  readonly #onChange: (isPaused: boolean) => void;
  #totalMs = 0;
  #resume: (() => void) | undefined;
  #ended: Promise<void> | undefined;

  constructor(clock: Clock, onChange: (isPaused: boolean) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get totalMs(): number {
    return this.#totalMs + (this.sinceMs === undefined ? 0 : this.#clock.monotonicMs() - this.sinceMs);
  }

  /** Resolves when the pause ends; undefined without one. */
  get ended(): Promise<void> | undefined {
    return this.#ended;
  }

  begin(): void {
    if (this.sinceMs !== undefined) return;
    this.sinceMs = this.#clock.monotonicMs();
    this.#ended = new Promise((resolve) => {
      this.#resume = resolve;
    });
    this.#onChange(true);
  }

  end(): void {
    if (this.sinceMs === undefined) return;
    this.#totalMs = this.totalMs;
    this.sinceMs = undefined;
    this.#ended = undefined;
    this.#resume?.();
    this.#onChange(false);
  }
}

interface KeyParts {
  readonly source: { retryNow?(): void } | object;
  readonly reporter: Reporter;
  readonly status: StreamProgress;
}

/** Reads keys until `close`, which restores the terminal. */
export function openKeys(
  { source, reporter, status }: KeyParts,
  stop: Stop,
  io: Io,
): { readonly pause: Pause; close(): void } {
  const pause = new Pause(io.clock, (isPaused) => status.pause(isPaused));
  stop.signal.addEventListener('abort', () => pause.end());
  const keyboard = openKeyboard(io, {
    onKey(key) {
      if (key === 'p') {
        if (pause.sinceMs === undefined) pause.begin();
        else pause.end();
      } else if (key === STOP_OUTPUT) pause.begin();
      else if (key === START_OUTPUT) pause.end();
      else if (key === 'q') stop.because({ kind: 'quit' });
      else if (key === 'r' && 'retryNow' in source) source.retryNow?.();
      else if (key === '?') reporter.report(sayKeys());
    },
    onQuit: () => keyboard?.close(),
  });
  const unwatch = io.onSuspend({ before: () => keyboard?.pause(), after: () => keyboard?.resume() });
  return {
    pause,
    close() {
      unwatch();
      keyboard?.close();
    },
  };
}
