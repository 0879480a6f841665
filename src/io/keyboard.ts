// Single keys from the terminal of stdin, without Enter and echo. Keys that send a signal keep their effect.
import type { Io } from './io.ts';

export interface Keyboard {
  /** Stops reading and restores the mode of the terminal, before the process is stopped. */
  pause(): void;
  /** Reads again once the process is in the foreground. In the background the system would stop it. */
  resume(): void;
  close(): void;
}

/** Keys that a terminal turns into signals outside of raw mode. */
const SIGNAL_KEYS: Readonly<Record<string, NodeJS.Signals>> = {
  '\x03': 'SIGINT',
  '\x1a': 'SIGTSTP',
  '\x1c': 'SIGQUIT',
};
/** Interval between checks in the background. */
const RETRY_MS = 500;
/** Cursor and function keys (ECMA-48 § 5.4). */
export const ESCAPE_SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?/g;

interface KeyboardListener {
  onKey(key: string): void;
  /** Called before Ctrl-\ ends the process by SIGQUIT. */
  onQuit(): void;
}

export function openKeyboard(io: Io, { onKey, onQuit }: KeyboardListener): Keyboard | undefined {
  if (!io.isStdinTty) return undefined;
  const stdin = io.stdin();
  const setRaw = (isRaw: boolean): void => {
    try {
      stdin.setRawMode(isRaw);
    } catch {
      // The terminal is gone, which the next write reports.
    }
  };
  const onData = (chunk: Buffer | string): void => {
    for (const key of String(chunk).replace(ESCAPE_SEQUENCE, '')) {
      const signal = SIGNAL_KEYS[key];
      if (signal === 'SIGQUIT') onQuit();
      // A terminal sends it to the whole process group: a parent such as `npm start` needs it, too.
      if (signal === undefined) onKey(key);
      else io.sendSignal(0, signal);
    }
  };
  const ignore = (): void => {};
  let cancelRetry = (): void => {};
  const begin = (): void => {
    cancelRetry();
    // A shell sends no signal when it moves a running process to the foreground.
    if (!io.isForeground()) {
      cancelRetry = io.clock.setTimer(begin, RETRY_MS);
      return;
    }
    // Node skips a mode that it believes to be set, but a shell may have changed it.
    setRaw(false);
    setRaw(true);
    stdin.resume();
  };
  stdin.on('error', ignore).on('data', onData);
  // The listener has started the stream.
  stdin.pause();
  begin();
  return {
    pause() {
      cancelRetry();
      stdin.pause();
      setRaw(false);
    },
    resume: begin,
    close() {
      cancelRetry();
      stdin.off('data', onData).pause();
      setRaw(false);
      stdin.off('error', ignore);
    },
  };
}
