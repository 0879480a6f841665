// Runs the key command of a profile, such as ["op", "read", "op://vault/atlantis/key"] (contract P1).
//
// The command runs without a shell and without ATLANTIS_API_KEY in its environment. No program is taken from the user's
// working directory, where another user may have put one (contract F5; docs/faults.md, row 64). After a failure or a
// signal, all processes that the command started are killed (on Windows only the command itself); after success a
// background agent may keep running.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { CredentialError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { decodeKey, parseKey } from '../io/key.ts';
import { platformOf } from '../io/platform.ts';
import { nameKeyCommand, ONLY_THE_KEY, PROGRAM_FAULTS, sayKeyCommandFailed } from './messages.ts';

/** Contract P1. */
const TIMEOUT_MS = 10_000;

/** How long a background agent may keep the output open after the program has exited. */
const OUTPUT_GRACE_MS = 300;

/** Twice the longest key. */
const MAX_OUTPUT_BYTES = 8192;

export type KeyCommandDeps = Pick<Io, 'env' | 'platform' | 'sendSignal' | 'onSignal' | 'dieBySignal'>;

/** Names are case-insensitive on Windows. */
function withoutKey(env: Io['env']): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => name.toUpperCase() !== 'ATLANTIS_API_KEY'),
  );
}

function describeSpawnError(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return PROGRAM_FAULTS.notFound;
  return code === 'EACCES' ? PROGRAM_FAULTS.notExecutable : PROGRAM_FAULTS.notStarted(code);
}

/** @param stderr empty if it was not captured */
function describeExit(status: number | null, stderr: string): string {
  const [line = ''] = stderr.trim().split('\n');
  return PROGRAM_FAULTS.failed(status, line.slice(0, 200).trim());
}

