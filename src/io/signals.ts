// Signals that end a run: when several of them are the same request, and whether a hang-up counts (contract S1).
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import type { Clock } from '../clock.ts';

export const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type EndSignal = (typeof END_SIGNALS)[number];

/**
 * Signals within this time of the first one are the same request. When a window is closed, the kernel and the shell
 * both send SIGHUP. systemd sends SIGTERM and then SIGHUP.
 */
const SAME_REQUEST_MS = 1_000;
/** npm repeats a Ctrl-C within this time. A user takes longer to press Ctrl-C twice. */
const PRESS_AGAIN_MS = 100;

interface SignalParts {
  readonly clock: Clock;
  /** On a terminal a SIGINT comes from the keyboard. */
  readonly isStdinTty: () => boolean;
  /** Calls back for END_SIGNALS, which then do not end the process. Returns a function that stops listening. */
  listen(handler: (signal: EndSignal) => void): () => void;
  die(signal: EndSignal): void;
}

interface SignalWatch {
  onSignal(handler: (signal: EndSignal) => void): () => void;
  /** Takes SIGHUP as a request to read the configuration again, until another signal ends the run. */
  onHangUp(handler: () => void): () => void;
}

export function createSignalWatch({ clock, isStdinTty, listen, die }: SignalParts): SignalWatch {
  const handlers = new Set<(signal: EndSignal) => void>();
  let hangUp: (() => void) | undefined;
  let first: { readonly signal: EndSignal; readonly atMs: number } | undefined;
  let unlisten: (() => void) | undefined;

  const receive = (signal: EndSignal): void => {
    if (first === undefined && signal === 'SIGHUP' && hangUp !== undefined) {
      hangUp();
      return;
    }
    if (first === undefined) {
      first = { signal, atMs: clock.monotonicMs() };
      for (const handler of [...handlers]) handler(signal);
      return;
    }
    const passedMs = clock.monotonicMs() - first.atMs;
    const isPressedAgain = passedMs >= PRESS_AGAIN_MS && first.signal === 'SIGINT' && signal === 'SIGINT';
    if (passedMs >= SAME_REQUEST_MS || (isPressedAgain && isStdinTty())) die(signal);
  };

  const release = (): void => {
    // After the first signal the listeners stay: a repeated one must not kill the process during its last steps.
    if (handlers.size > 0 || hangUp !== undefined || first !== undefined) return;
    unlisten?.();
    unlisten = undefined;
  };
  return {
    onSignal(handler) {
      handlers.add(handler);
      unlisten ??= listen(receive);
      return () => {
        handlers.delete(handler);
        release();
      };
    },
    onHangUp(handler) {
      hangUp = handler;
      unlisten ??= listen(receive);
      return () => {
        hangUp = undefined;
        release();
      };
    },
  };
}

/**
 * Whether this process was started to survive a hang-up, as by nohup. Node resets ignored signals, so other signs are
 * needed. GNU nohup replaces a terminal on stdin with a /dev/null that cannot be read. bash and zsh set `_` to the name
 * of the program they start. On Linux, a parent that ignores the signal is a sign, too: a script with `trap '' HUP`.
 */
export function isHangUpIgnored(
  env: Readonly<Record<string, string | undefined>>,
  parentPid: number,
  stdin = 0,
): boolean {
  return isUnreadableNull(stdin) || basename(env['_'] ?? '') === 'nohup' || isIgnoredBy(parentPid);
}

function isUnreadableNull(fd: number): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false;
    const none = openSync('/dev/null', 'r');
    try {
      if (fstatSync(none).rdev !== fstatSync(fd).rdev) return false;
    } finally {
      closeSync(none);
    }
  } catch {
    return false;
  }
  try {
    readSync(fd, Buffer.alloc(1));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EBADF';
  }
}

const SIGHUP_BIT = 1n;

/** SigIgn in proc(5) is a bit mask of the ignored signals. */
function isIgnoredBy(pid: number): boolean {
  try {
    const [, mask] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    return mask !== undefined && (BigInt(`0x${mask}`) & SIGHUP_BIT) !== 0n;
  } catch {
    return false; // not Linux
  }
}
