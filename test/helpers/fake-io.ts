// An `Io` for tests: environment, terminals, clock and signals without a process.
//
// stderr is collected as the real one would show it: redacted, and with control characters escaped.
import { Readable, Writable } from 'node:stream';
import { createScreenSlot } from '../../src/io/full-screen.ts';
import { type Io, type Outcome, toSafeLine } from '../../src/io/io.ts';
import { createRedactor } from '../../src/io/redact.ts';
import type { EndSignal } from '../../src/io/signals.ts';
import type { OutputTarget } from '../../src/io/standard-streams.ts';
import { escapeCommands } from '../../src/render/ci-commands.ts';
import { makeVisible } from '../../src/render/sanitize.ts';
import { SIGNS, type Signs, spellEllipses } from '../../src/render/signs.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';

export interface FakeIo extends Io {
  readonly clock: FakeClock;
  /** What went to stdout and stderr so far. */
  readonly outText: string;
  readonly errText: string;
  /** What went to stderr, line by line. */
  readonly errLines: readonly string[];
  /** How the process ended, in order: exit codes and signals. */
  readonly ends: readonly (number | EndSignal)[];
  /** Sends an end signal to the registered handlers; throws if there are none. */
  raise(signal: EndSignal): void;
  /** Passes an uncaught exception to the registered handlers. */
  failUncaught(error: unknown): void;
  /** Handlers for signals and faults that are still registered. */
  readonly handlers: number;
}

export interface FakeIoOptions {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly platform?: NodeJS.Platform;
  /** Home directory; default: none. */
  readonly home?: string;
  /** What stdin holds; default: nothing. */
  readonly stdin?: string;
  readonly isStdinTty?: boolean;
  readonly isStdoutTty?: boolean;
  /** Default: true. */
  readonly isForeground?: boolean;
  readonly isStderrTty?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Default: those of a terminal with Unicode. */
  readonly signs?: Signs;
  /** Default: always 0.5. */
  readonly random?: () => number;
}

/** An Io that touches nothing outside the test. */
export function createFakeIo(options: FakeIoOptions = {}): FakeIo {
  let outText = '';
  let errText = '';
  const ends: (number | EndSignal)[] = [];
  const signalHandlers = new Set<(signal: EndSignal) => void>();
  const faultHandlers = new Set<(error: unknown) => void>();
  const redactor = createRedactor();
  const signs = options.signs ?? SIGNS;

  /** Keeps a handler until the returned function is called. */
  const keep = <T>(handlers: Set<T>, handler: T): (() => void) => {
    handlers.add(handler);
    return () => void handlers.delete(handler);
  };
  const createTarget = (isTty: boolean, take: (text: string) => void): OutputTarget => {
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        take(chunk.toString());
        done();
      },
    });
    return {
      fd: -1,
      isTty,
      columns: () => (isTty ? (options.columns ?? 80) : undefined),
      rows: () => (isTty ? (options.rows ?? 24) : undefined),
      stream: () => stream as unknown as NodeJS.WriteStream,
    };
  };
  const writeOut = (text: string): void => {
    outText += text;
  };
  const screen = createScreenSlot((text) => {
    errText += text;
  });
  const writeErrRaw = screen.write;

  return {
    argv: options.argv ?? [],
    env: options.env ?? {},
    platform: options.platform ?? 'linux',
    uid: process.getuid?.(),
    pid: 4242,
    nodeVersion: 'v20.0.0',
    homeDirectory: () => options.home,
    stdin: () => Readable.from([options.stdin ?? '']) as unknown as NodeJS.ReadStream,
    stdout: createTarget(options.isStdoutTty ?? false, writeOut),
    stderr: createTarget(options.isStderrTty ?? false, writeErrRaw),
    isStdinTty: options.isStdinTty ?? false,
    writeOut: (text) => writeOut(escapeCommands(text)),
    writeErr(line, decorate) {
      const safe = toSafeLine(line, redactor);
      writeErrRaw(`${decorate === undefined ? safe : decorate(safe)}\n`);
    },
    writeErrRaw,
    takeScreen: screen.take,
    signs,
    toDisplay: (text) => spellEllipses(makeVisible(redactor.redact(text)), signs),
    redactor,
    clock: createFakeClock(),
    random: options.random ?? (() => 0.5),
    onSignal: (handler) => keep(signalHandlers, handler),
    onHangUp: () => () => {},
    isForeground: () => options.isForeground ?? true,
    isTerminalGone: () => Promise.resolve(false),
    onReopenSignal: () => () => {},
    onSuspend: () => () => {},
    dieBySignal: (signal) => void ends.push(signal),
    sendSignal: () => false,
    ignoreFileSizeSignal() {},
    onUncaught: (handler) => keep(faultHandlers, handler),
    setResolverOptions: () => undefined,
    setExitCode: (code) => void ends.push(code),
    end: (outcome: Outcome) => void ends.push('signal' in outcome ? outcome.signal : outcome.exitCode),
    exitNow(code) {
      screen.restore();
      ends.push(code);
    },
    raise(signal) {
      if (signalHandlers.size === 0) throw new Error(`no handler for ${signal}`);
      for (const handler of [...signalHandlers]) handler(signal);
    },
    failUncaught(error) {
      if (faultHandlers.size === 0) throw new Error('no handler for uncaught exceptions');
      for (const handler of [...faultHandlers]) handler(error);
    },
    get outText() {
      return outText;
    },
    get errText() {
      return errText;
    },
    get errLines() {
      return errText.split('\n').slice(0, -1);
    },
    get ends() {
      return ends;
    },
    get handlers() {
      return signalHandlers.size + faultHandlers.size;
    },
  };
}