/** Returns the key. @throws CredentialError with the name of the command and its exit status, never its output */
export async function runKeyCommand(
  argv: readonly string[],
  deps: KeyCommandDeps,
  signal?: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<string> {
  const source = nameKeyCommand(argv[0]);
  const { cwd } = platformOf(deps.platform).isolate(deps.env);
  const fail = (what: string): CredentialError =>
    new CredentialError(...sayKeyCommandFailed(source, what, cwd));
  const output = await runProgram(argv, deps, fail, { signal, timeoutMs });
  return parseKey(decodeKey(output, source), source, ONLY_THE_KEY);
}

interface ProgramOptions {
  /** Ends the program at once. Default: SIGINT, SIGTERM or SIGHUP ends the program and then this process. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly input?: string | undefined;
  /** Error messages contain the first line of its stderr. */
  readonly showsStderr?: boolean;
  /** Exit status that is a success, in addition to 0. */
  readonly acceptedStatus?: number | undefined;
}

/**
 * Runs a program that prints or stores a key, and returns its output. On POSIX the program has its own process group,
 * so that all its processes can be killed at once. The program cannot prompt on the terminal.
 *
 * @param argv a program without a path is looked up in the absolute entries of PATH
 * @param fail makes the error, for example from `failed with exit status 1`
 * @throws CredentialError as `fail` makes it
 */
export async function runProgram(
  argv: readonly string[],
  deps: KeyCommandDeps,
  fail: (what: string) => CredentialError,
  options: ProgramOptions,
): Promise<Buffer> {
  const { signal, timeoutMs, input, showsStderr = false, acceptedStatus = 0 } = options;
  const [program = '', ...args] = argv;
  const { hasSignals, isolate } = platformOf(deps.platform);
  // Arguments may be relative paths, and programs read settings from their directory.
  const { cwd, env } = isolate(withoutKey(deps.env));
  if (signal?.aborted) throw fail(PROGRAM_FAULTS.interrupted);
  let interrupt = (): void => {};
  // Before the spawn, since a signal may arrive while the program starts.
  const unwatch =
    signal === undefined
      ? deps.onSignal((endSignal) => {
          interrupt();
          deps.dieBySignal(endSignal);
        })
      : () => {};
  let child: ChildProcess & { readonly stdout: Readable };
  try {
    child = spawn(program, args, {
      cwd,
      env,
      detached: hasSignals,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', showsStderr ? 'pipe' : 'ignore'],
      windowsHide: true,
    }) as ChildProcess & { readonly stdout: Readable };
  } catch (error) {
    unwatch();
    throw fail(describeSpawnError(error));
  }
  // A program that fails may exit without reading its input.
  child.stdin?.on('error', () => {}).end(input);
  return new Promise<Buffer>((resolve, reject) => {
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < MAX_OUTPUT_BYTES) stderr += chunk.toString('utf8');
    });
    const chunks: Buffer[] = [];
    let size = 0;

    const settle = (): void => {
      clearTimeout(timer);
      clearTimeout(grace);
      signal?.removeEventListener('abort', onAbort);
      unwatch();
    };
    const stopReading = (): void => {
      child.stdout.destroy();
      child.stderr?.destroy();
    };
    /** Kills the program, and does not wait for its output to close. */
    const endWith = (error: CredentialError): void => {
      settle();
      if (hasSignals && child.pid !== undefined) deps.sendSignal(-child.pid, 'SIGKILL');
      else child.kill('SIGKILL');
      stopReading();
      reject(error);
    };
    const onAbort = (): void => endWith(fail(PROGRAM_FAULTS.interrupted));
    const timer = setTimeout(() => endWith(fail(PROGRAM_FAULTS.timeout(timeoutMs))), timeoutMs);
    signal?.addEventListener('abort', onAbort);
    interrupt = onAbort;
    let grace: NodeJS.Timeout | undefined;

    child.on('error', (error) => {
      settle();
      reject(fail(describeSpawnError(error)));
    });
    child.stdout.on('error', () => {});
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT_BYTES) endWith(fail(PROGRAM_FAULTS.tooMuch));
      else chunks.push(chunk);
    });
    /** Waits only briefly for the end of stderr, which a background agent may keep open. */
    const afterStderr = (then: () => void): void => {
      if (child.stderr === null || child.stderr.closed) {
        then();
        return;
      }
      child.stderr.once('close', then);
      grace = setTimeout(then, OUTPUT_GRACE_MS);
    };
    // All output is in the pipe by now, but a background agent may keep the pipe open.
    child.on('exit', (status, endSignal) => {
      if (endSignal !== null) endWith(fail(PROGRAM_FAULTS.killed(endSignal)));
      else if (status !== 0 && status !== acceptedStatus) {
        afterStderr(() => endWith(fail(describeExit(status, stderr))));
      }
      // setImmediate, so that output in the pipe is read first, however late this timer is.
      else grace = setTimeout(() => setImmediate(stopReading), OUTPUT_GRACE_MS);
    });
    child.on('close', (status) => {
      if (status !== 0 && status !== acceptedStatus) return;
      settle();
      resolve(Buffer.concat(chunks));
    });
  });
}

/** False for a bare name, which is looked up on PATH. */
export function isRelativeProgram(program: string, platform: NodeJS.Platform): boolean {
  const { hasDirectory, isFixed } = platformOf(platform);
  return hasDirectory(program) && !isFixed(program);
}

/** The first argument that is a path relative to the working directory, alone or as in `--file=path`. */
export function findRelativeArgument(
  [, ...args]: readonly string[],
  workingDirectory: string,
  platform: NodeJS.Platform,
): string | undefined {
  const { path, isFixed } = platformOf(platform);
  const exists = (text: string): boolean =>
    text !== '' && !isFixed(text) && existsSync(path.resolve(workingDirectory, text));
  return args.find((arg) => exists(arg) || exists(arg.slice(arg.indexOf('=') + 1)));
}

/** Makes the path of the program absolute; a bare name is unchanged. */
export function resolveProgram(
  argv: readonly string[],
  workingDirectory: string,
  platform: NodeJS.Platform,
): readonly string[] {
  const [program = '', ...args] = argv;
  if (!isRelativeProgram(program, platform)) return argv;
  return [platformOf(platform).path.resolve(workingDirectory, program), ...args];
}
