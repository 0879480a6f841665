// A child process: its output so far, waiting for a part of it, and a guaranteed end.
//
// No child outlives its test: it is killed by pid (a shell with its whole process group) in the cleanup, and
// after `limitMs` of running, which makes `exit` reject with its stderr.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { closeSync, readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { type Lifetime, registerCleanup } from './cleanup.ts';
import { makePipes, Output } from './pipe.ts';
import { pauseFor, Watch } from './watch.ts';

/** A child may run this long in ms, unless the caller says otherwise. */
export const RUN_LIMIT_MS = 60_000;

/** What to look for in an output: a substring, a pattern, or a predicate of the whole text. */
export type Sought = string | RegExp | ((text: string) => boolean);

/** How a child ended, and everything it wrote. */
export interface Exit {
  /** Null when it died by a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  /** The complete environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Text for stdin, then its end; 'pipe' to write to `stdin` later. Default: /dev/null. */
  readonly stdin?: string | Uint8Array | 'pipe' | number;
  /** 'pipe' is a real pipe (node's own is a pair of sockets). Default: 'pipe'. A number is a descriptor. */
  readonly stdout?: 'pipe' | 'ignore' | number;
  readonly stderr?: 'pipe' | 'ignore' | number;
  /** Default 60 s; then it is killed and `exit` rejects. */
  readonly limitMs?: number;
  /** A process group of its own, all of which is killed in the end. Default: false. */
  readonly group?: boolean;
  /** Default: killed at the end of the test. */
  readonly lifetime?: Lifetime;
}

/** How a run ended; some of its output may still be unread. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A run that is watched: a process of its own (`startChild`), or the command in this one (`in-process.ts`). */
export abstract class Child {
  /** `pid` and `process` throw if the run has no process of its own. */
  abstract readonly pid: number;
  abstract readonly process: ChildProcess;
  /** Only with `stdin: 'pipe'`. */
  abstract readonly stdin: Writable;
  /** Resolves as soon as the run has ended, even if some of its output is still unread. */
  readonly ended: Promise<End>;
  /** Rejects only when the limit of running was reached, or the program could not be started. */
  readonly exit: Promise<Exit>;
  readonly #watch = new Watch();
  readonly #stdout: Output;
  readonly #stderr: Output;
  #over = false;

  constructor(
    stdout: Readable | undefined,
    stderr: Readable | undefined,
    ended: Promise<End>,
    limitMs: number,
  ) {
    this.#stdout = new Output(stdout, this.#watch);
    this.#stderr = new Output(stderr, this.#watch);
    this.ended = ended;
    this.exit = this.#follow(limitMs);
    this.exit.catch(() => undefined); // a test need not await the end
  }

  /** Sends a signal; returns false when the child is already gone. */
  abstract kill(signal?: NodeJS.Signals): boolean;

  /** Ends it at once, whatever it is doing. */
  protected abstract abandon(): void;

  get stdoutText(): string {
    return this.#stdout.text;
  }

  get stdoutBytes(): Buffer {
    return this.#stdout.bytes;
  }

  get stderrText(): string {
    return this.#stderr.text;
  }

  get stderrBytes(): Buffer {
    return this.#stderr.bytes;
  }

  /** Whole lines on stdout so far. */
  get lineCount(): number {
    return this.#stdout.lines;
  }

  /** Resolves with all of stdout once it contains `sought`; rejects if the child ends first. */
  waitForStdout(sought: Sought, limitMs?: number): Promise<string> {
    return this.#waitFor(this.#stdout, 'stdout', sought, limitMs);
  }

  waitForStderr(sought: Sought, limitMs?: number): Promise<string> {
    return this.#waitFor(this.#stderr, 'stderr', sought, limitMs);
  }

  /** Resolves with the first `n` lines of stdout, without their line ends. */
  async waitForLines(n: number, limitMs?: number): Promise<string[]> {
    await this.#until(() => this.#stdout.lines >= n || undefined, `${n} lines on stdout`, limitMs);
    return this.stdoutText.split('\n', n);
  }

  /** The reader of stdout stops reading; up to 64 KiB more than the pipe holds may still be taken. */
  pauseStdout(): void {
    this.#stdout.stream?.pause();
  }

  resumeStdout(): void {
    this.#stdout.stream?.resume();
  }

  /** The reader of stdout goes away: the child's next write fails with EPIPE. */
  closeStdout(): void {
    this.#stdout.stream?.destroy();
  }

  closeStderr(): void {
    this.#stderr.stream?.destroy();
  }

