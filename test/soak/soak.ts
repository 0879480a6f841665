// A long run of the built command: the server injects seeded random faults, and the reader stalls at random.
// `npm run soak` runs it.
//
// Asserts that every event of a connection that ended cleanly is printed once and in order (of any other connection,
// a prefix), that no healthy connection is considered dead, that memory, sockets, timers and descriptors do not grow,
// and that nothing keeps the process alive at its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { startSimulator } from '../../src/simulator/server.ts';
import { createChance, createFaultScenario } from './fault-scenario.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { judgeSamples, type Sample } from './samples.ts';

export interface SoakOptions {
  /** The folder of the built project. */
  readonly root: string;
  readonly durationMs: number;
  readonly seed: string;
  /** Scripts with bugs that are loaded into the command as well, to test the soak. */
  readonly injected?: readonly string[];
}

export interface SoakResult {
  /** What went wrong. */
  readonly errors: readonly string[];
  /** One line for the user. */
  readonly summary: string;
}

const SAMPLE_EVERY_MS = 500;
/** Time for the command to end after its duration. */
const END_WITHIN_MS = 5_000;
/** If the process ends this long after its last line, a timer or handle was left; a busy machine needs some time. */
const LAST_LINE_TO_END_MS = 1_500;
/** Longest stall of the reader. */
const MAX_STALL_MS = 3_000;
/** Further errors are not recorded. */
const MAX_ERRORS = 20;

/** Runs the command for `durationMs`; resolves after its exit. */
export async function soak({ root, durationMs, seed, injected = [] }: SoakOptions): Promise<SoakResult> {
  const errors: string[] = [];
  const fail = (what: string): void => {
    if (errors.length < MAX_ERRORS) errors.push(what);
  };
  const scenario = createFaultScenario(seed);
  const ledger = createLedger(scenario.isQuiet, fail);
  const load = createRequire(join(root, 'package.json'));
  const simulator = await (load('./dist/simulator.cjs').startSimulator as typeof startSimulator)({
    seed,
    scenario,
    onEvents: (connection, texts) => ledger.noteWritten(connection, texts.map(findId)),
  });
  const startedMs = performance.now();
  const args = ['stream', 'tail', '--url', simulator.url, '--envelope', '--format', 'ndjson'];
  const times = ['--retry-min', '250ms', '--retry-max', '1s', '--ping-interval', '500ms'];
  const child = spawn(
    process.execPath,
    [
      ...[join(root, 'test/soak/monitor.cjs'), ...injected].flatMap((path) => ['--require', path]),
      join(root, 'bin/atlantis.cjs'),
      ...[...args, ...times, '--pong-timeout', '3s', '--duration', `${durationMs}ms`],
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

  if (code !== 0) fail(`exit ${signal ?? code} instead of 0`);
  ledger.finish();
  const { samples, isDone } = watched.end();
  if (!isDone) fail('it did not end by itself: something was left open');
  const lateMs = Math.round(endedMs - lastMs);
  if (lateMs > LAST_LINE_TO_END_MS)
    fail(`ended ${lateMs} ms after its last line: a handle or timer was left`);
  const { memoryKib, medianKib } = judgeSamples(samples, process.platform, fail);

  const mebibytes = (kib: number | undefined): string =>
    kib === undefined ? '?' : String(Math.round(kib / 1024));
  const seconds = Math.round((endedMs - startedMs) / 1_000);
  return {
    errors,
    summary:
      `soak, seed ${seed}: ${seconds} s, ${ledger.lines} lines, ${ledger.losses} losses, ` +
      `${ledger.whole} of ${ledger.cleanEnds} cleanly ended connections complete, ` +
      `memory ${mebibytes(medianKib)} MiB (growth ${mebibytes(memoryKib)} MiB), ` +
      `exit ${lateMs} ms after its last line`,
  };
}

function findId(text: string): string {
  return /"id":"([^"]*)"/.exec(text)?.[1] ?? '';
}

/** Passes each line to the ledger; resolves with the time of the last one when stdout is closed. */
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

/** Samples the process from outside, and reads the output of its monitor. */
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

/** Stalls the reader at random until shortly before the end. Returns a function that stops it. */
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
