// The world as the program sees it: arguments, environment, streams, clocks, signals, randomness.
//
// The only module that touches `process`. Everything else receives an `Io`, so that tests can hand in their
// own and so that every text for stderr passes one redactor (contract P4).
import { constants } from 'node:os';
import isUnicodeSupported from 'is-unicode-supported';
import { type Clock, systemClock } from '../clock.ts';
import type { ExitCode } from '../errors.ts';
import { escapeCommands } from '../render/ci-commands.ts';
import { makeVisible } from '../render/sanitize.ts';
import { ASCII_SIGNS, SIGNS, type Signs, spellEllipses } from '../render/signs.ts';
import { createRedactor, type Redactor } from './redact.ts';
import {
  createStderrWriter,
  describeTarget,
  isTerminal,
  type OutputTarget,
  writeWhole,
} from './standard-streams.ts';

/** The signals that end a run in an orderly way (contract S1). */
export const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type EndSignal = (typeof END_SIGNALS)[number];

/** How the process ends: with a code, or by a signal (contract § 2). */
export type Outcome = { readonly exitCode: ExitCode } | { readonly signal: EndSignal };

/** How long the last words on stderr may take to be read. */
const STDERR_GRACE_MS = 1_000;
/** How long a stop may take to come. */
const SUSPEND_GRACE_MS = 100;
/** The same as for the last words, when a signal asked for the end. */
const LAST_WORDS_MS = 300;

export interface Io {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly uid: number | undefined;
  readonly pid: number;
  /** Such as v22.1.0. */
  readonly nodeVersion: string;
  /** Home directory, or undefined where there is none. */
  homeDirectory(): string | undefined;
  readonly stdin: () => NodeJS.ReadStream;
  readonly stdout: OutputTarget;
  readonly stderr: OutputTarget;
  readonly isStdinTty: boolean;
  /** True once the terminal that stdin was has hung up: its window is closed. */
  isTerminalGone(): Promise<boolean>;
  /** Writes a small text (help, a list) to stdout; a reader that went away is no error. @throws OutputError */
  writeOut(text: string): void;
  /** Writes one line to stderr, redacted, with everything foreign made visible; never throws. */
  writeErr(line: string, decorate?: (safe: string) => string): void;
  /** Writes to stderr as it is; for terminal control and text that is already safe. */
  writeErrRaw(text: string): void;
  /** Our signs beyond ASCII, or what replaces them where the terminal has no Unicode. */
  readonly signs: Signs;
  /** A text of ours for people: redacted, with everything foreign made visible, in signs that the terminal has. */
  toDisplay(text: string): string;
  readonly redactor: Redactor;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Calls back for every end signal until the returned function is called. */
  onSignal(handler: (signal: EndSignal) => void): () => void;
  /**
   * Calls back for SIGUSR1, which log rotators send, until the returned function is called. Without a handler the
   * signal does nothing (bin/atlantis.cjs); Windows does not have it.
   */
  onReopenSignal(handler: () => void): () => void;
  /**
   * Calls back before the process stops as Ctrl-Z asks for, and after it went on, however it was stopped;
   * until the returned function is called.
   */
  onSuspend(handlers: { readonly before: () => void; readonly after: () => void }): () => void;
  /** Ends the process at once by that signal, so that a shell sees the true status (contract § 2). */
  dieBySignal(signal: EndSignal): void;
  /** Sends a signal (0: only asks) to a process or group (negative; 0: its own); false if there is none. Never throws. */
  sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean;
  /** Keeps a write beyond `ulimit -f` an error instead of death by SIGXFSZ. */
  ignoreFileSizeSignal(): void;
  /**
   * Calls back for exceptions and rejections that nobody caught, until the returned function is called. Of
   * several handlers only the newest is called.
   */
  onUncaught(handler: (error: unknown) => void): () => void;
  /** Options for name lookups, read by glibc before the first one (RES_OPTIONS); those of the user go first. */
  setResolverOptions(options: string): void;
  setExitCode(code: ExitCode): void;
  /** Ends in the way of an outcome: the exit code is set, or the process dies by the signal. */
  end(outcome: Outcome): void;
  /** Ends the process now, whatever is still pending. */
  exitNow(code: ExitCode): void;
}

