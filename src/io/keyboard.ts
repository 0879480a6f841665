// Single keys from the terminal of stdin, without Enter and without echo. The keys that send a signal keep their
// effect.
import type { Io } from './io.ts';

export interface Keyboard {
  /** Restores the usual mode of the terminal and stops reading, before the process is stopped. */
  pause(): void;
  /** Reads again, once the process is in the foreground: in the background the system would stop it. */
  resume(): void;
  close(): void;
}

/** The keys for which a terminal sends a signal when it is not in raw mode. */
const SIGNAL_KEYS: Readonly<Record<string, NodeJS.Signals>> = {
  '\x03': 'SIGINT',
  '\x1a': 'SIGTSTP',
  '\x1c': 'SIGQUIT',
};
/** How often a process in the background checks whether it is in the foreground. */
const RETRY_MS = 500;
/** Cursor and function keys (ECMA-48 § 5.4). */
export const ESCAPE_SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?/g;

interface KeyboardListener {
  onKey(key: string): void;
  /** Called before Ctrl-\ ends the process by SIGQUIT. */
  onQuit(): void;
}

/** Undefined if stdin is not a terminal: then it is not touched. */
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
      // To the whole process group, as the terminal would send it: a parent such as `npm start` needs it, too.
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
    // A shell may have changed the mode without Node knowing, and Node skips a mode that it believes to be set.
    setRaw(false);
    setRaw(true);
    stdin.resume();
  };
  stdin.on('error', ignore).on('data', onData);
  // Adding the listener has started the stream.
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