  /** The most memory it ever had resident, in bytes; while it runs, and on Linux only. */
  readPeakMemory(): number {
    const [, kilobytes = '0'] =
      /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${this.process.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  #waitFor(output: Output, name: string, sought: Sought, limitMs?: number): Promise<string> {
    return this.#until(
      () => (holds(output.text, sought) ? output.text : undefined),
      `${sought} on ${name}`,
      limitMs,
    );
  }

  #until<T>(probe: () => T | undefined, what: string, limitMs?: number): Promise<T> {
    const say = (): string =>
      `${what}\n--- stdout\n${this.stdoutText.slice(-2000)}\n--- stderr\n${this.stderrText}`;
    const look = (): T | undefined => {
      const value = probe();
      if (value === undefined && this.#over) throw new Error(`the child ended without ${say()}`);
      return value;
    };
    return this.#watch.until(look, say, limitMs);
  }

  protected get isOver(): boolean {
    return this.#over;
  }

  async #follow(limitMs: number): Promise<Exit> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`still running after ${limitMs} ms: killed\n--- stderr\n${this.stderrText}`));
        this.abandon();
      }, limitMs);
    });
    try {
      return await Promise.race([this.#readToEnd(), limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #readToEnd(): Promise<Exit> {
    const { code, signal } = await this.ended;
    await Promise.all([this.#stdout.readToEnd(), this.#stderr.readToEnd()]);
    this.#over = true;
    this.#watch.notify();
    return { code, signal, stdout: this.stdoutText, stderr: this.stderrText };
  }
}

/** A process of its own. */
class ChildOfProcess extends Child {
  readonly process: ChildProcess;
  readonly pid: number;

  constructor(
    process: ChildProcess,
    stdout: Readable | undefined,
    stderr: Readable | undefined,
    limitMs: number,
  ) {
    const ended = new Promise<End>((resolve, reject) => {
      process.on('error', reject);
      process.on('exit', (code, signal) => resolve({ code, signal }));
    });
    super(stdout, stderr, ended, limitMs);
    this.process = process;
    this.pid = process.pid ?? 0;
  }

  get stdin(): Writable {
    if (!this.process.stdin) throw new Error('stdin is not a pipe');
    return this.process.stdin;
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): boolean {
    return !this.isOver && this.process.kill(signal);
  }

  protected abandon(): void {
    this.kill('SIGKILL');
  }
}

/** Starts `command`; it is killed at the end of the test. */
export function startChild(command: string, args: readonly string[], options: ChildOptions): Child {
  const {
    stdin = 'ignore',
    stdout = 'pipe',
    stderr = 'pipe',
    limitMs = RUN_LIMIT_MS,
    group = false,
  } = options;
  const feed = typeof stdin === 'string' && stdin !== 'pipe' && stdin !== 'ignore';
  const made = makePipes([stdout, stderr].filter((target) => target === 'pipe').length);
  const pipes = [stdout, stderr].map((target) => (target === 'pipe' ? made.shift() : undefined));
  const stdio: StdioOptions = [
    typeof stdin === 'object' || feed ? 'pipe' : (stdin as 'pipe' | 'ignore' | number),
    pipes[0]?.writeEnd ?? stdout,
    pipes[1]?.writeEnd ?? stderr,
  ];
  const { env, cwd } = options;
  const child = spawn(command, args, { env, stdio, detached: group, ...(cwd !== undefined && { cwd }) });
  for (const pipe of pipes) if (pipe) closeSync(pipe.writeEnd);
  child.stdin?.on('error', () => undefined); // a child need not read its stdin
  if (feed || typeof stdin === 'object') child.stdin?.end(stdin);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const forget = registerCleanup(async () => {
    killAll(child, group);
    await gone;
    for (const pipe of pipes) pipe?.readEnd.destroy();
  }, options.lifetime);
  if (!group) void gone.then(forget);
  return new ChildOfProcess(child, pipes[0]?.readEnd, pipes[1]?.readEnd, limitMs);
}

/** True while a process runs; a zombie counts as ended. Linux only. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Resolves when a process that is not our child has ended (there is no event, so it is polled). */
export async function untilDead(pid: number, limitMs = 5_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (isAlive(pid)) {
    if (performance.now() > endMs) throw new Error(`process ${pid} is still alive after ${limitMs} ms`);
    await pauseFor(10);
  }
}

function killAll(child: ChildProcess, group: boolean): void {
  if (!group || child.pid === undefined) {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // the whole group is gone already
  }
}

function holds(text: string, sought: Sought): boolean {
  if (typeof sought === 'string') return text.includes(sought);
  return typeof sought === 'function' ? sought(text) : text.search(sought) >= 0;
}
