// A long run of the built command against bad days: seeded random faults on one side, a reader that stalls at
// random on the other. `npm run soak` is its command line.
//
// Asserts that every event written on a connection that ended cleanly came out, once and in order (on any other
// one: what came out is the beginning of what was written), that no healthy connection was taken for dead, that
// memory, sockets, timers and descriptors stay as they were, and that nothing keeps the process alive at its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { startSimulator } from '../../src/simulator/server.ts';
import { createBadDays, createChance } from './bad-days.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { judgeSamples, type Sample } from './samples.ts';

export interface SoakOptions {
  /** The project, built. */
  readonly root: string;
  readonly durationMs: number;
  readonly seed: string;
  /** Scripts that are also loaded into the command, to prove that their faults are found. */
  readonly sabotage?: readonly string[];
}

export interface SoakResult {
  /** Every promise that was broken, in words. */
  readonly faults: readonly string[];
  /** One line for people. */
  readonly summary: string;
}

const SAMPLE_EVERY_MS = 500;
/** After its duration the command has this long to end by itself. */
const END_WITHIN_MS = 5_000;
/** Its last line written, this much later a timer or handle must have been left; a busy machine needs some. */
const LAST_LINE_TO_END_MS = 1_500;
/** Longest stall of the reader. */
const MAX_STALL_MS = 3_000;
/** Faults after which the soak stops. */
const MAX_FAULTS = 20;

/** Runs the command for `durationMs`; resolves once it is gone. */
export async function soak({ root, durationMs, seed, sabotage = [] }: SoakOptions): Promise<SoakResult> {
  const faults: string[] = [];
  const fail = (what: string): void => {
    if (faults.length < MAX_FAULTS) faults.push(what);
  };
  const badDays = createBadDays(seed);
  const ledger = createLedger(badDays.isQuiet, fail);
  const load = createRequire(join(root, 'package.json'));
  const simulator = await (load('./dist/simulator.cjs').startSimulator as typeof startSimulator)({
    seed,
    scenario: badDays,
    onEvents: (connection, texts) => ledger.noteWritten(connection, texts.map(findId)),
  });
  const startedMs = performance.now();
  const words = ['stream', 'tail', '--url', simulator.url, '--envelope', '--format', 'ndjson'];
  const times = ['--retry-min', '250ms', '--retry-max', '1s', '--ping-interval', '500ms'];
  const child = spawn(
    process.execPath,
    [
      ...[join(root, 'test/soak/loop-monitor.cjs'), ...sabotage].flatMap((path) => ['--require', path]),
      join(root, 'bin/atlantis.cjs'),
      ...[...words, ...times, '--pong-timeout', '3s', '--duration', `${durationMs}ms`],
    ],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: '/nonexistent',
        ATLANTIS_API_KEY: simulator.exampleKey,
        NODE_OPTIONS: '',
      },
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    },
  );
  const watched = watchProcess(child);
  const lastLineMs = followLines(child.stdout as Readable, ledger);
  const endStalls = stallAtRandom(child.stdout as Readable, createChance(seed, 'reader'), durationMs);
  const overdue = setTimeout(() => {
    fail(`still running ${END_WITHIN_MS} ms after its duration: a handle or timer is left`);
    child.kill('SIGKILL');
  }, durationMs + END_WITHIN_MS);
  const [code, signal] = await new Promise<[number | null, string | null]>((done) =>
    child.once('exit', (...ended) => done(ended)),
  );
  const endedMs = performance.now();
  clearTimeout(overdue);
  endStalls();
  const lastMs = await lastLineMs;
  await simulator.close();

  if (code !== 0) fail(`ended with ${signal ?? code} instead of 0`);
  ledger.finish();
  const { samples, isDone } = watched.end();
  if (!isDone) fail('it did not end by itself: something was left, and was cut off');
  const lateMs = Math.round(endedMs - lastMs);
  if (lateMs > LAST_LINE_TO_END_MS)
    fail(`ended ${lateMs} ms after its last line: a handle or timer was left`);
  const { memoryKib, medianKib } = judgeSamples(samples, process.platform, fail);

  const mebibytes = (kib: number | undefined): string =>
    kib === undefined ? '?' : String(Math.round(kib / 1024));
  const seconds = Math.round((endedMs - startedMs) / 1_000);
  return {
    faults,
    summary:
      `soak, seed ${seed}: ${seconds} s, ${ledger.lines} lines, ${ledger.losses} losses, ` +
      `${ledger.whole} of ${ledger.cleanEnds} connections that ended cleanly whole, ` +
      `memory ${mebibytes(medianKib)} MiB (growth ${mebibytes(memoryKib)} MiB), ` +
      `gone ${lateMs} ms after its last line`,
  };
}

function findId(text: string): string {
  return /"id":"([^"]*)"/.exec(text)?.[1] ?? '';
}

/** Hands each line to the ledger; resolves with the moment of the last one once stdout is closed. */
function followLines(stdout: Readable, ledger: Ledger): Promise<number> {
  return new Promise((resolve) => {
    let lastMs = performance.now();
    const lines = createInterface({ input: stdout });
    lines.on('line', (line) => {
      lastMs = performance.now();
      ledger.takeLine(line);
    });
    lines.once('close', () => resolve(lastMs));
  });
}

/** Measures the process from outside and reads what its loop monitor reports. */
function watchProcess(child: ChildProcess): { end(): { samples: Sample[]; isDone: boolean } } {
  const samples: Sample[] = [];
  let isDone = false;
  const lines = createInterface({ input: child.stdio[3] as Readable });
  lines.on('line', (line) => {
    const { resources, isDone: isOver = false } = JSON.parse(line);
    isDone ||= isOver;
    if (resources !== undefined) samples.push({ resources });
  });
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const memoryKib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
      samples.push({ memoryKib, descriptors: readdirSync(`/proc/${child.pid}/fd`).length });
    } catch {
      // It has ended, or this is not Linux.
    }
  }, SAMPLE_EVERY_MS);
  return {
    end() {
      clearInterval(timer);
      lines.close();
      return { samples, isDone };
    },
  };
}

/** Stalls the reader at random; shortly before the end it reads on. Returns a function that ends it. */
function stallAtRandom(stdout: Readable, chance: () => number, durationMs: number): () => void {
  let timer: NodeJS.Timeout;
  const readOn = (): void => {
    stdout.resume();
    timer = setTimeout(stall, 500 + chance() * 5_000);
  };
  const stall = (): void => {
    stdout.pause();
    timer = setTimeout(readOn, chance() * MAX_STALL_MS);
  };
  readOn();
  const end = (): void => {
    clearTimeout(timer);
    clearTimeout(last);
    stdout.resume();
  };
  const last = setTimeout(end, durationMs - 200);
  return end;
}
