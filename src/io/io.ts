// The process: arguments, environment, streams, clocks, signals, randomness.
//
// Only this module and the clock use `process`. All other modules receive an `Io`, so that tests can pass their own and
// all text for stderr goes through one redactor (contract P4).
import { constants } from 'node:os';
import isUnicodeSupported from 'is-unicode-supported';
import { type Clock, systemClock } from '../clock.ts';
import type { ExitCode } from '../errors.ts';
import { escapeCommands } from '../render/ci-commands.ts';
import { makeVisible } from '../render/sanitize.ts';
import { ASCII_SIGNS, SIGNS, type Signs, spellEllipses } from '../render/signs.ts';
import { createForegroundTest } from './foreground.ts';
import { createScreenSlot, type FullScreen } from './full-screen.ts';
import { type Environment, platformOf } from './platform.ts';
import { createRedactor, type Redactor } from './redact.ts';
import { createSignalWatch, END_SIGNALS, type EndSignal, isHangUpIgnored } from './signals.ts';
import {
  createOutputTarget,
  createStderrWriter,
  isTerminal,
  type OutputTarget,
  writeWhole,
} from './standard-streams.ts';

/** How the process ends (contract § 2). */
export type Outcome = { readonly exitCode: ExitCode } | { readonly signal: EndSignal };

const { hasSignals } = platformOf(process.platform);

/** How long a slow reader of stderr may delay the exit. */
const STDERR_FLUSH_MS = 1_000;
const STDERR_FLUSH_AFTER_SIGNAL_MS = 300;
/** How long the kernel may take to stop the process. */
const SUSPEND_MS = 100;

export interface Io {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly uid: number | undefined;
  readonly pid: number;
  /** Such as v22.1.0. */
  readonly nodeVersion: string;
  readonly homeDirectory: () => string | undefined;
  readonly stdin: () => NodeJS.ReadStream;
  readonly stdout: OutputTarget;
  readonly stderr: OutputTarget;
  readonly isStdinTty: boolean;
  /** False while a shell has this process in the background of its terminal. */
  isForeground(): boolean;
  /** True once the terminal of stdin is closed. */
  isTerminalGone(): Promise<boolean>;
  /** Writes a small text to stdout. A closed pipe is not an error. @throws OutputError */
  writeOut(text: string): void;
  /** Writes one line to stderr, redacted, with control characters made visible. Never throws. */
  writeErr(line: string, decorate?: (safe: string) => string): void;
  /** Writes to stderr unchanged: terminal control, or text that is already safe. */
  writeErrRaw(text: string): void;
  /** Passes text for stderr to this view until the returned function is called. */
  takeScreen(screen: FullScreen): () => void;
  /** ASCII on a terminal without Unicode. */
  readonly signs: Signs;
  /** Redacts a text, makes control characters visible, and uses only signs that the terminal supports. */
  toDisplay(text: string): string;
  readonly redactor: Redactor;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /**
   * Calls back for the first end signal. A second request ends the process at once (contract S1). The returned
   * function unsubscribes, here and below.
   */
  onSignal(handler: (signal: EndSignal) => void): () => void;
  /** Calls back for each SIGHUP, which then does not end the run. Never calls back under nohup. */
  onHangUp(handler: () => void): () => void;
  /** Calls back for SIGUSR1, which log rotators send. Without a handler SIGUSR1 is ignored (bin/no-debugger.cjs). */
  onReopenSignal(handler: () => void): () => void;
  /** Calls `before` when Ctrl-Z is about to stop the process, and `after` when the process continues. */
  onSuspend(handlers: { readonly before: () => void; readonly after: () => void }): () => void;
  /** Ends the process at once by the signal (contract § 2). */
  dieBySignal(signal: EndSignal): void;
  /**
   * Sends a signal as kill(2) does: a negative `pid` is a process group, 0 is the group of this process. Signal 0 only
   * checks that the process exists. Never throws.
   *
   * @returns false if the process does not exist
   */
  sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean;
  /** A write beyond `ulimit -f` then fails with an error. Otherwise SIGXFSZ would kill the process. */
  ignoreFileSizeSignal(): void;
  /** Calls back for uncaught exceptions and rejections. Only the newest handler is called. */
  onUncaught(handler: (error: unknown) => void): () => void;
  /** Sets RES_OPTIONS, which glibc reads before the first name lookup. A value of the user is kept. */
  setResolverOptions(options: string): void;
  setExitCode(code: ExitCode): void;
  end(outcome: Outcome): void;
  exitNow(code: ExitCode): void;
}

/** For code without an `Io`. */
export const processEnvironment = (): Io['env'] => process.env;

/** The user who runs this process; undefined on Windows. */
export const processUid = (): number | undefined => process.getuid?.();

/** The process exits with this code after all work, even if the reader of stderr is slow (contract O7). */
function setExitCode(code: ExitCode): void {
  process.exitCode = code;
  const leave = (): void => {
    if (process.stderr.writableLength > 0 && process.stdout.writableLength === 0) process.exit();
  };
  setInterval(leave, STDERR_FLUSH_MS).unref();
}

function dieBySignal(signal: EndSignal): void {
  process.removeAllListeners(signal);
  // On Windows Node would exit 1, which means a bug.
  if (hasSignals) process.kill(process.pid, signal);
  // Reached on Windows, and by the first process of a container, which the kernel does not kill.
  process.exit(128 + constants.signals[signal]);
}

