// Runs `stream tail` with a canary key and --verbose, so that every fault test also proves that the key is in
// no output.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { type Child, type CliOptions, type Exit, startCli } from '../helpers/run-cli.ts';
import type { Peer, ScriptedServer } from '../helpers/scripted-server.ts';
import { expectSoon } from '../helpers/soon.ts';

/** Starts `stream tail --url <url> --verbose` with the canary key. */
export function startTail(url: string, args: readonly string[] = [], options: CliOptions = {}): Child {
  const words = ['stream', 'tail', '--url', url, '--verbose', ...args];
  return startCli(words, { key: CANARY_KEY, ...options });
}

/** Starts it in a process of its own, for behavior that only a process can show. */
export function spawnTail(url: string, args: readonly string[] = [], options: CliOptions = {}): Child {
  return startTail(url, args, { ...options, spawned: true });
}

/** Waits for the end of the run; fails if the output contains the key. */
export async function endOf(child: Child): Promise<Exit> {
  const exit = await child.exit;
  expectNoKey(exit.stdout, exit.stderr);
  return exit;
}

/** Runs a tail to its end. */
export function runTail(url: string, args: readonly string[] = [], options: CliOptions = {}): Promise<Exit> {
  return endOf(startTail(url, args, options));
}

export function expectNoKey(...texts: readonly string[]): void {
  for (const text of texts) expect(findKeyIn(text)).toEqual([]);
}

/** The status records of `--log-format json`; fails for a line that is not a JSON object. */
export function readRecords(stderr: string): Record<string, unknown>[] {
  return stderr
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** The last record of this kind. */
export function lastRecord(stderr: string, event: string): Record<string, unknown> {
  return readRecords(stderr).findLast((record) => record['event'] === event) ?? {};
}

/** Lines of stderr in text format that report an error. */
export function errorLines(stderr: string): string[] {
  const lines = stderr.split('\n').map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''));
  return lines.filter((line) => line.startsWith('atlantis: error: '));
}

/** Fails unless the output is whole lines, each of them JSON. */
export function expectWholeLines(stdout: string): void {
  expect(stdout === '' || stdout.endsWith('\n')).toBe(true);
  for (const line of stdout.split('\n').slice(0, -1)) expect(() => JSON.parse(line)).not.toThrow();
}

/** Arguments for node that load a script before the command. */
export function preload(script: string): { nodeArgs: string[] } {
  const file = join(makeTempFolder(), 'preload.cjs');
  writeFileSync(file, script);
  return { nodeArgs: ['--require', file] };
}

/** Numbered events of at least `size` bytes: `count` of them, or endless. */
export function* numberedEvents(size = 0, count = Number.POSITIVE_INFINITY): Generator<string> {
  const filler = 'x'.repeat(size);
  for (let n = 1; n <= count; n++) yield `{"n":${n},"filler":"${filler}"}`;
}

/** Resolves as soon as the process has ended, even if its output has not been read. */
export const whenGone = (child: Child): Child['ended'] => child.ended;

/** Resolves when the client has sent another frame on this connection, such as a ping. */
export async function untilHeardAgain(server: ScriptedServer, peer: Peer): Promise<void> {
  const before = peer.attempt.frames.length;
  await server.waitUntil(() => peer.attempt.frames.length > before || undefined, 'another frame');
}

/** Creates a pipe that is not read, so that 64 KiB fit in it. */
export function makeUnreadPipe(): { writeEnd: number } {
  const path = join(makeTempFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, 'w');
  registerCleanup(() => [readEnd, writeEnd].map(closeSync));
  return { writeEnd };
}

/** Starts a tail whose reader is stopped, and waits until the tail reports that. */
export async function startBlocked(
  url: string,
  args: readonly string[] = [],
  options: CliOptions = {},
): Promise<Child> {
  const child = spawnTail(url, args, options);
  child.pauseStdout();
  await child.waitForStderr('is not keeping up');
  return child;
}

/** The limit of contract R2, and time to reap a process. */
export const SOON_MS = 500 + 400;

/** Sends the signal; fails unless it ends the process within `withinMs`. */
export async function expectDeath(child: Child, signal: NodeJS.Signals, withinMs = SOON_MS): Promise<void> {
  const sentAtMs = performance.now();
  expect(child.kill(signal)).toBe(true);
  expect(await child.ended).toEqual({ code: null, signal });
  expectSoon(performance.now() - sentAtMs, withinMs);
}
