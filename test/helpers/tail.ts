// `stream tail` under faults: run with the canary key and --verbose, its messages parsed afterwards.
//
// Checked for every run: no key anywhere, no stack trace, no incomplete
// message, nothing written to the home folder.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from './canary.ts';
import { makeTempFolder } from './cleanup.ts';
import { type Child, type CliOptions, type Exit, startCli } from './run-cli.ts';
import type { ScriptedServer } from './scripted-server.ts';

export interface TailOptions extends Omit<CliOptions, 'nodeArgs'> {
  /** Another command that takes the same flags, such as `relay`. Default: `tail`. */
  readonly command?: string;
  /** Default: text. */
  readonly log?: 'text' | 'json';
  /** The value of every random number, from 0 to just below 1; default: real random numbers. */
  readonly random?: number;
  /** Names that the command finds at these addresses, as a resolver would answer. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
}

/** One status line of `--log-format json`. */
export interface StatusRecord {
  readonly event: string;
  readonly level: string;
  readonly message: string;
  readonly hint?: string;
  readonly cause?: string;
  readonly delay_ms?: number;
  readonly exit_code?: number;
  readonly [figure: string]: unknown;
}

export interface TailExit extends Exit {
  /** Lines of stdout, without line ends. */
  readonly lines: readonly string[];
  /** With `log: 'json'`: the records of stderr in order; else none. */
  readonly records: readonly StatusRecord[];
}

/** A tail in progress; `finish` waits for its end and checks the rules for every run. */
export interface Tail {
  readonly child: Child;
  finish(): Promise<TailExit>;
}

/**
 * Starts `stream tail` of `url` (empty: the arguments name the source) with the canary key; NDJSON, since stdout is a
 * pipe.
 */
export function startTail(url: string, args: readonly string[] = [], options: TailOptions = {}): Tail {
  const { command = 'tail', log = 'text', random, hosts, env, ...rest } = options;
  const home = makeTempFolder();
  const child = startCli(
    ['stream', command, ...(url === '' ? [] : ['--url', url]), '--verbose', '--log-format', log, ...args],
    {
      key: CANARY_KEY,
      nodeArgs: random === undefined && hosts === undefined ? [] : ['--require', writePreload(random, hosts)],
      env: { HOME: home, ...env },
      ...rest,
    },
  );
  const finish = async (): Promise<TailExit> => {
    const exit = await child.exit;
    assertDecent(exit, log);
    expect(readdirSync(home)).toEqual([]);
    const records = log === 'json' ? splitLines(exit.stderr).map((line) => JSON.parse(line)) : [];
    return { ...exit, lines: splitLines(exit.stdout), records };
  };
  return { child, finish };
}

/** Runs a tail to its end. */
export function runTail(
  url: string,
  args: readonly string[] = [],
  options: TailOptions = {},
): Promise<TailExit> {
  return startTail(url, args, options).finish();
}

/** The records of one kind. */
export function pickRecords(exit: TailExit, event: string): StatusRecord[] {
  return exit.records.filter((record) => record.event === event);
}

/** Ms between the beginnings of consecutive attempts, as the server saw them. */
export function measureGaps(server: ScriptedServer): number[] {
  return server.attempts
    .slice(1)
    .map((attempt, at) => attempt.connectedAtMs - (server.attempts[at]?.connectedAtMs ?? 0));
}

/** What holds for every run, whatever happened (contract C9, P4). */
function assertDecent({ stdout, stderr }: Exit, log: 'text' | 'json'): void {
  expect(findKeyIn(stdout)).toEqual([]);
  expect(findKeyIn(stderr)).toEqual([]);
  for (const line of splitLines(stderr)) {
    const said = log === 'json' ? (JSON.parse(line) as StatusRecord).message : line;
    // No stack, no missing value, no printed object.
    expect(said).not.toMatch(/^\s+at |\(\s*\)|\(, |undefined|\[object|\bNaN\b|\{host\}|\{detail\}|^\s*$/);
    if (log === 'text') expect(line).toMatch(/^((?:(?:\d\d:){2}\d\d )?atlantis: | {2})\S/);
  }
}

function splitLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** A script that node runs before the command. */
function writePreload(random: number | undefined, hosts: TailOptions['hosts']): string {
  const file = join(makeTempFolder(), 'preload.cjs');
  const draws = random === undefined ? '' : `Math.random = () => ${random};\n`;
  const names = hosts === undefined ? '' : PRELOAD_HOSTS.replace('HOSTS', () => JSON.stringify(hosts));
  writeFileSync(file, draws + names);
  return file;
}

/** `dns.lookup` with names of its own, in front of the real one. */
const PRELOAD_HOSTS = `
const dns = require('node:dns');
const real = dns.lookup;
const hosts = new Map(Object.entries(HOSTS));
dns.lookup = (name, options, callback) => {
  const found = hosts.get(name)?.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  if (found === undefined) return real(name, options, callback);
  process.nextTick(() => {
    if (options.all) callback(null, found);
    else callback(null, found[0].address, found[0].family);
  });
};
`;
