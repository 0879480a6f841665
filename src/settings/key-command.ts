// Gets a key from the profile's own command, such as ["op", "read", "op://vault/atlantis/key"] (contract P1).
//
// No shell, 10 seconds, stdout only, no ATLANTIS_API_KEY in its environment, and nothing from the working directory: it
// runs in another one. A failure says the name of the command and how it ended, never what it wrote. Nothing that it
// started outlives a failure or a signal; after a success an agent that it started in the background may stay.
import { type ChildProcessByStdio, type SpawnOptions, spawn } from 'node:child_process';
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

/** Starts the command; what cannot be started may fail here or by an 'error' event. */
function start(
  program: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env' | 'detached'>,
  fail: (what: string) => CredentialError,
): ChildProcessByStdio<null, Readable, null> {
  try {
    return spawn(program, args, {
      ...options,
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: false,
      windowsHide: true,
    });
  } catch (error) {
    throw fail(describeSpawnError(error));
  }
}

/**
 * Runs the command and returns the key that it prints.
 *
 * On POSIX it leads a process group of its own, so that all of it can be ended at once; it has no terminal to
 * ask questions on.
 *
 * @param argv program and arguments; a program without a path is looked up in the absolute entries of PATH.
 * @param signal ends the command at once. Without one it is the signals to this process that end the command,
 *   and the process with it: a group of its own does not hear them.
 * @throws CredentialError with the name of the command and its status, never its output.
 */
export async function runKeyCommand(
  argv: readonly string[],
  host: KeyCommandHost,
  signal?: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<string> {
  const [program = '', ...args] = argv;
  const { cwd, env } = isolateFromWorkingDirectory(withoutKey(host.env), host.platform);
  const fail = (what: string): CredentialError =>
    new CredentialError(
      `the key command ${program} ${what}`,
      `run it by hand in the directory ${cwd} to see what it says`,
    );
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
  const child = start(program, args, { cwd, env, detached: hasGroup }, (what) => {
    unwatch();
    return fail(what);
  });
  const output = await new Promise<Buffer>((resolve, reject) => {
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
    // What it printed is in the pipe by now; the pipe stays open while an agent that it started holds it.
    child.on('exit', (status, endSignal) => {
      if (endSignal !== null) endWith(fail(`was ended by ${endSignal}`));
      else if (status !== 0) endWith(fail(`ended with status ${status}`));
      // Not before what is in it was read, however late this timer is.
      else grace = setTimeout(() => setImmediate(() => child.stdout.destroy()), OUTPUT_GRACE_MS);
    });
    child.on('close', () => {
      settle();
      resolve(Buffer.concat(chunks));
    });
  });
  const source = `the key command ${program}`;
  return parseKey(decodeKey(output, source), source, 'it has to print the key and nothing else');
}
