// Gets a key from the profile's own command, such as ["op", "read", "op://vault/atlantis/key"] (contract P1).
//
// No shell, 10 seconds, stdout only, no ATLANTIS_API_KEY in its environment, and nothing from the working directory: it
// runs in another one. A failure says the name of the command and how it ended, never what it wrote. Nothing that it
// started outlives a failure or a signal; after a success an agent that it started in the background may stay.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { CredentialError } from '../errors.ts';
import type { EndSignal } from '../io/io.ts';
import { decodeKey, parseKey } from '../io/key.ts';
import { systemCode } from '../profiles/store-access.ts';
import { isolateFromWorkingDirectory } from './key-program.ts';

/** How long a key command may take, in ms (contract P1). */
const TIMEOUT_MS = 10_000;

/** After its end, how long something that it left running may keep its output open, in ms. */
const OUTPUT_GRACE_MS = 300;

/** More output than this is no key; twice the longest one. */
const MAX_OUTPUT_BYTES = 8192;

/** What a key command needs from the system. */
export interface KeyCommandHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Sends a signal to a process or, with a negative number, to a process group; never throws. */
  sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean;
  /** Calls back for every end signal until the returned function is called. */
  onSignal(handler: (signal: EndSignal) => void): () => void;
  /** Ends this process at once. */
  dieBySignal(signal: EndSignal): void;
}

/** The environment without the key of this run; Windows does not tell the case of names. */
function withoutKey(env: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => name.toUpperCase() !== 'ATLANTIS_API_KEY'),
  );
}

/** Why the command could not be started, for people. */
function describeSpawnError(error: unknown): string {
  const code = systemCode(error);
  if (code === 'ENOENT') return 'was not found';
  if (code === 'EACCES') return 'may not be executed';
  return `could not be started (${code ?? 'unknown error'})`;
}

/** The status and, if it is captured, the first line of stderr. */
function describeExit(status: number | null, stderr: string): string {
  const [line = ''] = stderr.trim().split('\n');
  return `ended with status ${status}${line === '' ? '' : ` (${line.slice(0, 200).trim()})`}`;
}

/** Starts the program; what cannot be started may fail here or by an 'error' event. */
function start(
  [program = '', ...args]: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env' | 'detached'>,
  { input, showsStderr = false }: ProgramOptions,
  fail: (what: string) => CredentialError,
): ChildProcess & { readonly stdout: Readable } {
  try {
    const child = spawn(program, args, {
      ...options,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', showsStderr ? 'pipe' : 'ignore'],
      shell: false,
      windowsHide: true,
    }) as ChildProcess & { readonly stdout: Readable };
    // A program that fails may not read its input.
    child.stdin?.on('error', () => {}).end(input);
    return child;
  } catch (error) {
    throw fail(describeSpawnError(error));
  }
}

/**
 * Runs the command and returns the key that it prints.
 *
 * @throws CredentialError with the name of the command and its status, never its output.
 */
export async function runKeyCommand(
  argv: readonly string[],
  host: KeyCommandHost,
  signal?: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<string> {
  const source = `the key command ${argv[0] ?? ''}`;
  const { cwd } = isolateFromWorkingDirectory(host.env, host.platform);
  const hint = `run it by hand in the directory ${cwd} to see what it says`;
  const fail = (what: string): CredentialError => new CredentialError(`${source} ${what}`, hint);
  const output = await runProgram(argv, host, fail, { signal, timeoutMs });
  return parseKey(decodeKey(output, source), source, 'it has to print the key and nothing else');
}

interface ProgramOptions {
  /** Ends the program at once. Without one, a signal to this process ends the program, and the process with it. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Its stdin. */
  readonly input?: string | undefined;
  /** Error messages contain the first line of its stderr. */
  readonly showsStderr?: boolean;
  /** A status other than 0 that is not a failure. */
  readonly acceptedStatus?: number | undefined;
}

/**
 * Runs a program that prints or stores a key; resolves with its stdout.
 *
 * On POSIX it leads a process group of its own, so that all of it can be ended at once; it has no terminal to
 * ask questions on, and does not get the signals to this process.
 *
 * @param argv program and arguments; a program without a path is looked up in the absolute entries of PATH.
 * @param fail makes the error, for example from `ended with status 1`
 * @throws CredentialError as `fail` makes it
 */
export async function runProgram(
  argv: readonly string[],
  host: KeyCommandHost,
  fail: (what: string) => CredentialError,
  options: ProgramOptions,
): Promise<Buffer> {
  const { signal, timeoutMs, acceptedStatus = 0 } = options;
  const { cwd, env } = isolateFromWorkingDirectory(withoutKey(host.env), host.platform);
  if (signal?.aborted) throw fail('was interrupted');
  const hasGroup = host.platform !== 'win32';
  let interrupt = (): void => {};
  // Before it starts: it may be running while this process does not yet.
  const unwatch =
    signal === undefined
      ? host.onSignal((endSignal) => {
          interrupt();
          host.dieBySignal(endSignal);
        })
      : () => {};
  const child = start(argv, { cwd, env, detached: hasGroup }, options, (what) => {
    unwatch();
    return fail(what);
  });
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
    /** Ends it and whatever it started; does not wait for any of them to close its output. */
    const endWith = (error: CredentialError): void => {
      settle();
      if (hasGroup && child.pid !== undefined) host.sendSignal(-child.pid, 'SIGKILL');
      else child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr?.destroy();
      reject(error);
    };
    const onAbort = (): void => endWith(fail('was interrupted'));
    const timer = setTimeout(
      () => endWith(fail(`did not end within ${timeoutMs / 1000} s and was stopped`)),
      timeoutMs,
    );
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
      if (size > MAX_OUTPUT_BYTES) endWith(fail('printed more than a key'));
      else chunks.push(chunk);
    });
    const whenStderrRead = (then: () => void): void => {
      if (child.stderr === null || child.stderr.closed) {
        then();
        return;
      }
      child.stderr.once('close', then);
      // An agent that it started may hold it.
      grace = setTimeout(then, OUTPUT_GRACE_MS);
    };
    // What it printed is in the pipe by now; the pipe stays open while an agent that it started holds it.
    child.on('exit', (status, endSignal) => {
      if (endSignal !== null) endWith(fail(`was ended by ${endSignal}`));
      else if (status !== 0 && status !== acceptedStatus)
        whenStderrRead(() => endWith(fail(describeExit(status, stderr))));
      // Not before what is in it was read, however late this timer is.
      else {
        grace = setTimeout(() => {
          setImmediate(() => {
            child.stdout.destroy();
            child.stderr?.destroy();
          });
        }, OUTPUT_GRACE_MS);
      }
    });
    child.on('close', (status) => {
      if (status !== 0 && status !== acceptedStatus) return;
      settle();
      resolve(Buffer.concat(chunks));
    });
  });
}
