// Runs the command as a user would: a clean environment, an empty home, pipes.
//
// `startCli` for an interactive run, `runCli` for one that ends by itself, `runShell` for pipelines. They run
// the sources in this process, in a fraction of the time, unless the options ask for what only a process has:
// `spawned: true`, or `spawnCli`, is the built command in a process of its own. With TEST_SPAWNED=1 all runs are.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, type ChildOptions, type Exit, startChild } from './child.ts';
import { makeTempFolder } from './cleanup.ts';
import { startInProcess } from './in-process.ts';
import { guardRun } from './secrecy.ts';

export type { Child, Exit } from './child.ts';

/** The root of the project. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The command's entry; needs `npm run build`. */
export const COMMAND = join(ROOT, 'bin/atlantis.cjs');

/** An executable of `npm run build:binary` that takes the place of the built command in every test. */
const BINARY = process.env['TEST_BINARY'];

/** The command line that starts the command. */
function startWords(node?: string, nodeArgs: readonly string[] = [], script?: string): string[] {
  // Options for node, and other scripts, do not work with a binary.
  if (BINARY !== undefined && node === undefined && nodeArgs.length === 0 && script === undefined)
    return [resolve(ROOT, BINARY)];
  return [node ?? process.execPath, ...nodeArgs, script ?? COMMAND];
}

export interface CliOptions extends Omit<ChildOptions, 'env' | 'group'> {
  /** Added to the clean environment; undefined takes a variable out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Becomes ATLANTIS_API_KEY. Default: not set. */
  readonly key?: string;
  /** The built command in a process of its own. Default: only where another option needs one. */
  readonly spawned?: boolean;
  /** Another node. Default: the one that runs the tests. */
  readonly node?: string;
  /** Arguments for node itself. */
  readonly nodeArgs?: readonly string[];
  /** Another script than the command. */
  readonly script?: string;
  /** A command that runs the command, such as `['nsenter', …]` or `['prlimit', '--fsize=4096']`. */
  readonly prefix?: readonly string[];
}

/**
 * An environment with nothing in it but PATH, a fresh HOME, LANG and TZ. In particular no NODE_OPTIONS, no
 * NODE_EXTRA_CA_CERTS, no proxies, no XDG folders and nothing of the command's own.
 */
export function makeCleanEnvironment(options: Pick<CliOptions, 'env' | 'key'> = {}): Record<string, string> {
  const { env = {}, key } = options;
  const all: Record<string, string | undefined> = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    ATLANTIS_API_KEY: key,
    ...env,
  };
  if (!('HOME' in all)) all['HOME'] = makeTempFolder();
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** What Node or libraries in C read for themselves from the environment of the process. */
const READ_BY_PROCESS = /^(NODE_|SSL_|OPENSSL_|UV_|LD_|RES_OPTIONS$|TERM$|TMPDIR$|TZ$|PATH$)/i;

/** A file that is a stream of the process itself. */
const OWN_STREAM = /\/dev\/(std|fd)|\/proc\/self/;

function needsProcess(args: readonly string[], options: CliOptions): boolean {
  const { spawned, node, nodeArgs = [], script, prefix = [], cwd, stdin, stdout, stderr, env = {} } = options;
  return (
    spawned === true ||
    process.env['TEST_SPAWNED'] === '1' ||
    BINARY !== undefined ||
    [node, script, cwd].some((one) => one !== undefined) ||
    nodeArgs.length + prefix.length > 0 ||
    [stdin, stdout, stderr].some((one) => typeof one === 'number' || one === 'ignore') ||
    Object.keys(env).some((name) => READ_BY_PROCESS.test(name)) ||
    args.some((word) => OWN_STREAM.test(word))
  );
}

/** Starts the command; whatever happens, it is gone when the test is over. */
export function startCli(args: readonly string[], options: CliOptions = {}): Child {
  if (needsProcess(args, options)) return spawnCli(args, options);
  const { env, key, stdin, limitMs, lifetime } = options;
  const clean = makeCleanEnvironment({ ...(env && { env }), ...(key !== undefined && { key }) });
  guardRun({ words: args, env: clean, stdin, lifetime }, () => [child.stdoutBytes, child.stderrBytes]);
  const input = typeof stdin === 'number' ? undefined : stdin;
  const child = startInProcess(args, { env: clean, stdin: input, limitMs, lifetime });
  return child;
}

/** Starts the built command in a process of its own. */
export function spawnCli(args: readonly string[], options: CliOptions = {}): Child {
  const { node, nodeArgs, script, prefix = [], env, key, spawned: _spawned, ...rest } = options;
  const [program = '', ...programArgs] = [...prefix, ...startWords(node, nodeArgs, script), ...args];
  const clean = makeCleanEnvironment({ ...(env && { env }), ...(key !== undefined && { key }) });
  const { stdin, lifetime } = rest;
  guardRun({ words: [...prefix, ...args], env: clean, stdin, lifetime }, () => [
    child.stdoutBytes,
    child.stderrBytes,
  ]);
  const child = startChild(program, programArgs, { ...rest, env: clean });
  return child;
}

/** Runs the command to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<Exit> {
  return startCli(args, options).exit;
}

export interface ShellOptions extends Omit<CliOptions, 'prefix' | 'spawned'> {
  /** Default: bash. */
  readonly shell?: 'bash' | 'sh' | 'zsh';
}

export interface ShellRun {
  readonly child: Child;
  /** Like `child.exit`, with the status of each part of the last pipeline (bash and zsh). */
  readonly exit: Promise<Exit & { readonly pipeStatus: readonly number[] }>;
}

/**
 * Runs a shell script in which `atlantis` is the command. The script's last pipeline is looked at: a script
 * that calls `exit` has no `pipeStatus`. The shell's whole process group is killed after the test.
 */
export function startShell(text: string, options: ShellOptions = {}): ShellRun {
  const { shell = 'bash', node, nodeArgs, script, env, key, ...rest } = options;
  const folder = makeTempFolder();
  const shim = join(folder, 'atlantis');
  const words = startWords(node, nodeArgs, script).map(quote).join(' ');
  writeFileSync(shim, `#!/bin/sh\nexec ${words} "$@"\n`);
  chmodSync(shim, 0o755);
  const statusFile = join(folder, 'pipestatus');
  const array = { bash: 'PIPESTATUS', zsh: 'pipestatus', sh: undefined }[shell];
  const report = array
    ? `\n__pipe=("\${${array}[@]}"); printf '%s ' "\${__pipe[@]}" >${quote(statusFile)}; exit "\${__pipe[@]: -1}"\n`
    : '\n';
  const clean = makeCleanEnvironment({ ...(env && { env }), ...(key !== undefined && { key }) });
  const { stdin, lifetime } = rest;
  guardRun({ words: [text], env: clean, stdin, lifetime }, () => [child.stdoutBytes, child.stderrBytes]);
  const child = startChild(shell, ['-c', text + report], {
    ...rest,
    env: { ...clean, PATH: `${folder}:${clean['PATH'] ?? ''}` },
    group: true,
  });
  return { child, exit: child.exit.then((exit) => ({ ...exit, pipeStatus: readStatuses(statusFile) })) };
}

/** Runs a shell script to its end; see `startShell`. */
export function runShell(text: string, options: ShellOptions = {}): ShellRun['exit'] {
  return startShell(text, options).exit;
}

/** One word of a POSIX shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function readStatuses(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').trim().split(' ').map(Number);
  } catch {
    return [];
  }
}
