// A chaos run: numbered events at a known rate through a relay into a JetStream cluster and an HTTP sink, while faults
// that are drawn from the seed hit each part. In the end every event is accounted for, for each sink.
import { join } from 'node:path';
import { createRandom } from '../../src/simulator/random.ts';
import { countWaiting } from '../faults/relay-events.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { pauseFor } from '../helpers/watch.ts';
import { settle } from './accounts.ts';
import { ACTIONS, healFault, type Scene } from './actions.ts';
import { startBrokers } from './brokers.ts';
import { makeSteppedClock } from './clock.ts';
import { startHttpSink } from './http-sink.ts';
import { ChaosRelay, readDeadLetters } from './relay.ts';
import { startSmallDisk } from './small-disk.ts';
import { startStream } from './stream.ts';

export interface ChaosOptions {
  readonly durationMs: number;
  readonly seed: string;
  /** A planted bug: true for an event that the HTTP sink acknowledges and loses. */
  readonly forgets?: (n: number) => boolean;
}

export interface ChaosResult {
  /** What went wrong. */
  readonly errors: readonly string[];
  /** Seed, actions and numbers. */
  readonly report: string;
}

const EVENTS_PER_SECOND = 300;
const DISK_MIB = 12;
const DRAIN_MS = 120_000;

export async function runChaos({
  durationMs,
  seed,
  forgets = () => false,
}: ChaosOptions): Promise<ChaosResult> {
  const folder = makeTempFolder();
  const random = createRandom('chaos', seed);
  const [brokers, http] = [await startBrokers(), await startHttpSink(forgets)];
  const [stream, disk, clock] = [
    await startStream(EVENTS_PER_SECOND),
    await startSmallDisk(DISK_MIB),
    makeSteppedClock(),
  ];
  const deadLetters = join(folder, 'dead.ndjson');
  const relay = new ChaosRelay({
    stream,
    disk,
    clock,
    brokers: brokers.address,
    endpoint: http.url,
    deadLetters,
  });
  const actions: string[] = [];
  const startedMs = Date.now();
  const log = (what: string): void => {
    actions.push(`${((Date.now() - startedMs) / 1_000).toFixed(1)} s, event ${stream.sent.length}: ${what}`);
  };
  const damaged = { nats: new Set<number>(), http: new Set<number>() };
  const faults: Scene['faults'] = new Map();
  const scene: Scene = { stream, http, brokers, disk, clock, relay, damaged, random, faults, log };
  const errors: string[] = [];
  try {
    await relay.start();
    while (Date.now() - startedMs < durationMs) {
      await pauseFor(100 + random.nextBelow(1_500));
      await ACTIONS[random.nextBelow(ACTIONS.length)]?.(scene);
    }
    log('the end');
    for (const name of [...faults.keys()]) await healFault(scene, name);
    stream.stop();
    await untilDelivered(scene);
    await relay.end('SIGTERM');
    await brokers.read();
  } catch (error) {
    errors.push(
      `stopped by: ${(error as Error).stack ?? error}\nthe relay said last:\n${relay.stderr.slice(-3_000)}`,
    );
    return { errors, report: [`seed ${seed}`, ...actions].join('\n') };
  } finally {
    stream.stop();
  }
  const { sent } = stream;
  const { ends, gaps, reportedLost, outages } = relay;
  const deliveries = { nats: brokers.deliveries, http: http.deliveries };
  const dead = readDeadLetters(deadLetters);
  const verdict = settle({ sent, deliveries, deadLetters: dead, ends, gaps, damaged, reportedLost, outages });
  errors.push(...brokers.errors.slice(0, 5), ...http.errors.slice(0, 5), ...verdict.errors);
  const numbers = Object.entries(verdict.totals).map(
    ([sink, counts]) => `${sink}: ${JSON.stringify(counts)}`,
  );
  return {
    errors,
    report: [
      `chaos, seed ${seed}: ${sent.length} events, ${ends.length} ends of the relay, ${gaps.length} gaps, reported with the spool: ${JSON.stringify(reportedLost)}`,
      ...numbers,
      ...actions,
    ].join('\n'),
  };
}

/** Waits until the HTTP sink has the last events and the spools are empty. */
async function untilDelivered({ stream, http, relay, log }: Scene): Promise<void> {
  const last = stream.sent.findLastIndex(({ wasSent }) => wasSent);
  const untilMs = Date.now() + DRAIN_MS;
  const isDone = (): boolean =>
    http.deliveries.slice(-200).some(({ n }) => n >= last - 1) && countWaiting(relay.spool) === 0;
  while (!isDone() && Date.now() < untilMs) await pauseFor(200);
  log(isDone() ? 'everything is delivered' : `after ${DRAIN_MS} ms not everything is delivered`);
}
