// Runs the command in this process: the sources, through `main`, with an `Io` of the run's own.
//
// To a test it is a child like any other: it writes into pipes that fill up, takes signals, and ends with a code or
// by a signal. What only a process has (memory, preloaded scripts, SIGKILL) needs `spawned: true` (`run-cli.ts`).
import type { ChildProcess } from 'node:child_process';
import { userInfo } from 'node:os';
import { PassThrough, Readable, Writable } from 'node:stream';
import { type Clock, systemClock } from '../../src/clock.ts';
import { createScreenSlot } from '../../src/io/full-screen.ts';
import { type Io, toSafeLine } from '../../src/io/io.ts';
import { createRedactor } from '../../src/io/redact.ts';
import { createSignalWatch, END_SIGNALS, type EndSignal } from '../../src/io/signals.ts';
import { createStderrWriter, type OutputTarget } from '../../src/io/standard-streams.ts';
import { escapeCommands } from '../../src/render/ci-commands.ts';
import { makeVisible } from '../../src/render/sanitize.ts';
import { SIGNS, spellEllipses } from '../../src/render/signs.ts';
import { Child, type End, RUN_LIMIT_MS } from './child.ts';
import { type Lifetime, registerCleanup } from './cleanup.ts';

/** As much as a pipe of Linux holds. */
const PIPE_BYTES = 64 * 1024;
/** How long a run may take to stop at the end of its test. */
const STOP_LIMIT_MS = 10_000;

export interface InProcessOptions {
  /** The complete environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Text for stdin, then its end; 'pipe' to write to `stdin` later. Default: its end at once. */
  readonly stdin?: string | Uint8Array | 'pipe' | undefined;
  /** The value of every random number; default: real random numbers. */
  readonly random?: number | undefined;
  /** Default 60 s; then `exit` rejects. */
  readonly limitMs?: number | undefined;
  readonly lifetime?: Lifetime | undefined;
}

/** Starts the command with these arguments; it is stopped at the end of the test. */
export function startInProcess(args: readonly string[], options: InProcessOptions): Child {
  return new ChildInProcess(args, options);
}

/** A pipe between two streams: a writer waits while nothing is read and the pipe is full. */
class Pipe {
  readonly readEnd: Readable;
  readonly writeEnd: Writable;
  #resume: (() => void) | undefined;

  constructor() {
    const resume = (): void => {
      const done = this.#resume;
      this.#resume = undefined;
      done?.();
    };
    this.readEnd = new Readable({ highWaterMark: PIPE_BYTES, read: resume }).once('close', resume);
    this.writeEnd = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (this.readEnd.destroyed) done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
        // A copy: the writer may use its memory again.
        else if (this.readEnd.push(Buffer.from(chunk))) done();
        else this.#resume = done;
      },
    });
  }

  /** Resolves when all that was written is in the pipe, or its reader is gone. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      if (this.writeEnd.writableLength === 0) resolve();
      else this.writeEnd.write('', () => resolve());
    });
  }

  /** What is not in the pipe by now is lost. */
  close(): void {
    this.writeEnd.on('error', () => undefined).destroy();
    if (!this.readEnd.destroyed) this.readEnd.push(null);
  }

  /** The write end, as the command sees it. */
  toTarget(): OutputTarget {
    return {
      fd: -1,
      isTty: false,
      columns: () => undefined,
      rows: () => undefined,
      stream: () => this.writeEnd as unknown as NodeJS.WriteStream,
    };
  }
}

/** Turns of the event loop that a due timer lets pass before it fires. */
const TURNS = 10;

/** A clock whose timers fire after data in flight in this process has arrived, even if a turn of the loop is slow. */
const patientClock: Clock = {
  ...systemClock,
  setTimer(callback, ms) {
    let left = TURNS;
    let turn: NodeJS.Immediate | undefined;
    const wait = (): void => {
      left -= 1;
      if (left < 0) callback();
      else turn = setImmediate(wait);
    };
    const cancel = systemClock.setTimer(wait, ms);
    return () => {
      cancel();
      clearImmediate(turn);
    };
  },
};

class ChildInProcess extends Child {
  readonly #input: Readable;
  readonly #stdout: Pipe;
  readonly #stderr: Pipe;
  readonly #signalHandlers = new Set<(signal: EndSignal) => void>();
  readonly #settleEnd: (end: End) => void;
  #end: End | undefined;
  #exitCode = 0;
  #isStopping = false;