/** Under nohup SIGHUP gets an empty handler, because Node has restored its default action, which ends the process. */
function listenToSignals(isHangUpIgnored: boolean): Parameters<typeof createSignalWatch>[0]['listen'] {
  const signals = END_SIGNALS.filter((signal) => signal !== 'SIGHUP' || !isHangUpIgnored);
  if (isHangUpIgnored) process.on('SIGHUP', () => {});
  return (handler) => {
    for (const signal of signals) process.on(signal, handler);
    return () => {
      for (const signal of signals) process.off(signal, handler);
    };
  };
}

/** Ends the process once stderr is flushed, or after a short wait (contract R2). */
function killSelf(signal: EndSignal): void {
  const die = (): void => dieBySignal(signal);
  if (process.stderr.writableLength > 0) {
    process.stderr.write('', die);
    setTimeout(die, STDERR_FLUSH_AFTER_SIGNAL_MS);
  } else {
    die();
  }
}

/** A static import of node:child_process would take longer than everything else at startup. */
function loadForegroundTest(): () => boolean {
  if (!hasSignals) return () => true;
  const run = process.getBuiltinModule?.('node:child_process').execFileSync;
  return createForegroundTest(process.pid, run, (handler) => process.once('SIGCONT', handler));
}

function onSuspend({ before, after }: Parameters<Io['onSuspend']>[0]): () => void {
  let isStopping = false;
  const resume = (): void => {
    if (isStopping) process.on('SIGTSTP', stop);
    isStopping = false;
    after();
  };
  const stop = (): void => {
    before();
    isStopping = true;
    process.off('SIGTSTP', stop);
    process.kill(process.pid, 'SIGTSTP');
    // The kernel does not stop a process that no shell could continue. A pending SIGCONT is handled first.
    setTimeout(() => setImmediate(() => isStopping && resume()), SUSPEND_MS);
  };
  process.on('SIGTSTP', stop).on('SIGCONT', resume);
  return () => {
    isStopping = false;
    process.off('SIGTSTP', stop).off('SIGCONT', resume);
  };
}

/** Untrusted text as one line without secrets, and without effect on a terminal or a CI system. */
export function toSafeLine(text: string, redactor: Redactor): string {
  return escapeCommands(makeVisible(redactor.redact(text)));
}

/** Opens and registers nothing before its first use, except the handler of SIGHUP under nohup. */
export function createProcessIo(homeDirectory: () => string): Io {
  const redactor = createRedactor();
  const stdout = createOutputTarget(1, () => process.stdout);
  const stderr = createOutputTarget(2, () => process.stderr);
  const faultHandlers: ((error: unknown) => void)[] = [];
  const handleFault = (error: unknown): void => faultHandlers.at(-1)?.(error);
  const screen = createScreenSlot(createStderrWriter(stdout, stderr));
  const writeErrRaw = screen.write;
  const dieRestored = (signal: EndSignal): void => {
    screen.restore();
    // Node restores the mode of the terminal only at an exit.
    if (isStdinTty() && process.stdin.isRaw) process.stdin.setRawMode(false);
    dieBySignal(signal);
  };
  const signs = isUnicodeSupported() ? SIGNS : ASCII_SIGNS;
  let testForeground: (() => boolean) | undefined;
  const isStdinTty = (): boolean => isTerminal(0, () => process.stdin);
  return {
    argv: process.argv.slice(2),
    env: process.env,
    platform: process.platform,
    uid: processUid(),
    pid: process.pid,
    nodeVersion: process.version,
    homeDirectory() {
      try {
        return homeDirectory() || undefined;
      } catch {
        return undefined;
      }
    },
    stdin: () => process.stdin,
    stdout,
    stderr,
    get isStdinTty() {
      return isStdinTty();
    },
    isForeground() {
      testForeground ??= loadForegroundTest();
      return testForeground();
    },
    async isTerminalGone() {
      // node:tty loads half of Node's stream code.
      const { isatty } = await import('node:tty');
      return process.stdin.isTTY === true && !isatty(0);
    },
    writeOut(text) {
      writeWhole(stdout, escapeCommands(text));
    },
    writeErr(line, decorate) {
      const safe = toSafeLine(line, redactor);
      writeErrRaw(`${decorate === undefined ? safe : decorate(safe)}\n`);
    },
    writeErrRaw,
    takeScreen: screen.take,
    signs,
    toDisplay: (text) => spellEllipses(makeVisible(redactor.redact(text)), signs),
    redactor,
    clock: systemClock,
    random: () => Math.random(),
    ...createSignalWatch({
      clock: systemClock,
      isStdinTty,
      listen: listenToSignals(isHangUpIgnored(process.env, process.ppid)),
      die: dieRestored,
    }),
    onReopenSignal(handler) {
      process.on('SIGUSR1', handler);
      return () => void process.off('SIGUSR1', handler);
    },
    onSuspend,
    dieBySignal: dieRestored,
    sendSignal(pid, signal) {
      try {
        return process.kill(pid, signal);
      } catch (error) {
        // The process exists, but belongs to another user.
        return error instanceof Error && 'code' in error && error.code === 'EPERM';
      }
    },
    ignoreFileSizeSignal() {
      if (hasSignals) process.on('SIGXFSZ', () => {});
    },
    onUncaught(handler) {
      if (faultHandlers.length === 0) process.on('uncaughtException', handleFault);
      faultHandlers.push(handler);
      return () => {
        const at = faultHandlers.indexOf(handler);
        if (at >= 0) faultHandlers.splice(at, 1);
        if (faultHandlers.length === 0) process.off('uncaughtException', handleFault);
      };
    },
    setResolverOptions(options) {
      process.env['RES_OPTIONS'] ??= options;
    },
    setExitCode,
    end(outcome) {
      if ('signal' in outcome) killSelf(outcome.signal);
      else setExitCode(outcome.exitCode);
    },
    exitNow(code) {
      screen.restore();
      process.exit(code);
    },
  };
}
