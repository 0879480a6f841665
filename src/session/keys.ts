// The keys of `tail` and `replay`: retry now, pause, help, quit. Loaded only on a terminal.
import type { Clock } from '../clock.ts';
import type { Io } from '../io/io.ts';
import { openKeyboard } from '../io/keyboard.ts';
import type { Stop } from '../io/stop.ts';
import type { Reporter } from '../ui/reporter.ts';
import type { StreamProgress } from '../ui/stream-progress.ts';
import { sayKeys } from './messages.ts';
import type { Output } from './output.ts';
import type { Source } from './source.ts';

/** Ctrl-S and Ctrl-Q of the terminal, which raw mode turns off. */
const STOP_OUTPUT = '\x13';
const START_OUTPUT = '\x11';

interface CurrentPause {
  /** Monotonic ms. */
  readonly sinceMs: number;
  readonly ended: Promise<void>;
  end(): void;
}

/** A pause of the output that the user asked for. While it lasts, nothing is pulled; pings are still sent. */
class Pause {
  readonly #clock: Clock;
  readonly #onChange: (isPaused: boolean) => void;
  #totalMs = 0;
  #current: CurrentPause | undefined;

  constructor(clock: Clock, onChange: (isPaused: boolean) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get isOn(): boolean {
    return this.#current !== undefined;
  }

  begin(): void {
    if (this.isOn) return;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#current = { sinceMs: this.#clock.monotonicMs(), ended, end };
    this.#onChange(true);
  }

  end(): void {
    const ending = this.#current;
    if (ending === undefined) return;
    this.#totalMs += this.#clock.monotonicMs() - ending.sinceMs;
    this.#current = undefined;
    ending.end();
    this.#onChange(false);
  }

  /** Writes wait during a pause, which counts as blocked time. */
  wrap(output: Output): Output {
    const readCurrent = (): CurrentPause | undefined => this.#current;
    const readTotalMs = (): number => this.#totalMs;
    return {
      ...output,
      writeEvents(batch, count, place) {
        const write = (): Promise<void> | undefined => output.writeEvents(batch, count, place);
        const pause = readCurrent();
        return pause === undefined ? write() : pause.ended.then(write);
      },
      get failure() {
        return output.failure;
      },
      get blockedMs() {
        return output.blockedMs + readTotalMs();
      },
      get blockedSinceMs() {
        return readCurrent()?.sinceMs ?? output.blockedSinceMs;
      },
    };
  }
}

interface KeyParts {
  readonly source: Source;
  readonly reporter: Reporter;
  readonly status: StreamProgress;
}

/** Reads keys until `close`, which restores the terminal. */
export function openKeys(
  { source, reporter, status }: KeyParts,
  stop: Stop,
  io: Io,
): { readonly pause: Pause; close(): void } {
  const pause = new Pause(io.clock, (isPaused) => status.pause?.(isPaused));
  stop.signal.addEventListener('abort', () => pause.end());
  const keyboard = openKeyboard(io, {
    onKey(key) {
      if (key === 'p') {
        if (pause.isOn) pause.end();
        else pause.begin();
      } else if (key === STOP_OUTPUT) pause.begin();
      else if (key === START_OUTPUT) pause.end();
      else if (key === 'q') stop.because({ kind: 'quit' });
      else if (key === 'r' && source.kind === 'live') source.retryNow?.();
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