  constructor(args: readonly string[], options: InProcessOptions) {
    const { stdin = '', limitMs = RUN_LIMIT_MS, lifetime } = options;
    const { promise, resolve } = withResolvers<End>();
    const [stdout, stderr] = [new Pipe(), new Pipe()];
    super(stdout.readEnd, stderr.readEnd, promise, limitMs);
    this.#input = stdin === 'pipe' ? new PassThrough() : Readable.from([Buffer.from(stdin)]);
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#settleEnd = resolve;
    const run = this.#run(this.#createIo(args, options));
    const forget = registerCleanup(() => this.#stop(run), lifetime);
    // A run that was killed may still have to be stopped.
    void run.then(forget);
  }

  get process(): ChildProcess {
    throw new Error('this run has no process of its own: give it `spawned: true`');
  }

  /** Throws without a process of its own: otherwise a test could kill the process of the tests. */
  get pid(): number {
    return this.process.pid ?? 0;
  }

  get stdin(): Writable {
    if (!(this.#input instanceof PassThrough)) throw new Error('stdin is not a pipe');
    return this.#input;
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): boolean {
    if (this.#end !== undefined) return false;
    const endSignal = END_SIGNALS.find((one) => one === signal);
    if (endSignal === undefined) throw new Error(`${signal} needs a process: give the run \`spawned: true\``);
    const handlers = [...this.#signalHandlers];
    for (const handler of handlers) handler(endSignal);
    // Like a process without a handler for the signal.
    if (handlers.length === 0) this.#finish({ code: null, signal });
    return true;
  }

  protected abandon(): void {
    this.#finish({ code: null, signal: 'SIGKILL' });
  }

  async #run(io: Io): Promise<void> {
    // Loaded only when needed: a test file may only use processes.
    const { main } = await import('../../src/main.ts');
    await main(io);
    await this.#stdout.drain();
    this.#finish({ code: this.#exitCode, signal: null });
  }

  #finish(end: End): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#stdout.close();
    this.#stderr.close();
    this.#settleEnd(end);
  }

  /** Ends what is still running, and waits for it: nothing may be left for the next test. */
  async #stop(run: Promise<void>): Promise<void> {
    this.#isStopping = true;
    for (const handler of [...this.#signalHandlers]) handler('SIGTERM');
    this.closeStdout();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const fail = (): void => reject(new Error(`the run does not stop\n--- stderr\n${this.stderrText}`));
      timer = setTimeout(fail, STOP_LIMIT_MS);
    });
    await Promise.race([run, late]).finally(() => clearTimeout(timer));
  }

  #createIo(args: readonly string[], { env, random }: InProcessOptions): Io {
    const [stdout, stderr] = [this.#stdout.toTarget(), this.#stderr.toTarget()];
    const redactor = createRedactor();
    const screen = createScreenSlot(createStderrWriter(stdout, stderr));
    const writeErrRaw = screen.write;
    return {
      argv: args,
      env,
      platform: process.platform,
      uid: process.getuid?.(),
      pid: process.pid,
      nodeVersion: process.version,
      homeDirectory: () => (env['HOME'] ?? userInfo().homedir) || undefined,
      stdin: () => this.#input as unknown as NodeJS.ReadStream,
      stdout,
      stderr,
      isStdinTty: false,
      isForeground: () => true,
      isTerminalGone: () => Promise.resolve(false),
      writeOut: (text) => void this.#stdout.writeEnd.write(escapeCommands(text)),
      writeErr(line, decorate) {
        const safe = toSafeLine(line, redactor);
        writeErrRaw(`${decorate === undefined ? safe : decorate(safe)}\n`);
      },
      writeErrRaw,
      takeScreen: screen.take,
      signs: SIGNS,
      toDisplay: (text) => spellEllipses(makeVisible(redactor.redact(text)), SIGNS),
      redactor,
      clock: patientClock,
      random: () => random ?? Math.random(),
      ...createSignalWatch({
        clock: systemClock,
        isStdinTty: () => false,
        listen: (handler) => {
          this.#signalHandlers.add(handler);
          if (this.#isStopping) queueMicrotask(() => handler('SIGTERM'));
          return () => void this.#signalHandlers.delete(handler);
        },
        die: (signal) => this.#finish({ code: null, signal }),
      }),
      onReopenSignal: () => () => undefined,
      onSuspend: () => () => undefined,
      dieBySignal: (signal) => this.#finish({ code: null, signal }),
      sendSignal,
      ignoreFileSizeSignal: () => undefined,
      // Jest fails the test for uncaught errors.
      onUncaught: () => () => undefined,
      setResolverOptions: () => undefined,
      setExitCode: (code) => {
        this.#exitCode = code;
      },
      end: (outcome) => {
        if ('signal' in outcome) this.#finish({ code: null, signal: outcome.signal });
        else this.#exitCode = outcome.exitCode;
      },
      exitNow: (code) => this.#finish({ code, signal: null }),
    };
  }
}

/** Sends signals to other processes only: a signal to this one would end the tests. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  if (signal !== 0 && (pid === 0 || pid === process.pid)) throw new Error(`${signal} to the tests`);
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
