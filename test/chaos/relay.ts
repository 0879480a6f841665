// The relay of a chaos run, started again and again with the same spool, and the losses that it reports.
import { readFileSync } from 'node:fs';
import { stopProcess } from '../faults/relay-events.ts';
import { type StatusRecord, startTail, type Tail } from '../helpers/tail.ts';
import { pauseFor } from '../helpers/watch.ts';
import type { Period, RelayEnd, SinkName } from './accounts.ts';
import type { SteppedClock } from './clock.ts';
import type { CrashState } from './rules.ts';
import type { SmallDisk } from './small-disk.ts';
import { findFolder, findHighest, sumBytes } from './spool-files.ts';
import type { NumberedStream } from './stream.ts';

const SPOOL_MAX_BYTES = 2_000_000;
/** The size from which a spool counts as full: half of it is reserved, and a segment is an eighth of it. */
const FULL_BYTES = SPOOL_MAX_BYTES / 2 - 16_384;

interface RelayParts {
  readonly stream: NumberedStream;
  readonly disk: SmallDisk;
  readonly clock: SteppedClock;
  readonly brokers: string;
  readonly endpoint: string;
  readonly deadLetters: string;
}

export class ChaosRelay {
  readonly ends: RelayEnd[] = [];
  readonly gaps: Period[] = [];
  readonly outages: Period[] = [];
  readonly reportedLost: Record<SinkName, number> = { nats: 0, http: 0 };
  /** The time until which the disk counts as full. */
  diskFullUntilMs = 0;
  readonly #parts: RelayParts;
  readonly spool: string;
  #tail: Tail | undefined;

  constructor(parts: RelayParts) {
    this.#parts = parts;
    this.spool = `${parts.disk.outside}/spool`;
  }

  get stderr(): string {
    return this.#tail?.child.stderrText ?? '';
  }

  async start(): Promise<void> {
    const { stream, disk, clock, brokers, endpoint, deadLetters } = this.#parts;
    const args = [
      ...['--to', brokers, '--create', '--stream-replicas', '3', '--dedupe-window', '24h', '--no-lifecycle'],
      ...['--to', endpoint, '--batch', '64', '--dead-letter', deadLetters],
      ...['--spool', `${disk.inside}/spool`, '--spool-max', `${SPOOL_MAX_BYTES / 1e6}MB`],
      ...['--send-timeout', '2s', '--connect-timeout', '2s', '--retry-min', '250ms', '--retry-max', '500ms'],
      ...['--ping-interval', '500ms', '--pong-timeout', '3s'],
    ];
    const options = { prefix: disk.prefix, env: clock.env, limitMs: 24 * 3_600_000 };
    this.#tail = startTail(stream.url, args, { command: 'relay', log: 'json', ...options });
    await Promise.race([
      stream.waitForLive(),
      this.#tail.child.exit.then(({ code, signal, stderr }) => {
        throw new Error(`the relay ended by itself: ${signal ?? code}\n${stderr.slice(-3_000)}`);
      }),
    ]);
  }

  /** Ends the relay by the signal and records its state. */
  async end(signal: RelayEnd['signal']): Promise<RelayEnd> {
    const tail = this.#tail as Tail;
    // From here on, the relay reads nothing, so the numbers below belong together.
    await stopProcess(tail.child);
    const [atMs, transitBytes, state] = [Date.now(), this.#parts.stream.countTransit(), this.#findState()];
    tail.child.kill(signal);
    if (signal === 'SIGTERM') tail.child.kill('SIGCONT');
    const { records, ...exit } = await tail.finish();
    if (exit.signal !== signal) throw new Error(`exit ${exit.signal ?? exit.code} instead of ${signal}`);
    const kept = {
      nats: findHighest(findFolder(this.spool, 'nats')),
      http: findHighest(findFolder(this.spool, 'http')),
    };
    this.#readLosses(records, Date.now());
    const counted = records.reduce((sum, { undelivered }) => sum + Number(undelivered ?? 0), 0);
    const end = { signal, state, atMs, endedAtMs: Date.now(), transitBytes, kept, counted };
    this.ends.push(end);
    this.#tail = undefined;
    return end;
  }

  /** Suspends the relay during an action. */
  async suspend(action: () => Promise<void>): Promise<void> {
    const fromMs = Date.now();
    const { child } = this.#tail as Tail;
    await stopProcess(child);
    try {
      await pauseFor(500);
      await action();
    } finally {
      child.kill('SIGCONT');
      // The relay's timers first count the time for which it was stopped.
      this.outages.push({ fromMs, toMs: Date.now() + 1_000 });
    }
  }

  #findState(): CrashState {
    if (Date.now() < this.diskFullUntilMs) return 'disk';
    const sizes = (['nats', 'http'] as const).map((sink) => sumBytes(findFolder(this.spool, sink)));
    return Math.max(...sizes) >= FULL_BYTES ? 'full' : 'room';
  }

  #readLosses(records: readonly StatusRecord[], endedAtMs: number): void {
    const { clock } = this.#parts;
    const real = (shown: unknown): readonly number[] => clock.findReal(Date.parse(String(shown)));
    let fromMs: number | undefined;
    for (const record of records) {
      const { records_lost: lost, sink } = record;
      if (lost !== undefined) this.reportedLost[String(sink).includes('#') ? 'http' : 'nats'] += Number(lost);
      if (record.event === 'lost') fromMs ??= Math.min(...real(record['last_byte_at']));
      if (record.event !== 'gap') continue;
      // If the clock was stepped during the gap, only the reported duration is right.
      const ends = record['to'] === null ? [endedAtMs] : real(record['to']);
      const toMs = Math.max(...ends);
      this.gaps.push({ fromMs: Math.min(fromMs ?? toMs, toMs - Number(record['duration_ms'])), toMs });
      fromMs = undefined;
    }
    if (fromMs !== undefined) this.gaps.push({ fromMs, toMs: endedAtMs });
  }
}

/** Numbers of the events in a dead-letter file. */
export function readDeadLetters(path: string): Set<number> {
  try {
    const numbers = readFileSync(path, 'utf8').matchAll(/\\?"n\\?":(\d+),/g);
    return new Set([...numbers].map(([, n]) => Number(n)));
  } catch {
    return new Set();
  }
}