/** The environment of this process, for those who hold no `Io`. */
export const processEnvironment = (): Io['env'] => process.env;

/** The user who runs this process; undefined on Windows. */
export const processUid = (): number | undefined => process.getuid?.();

/** The process then ends with its last work, but does not wait for ever for somebody to read stderr (O7). */
function setExitCode(code: ExitCode): void {
  process.exitCode = code;
  const leave = (): void => {
    if (process.stderr.writableLength > 0 && process.stdout.writableLength === 0) process.exit();
  };
  setInterval(leave, STDERR_GRACE_MS).unref();
}

function dieBySignal(signal: EndSignal): void {
  process.removeAllListeners(signal);
  // Windows has no death by a signal: Node would end the process with 1, which is a bug's.
  if (process.platform !== 'win32') process.kill(process.pid, signal);
  // Only the first process of a container is still there: the kernel spares it. A shell would show the same.
  process.exit(128 + constants.signals[signal]);
}

/** Dies once the last words on stderr are out, or a moment later (contract R2). */
function dieInOrder(signal: EndSignal): void {
  const die = (): void => dieBySignal(signal);
  if (process.stderr.writableLength > 0) {
    process.stderr.write('', die);
    setTimeout(die, LAST_WORDS_MS);
  } else {
    die();
  }
}

/** Stops itself in between: what a terminal was set to is to be undone before, and done again after. */
function onSuspend({ before, after }: Parameters<Io['onSuspend']>[0]): () => void {
  let isStopping = false;
  const goOn = (): void => {
    if (isStopping) process.on('SIGTSTP', stop);
    isStopping = false;
    after();
  };
  const stop = (): void => {
    before();
    isStopping = true;
    process.off('SIGTSTP', stop);
    process.kill(process.pid, 'SIGTSTP');
    // Where no shell could continue it the kernel does not stop it, and nothing tells. The signal comes first.
    setTimeout(() => setImmediate(() => isStopping && goOn()), SUSPEND_GRACE_MS);
  };
  process.on('SIGTSTP', stop).on('SIGCONT', goOn);
  return () => {
    isStopping = false;
    process.off('SIGTSTP', stop).off('SIGCONT', goOn);
  };
}

/** Text from outside as one line for stderr: without secrets, and without effect on a terminal or a CI system. */
export function toSafeLine(text: string, redactor: Redactor): string {
  return escapeCommands(makeVisible(redactor.redact(text)));
}

/** The real thing. Nothing is opened or registered until it is used. */
export function createProcessIo(homeDirectory: () => string): Io {
  const redactor = createRedactor();
  const stdout = describeTarget(1, () => process.stdout);
  const stderr = describeTarget(2, () => process.stderr);
  const faultHandlers: ((error: unknown) => void)[] = [];
  const handleFault = (error: unknown): void => faultHandlers.at(-1)?.(error);
  const writeErrRaw = createStderrWriter(stdout, stderr);
  const signs = isUnicodeSupported() ? SIGNS : ASCII_SIGNS;
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
      return isTerminal(0, () => process.stdin);
    },
    async isTerminalGone() {
      // With it comes half of Node's stream code.
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
    signs,
    toDisplay: (text) => spellEllipses(makeVisible(redactor.redact(text)), signs),
    redactor,
    clock: systemClock,
    random: () => Math.random(),
    onSignal(handler) {
      for (const signal of END_SIGNALS) process.on(signal, handler);
      return () => {
        for (const signal of END_SIGNALS) process.off(signal, handler);
      };
    },
    onReopenSignal(handler) {
      process.on('SIGUSR1', handler);
      return () => void process.off('SIGUSR1', handler);
    },
    onSuspend,
    dieBySignal,
    sendSignal(pid, signal) {
      try {
        return process.kill(pid, signal);
      } catch (error) {
        // It is there, but not ours.
        return error instanceof Error && 'code' in error && error.code === 'EPERM';
      }
    },
    ignoreFileSizeSignal() {
      if (process.platform !== 'win32') process.on('SIGXFSZ', () => {});
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
      if ('signal' in outcome) dieInOrder(outcome.signal);
      else setExitCode(outcome.exitCode);
    },
    exitNow(code) {
      process.exit(code);
    },
  };
}
