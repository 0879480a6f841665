// Runs a command on a real terminal: a pseudo-terminal of the standard library of Python, no native module.
//
// Needs python3; skip by name with `hasPty()`. The command leads its own session, so Ctrl-C and a hang-up reach
// it as they would from a terminal window.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, type Sought, startChild } from './child.ts';
import { registerCleanup } from './cleanup.ts';
import { findPython } from './python.ts';
import { type CliOptions, COMMAND, makeCleanEnvironment } from './run-cli.ts';
import { guardRun } from './secrecy.ts';

const HOST = join(dirname(fileURLToPath(import.meta.url)), 'pty-host.py');

export interface PtyOptions {
  /** Size of the window. Default: 80 columns, 24 rows. */
  readonly columns?: number;
  readonly rows?: number;
  /** Added to the clean environment, which has TERM=xterm-256color here. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly key?: string;
  readonly cwd?: string;
  /** Default 60 s; then it is killed and `exit` rejects. */
  readonly limitMs?: number;
}

/** How a command on a terminal ended: its wait status, and everything the terminal showed. */
export interface PtyExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** True when it died with a core dump (or would have: the kernel's flag). */
  readonly core: boolean;
  /** Raw: with escape sequences, line ends as CR LF. */
  readonly output: string;
}

/** A command running on a terminal. */
export class Pty {
  readonly exit: Promise<PtyExit>;
  readonly #host: Child;

  constructor(host: Child) {
    this.#host = host;
    this.exit = host.exit.then((end) => {
      const line = end.stderr.split('\n').find((text) => /^\{"(code|signal)"/.test(text));
      if (!line) throw new Error(`the terminal's host failed: ${end.stderr}`);
      return { code: null, signal: null, ...JSON.parse(line), output: end.stdout };
    });
    // The host is killed first, or it would report the kill as the end of the run.
    const forget = registerCleanup(() => {
      host.kill('SIGKILL');
      this.#killCommand();
    });
    this.exit.then(forget, () => this.#killCommand());
  }

  /** The raw output so far. */
  get output(): string {
    return this.#host.stdoutText;
  }

  /** Process id of the command itself. */
  async readPid(): Promise<number> {
    const [, pid] = /"pid": (\d+)/.exec(await this.#host.waitForStderr(/"pid": \d+/)) ?? [];
    return Number(pid);
  }

  /** Resolves with the output once it holds `sought`. */
  waitFor(sought: Sought, limitMs?: number): Promise<string> {
    return this.#host.waitForStdout(sought, limitMs);
  }

  /** Types: `\r` is Enter, `\x03` Ctrl-C, `\x04` Ctrl-D, `\x13` / `\x11` stop and resume. */
  send(keys: string): void {
    this.#request({ do: 'send', bytes: Buffer.from(keys).toString('base64') });
  }

  resize(columns: number, rows: number): void {
    this.#request({ do: 'resize', columns, rows });
  }

  /** The window stops taking output (true), or resumes (false). */
  pause(on = true): void {
    this.#request({ do: 'reading', on: !on });
  }

  /** The window is closed: the session gets SIGHUP, and every use of the terminal fails. */
  hangUp(): void {
    this.#request({ do: 'hangup' });
  }

  /** The end of the host only hangs up the terminal, which a command may survive. */
  #killCommand(): void {
    const [, pid] = /"pid": (\d+)/.exec(this.#host.stderrText) ?? [];
    try {
      if (pid) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // it is gone
    }
  }

  #request(request: object): void {
    this.#host.stdin.write(`${JSON.stringify(request)}\n`);
  }
}

let python: string | undefined;

function findPtyPython(): string | undefined {
  python ??= findPython('pty, termios');
  return python;
}

/** True where a pseudo-terminal can be made. */
export function hasPty(): boolean {
  return findPtyPython() !== undefined;
}

/** Runs `command` on a terminal of its own; it is killed at the end of the test. */
export function startInPty(command: readonly string[], options: PtyOptions = {}): Pty {
  const { columns = 80, rows = 24, env, key, cwd, limitMs } = options;
  const host = findPtyPython();
  if (!host) throw new Error('no python3 with the module pty');
  const clean = makeCleanEnvironment({
    env: { TERM: 'xterm-256color', ...env },
    ...(key !== undefined && { key }),
  });
  guardRun({ words: command, env: clean }, () => [child.stdoutBytes, child.stderrBytes]);
  // -S skips Python's `site` module, which takes half of the startup time.
  const child = startChild(host, ['-I', '-S', HOST, String(columns), String(rows), ...command], {
    env: clean,
    stdin: 'pipe',
    group: true,
    ...(cwd !== undefined && { cwd }),
    ...(limitMs !== undefined && { limitMs }),
  });
  return new Pty(child);
}

/** Runs the atlantis command on a terminal of its own. */
export function startCliInPty(
  args: readonly string[],
  options: PtyOptions & Pick<CliOptions, 'node' | 'script'> = {},
): Pty {
  return startInPty([options.node ?? process.execPath, options.script ?? COMMAND, ...args], options);
}
