// The actions of a chaos run. Each begins a fault, which `heal` ends after a while; some wait for its end.
import type { Random } from '../../src/simulator/random.ts';
import { pauseFor } from '../helpers/watch.ts';
import type { SinkName } from './accounts.ts';
import type { Brokers } from './brokers.ts';
import type { SteppedClock } from './clock.ts';
import { type HttpSink, MANNERS } from './http-sink.ts';
import type { ChaosRelay } from './relay.ts';
import type { SmallDisk } from './small-disk.ts';
import { deleteSegment, findFolder, flipBit, listSegmentFiles } from './spool-files.ts';
import type { NumberedStream } from './stream.ts';

export interface Scene {
  readonly stream: NumberedStream;
  readonly http: HttpSink;
  readonly brokers: Brokers;
  readonly disk: SmallDisk;
  readonly clock: SteppedClock;
  readonly relay: ChaosRelay;
  readonly damaged: Readonly<Record<SinkName, Set<number>>>;
  readonly random: Random;
  /** The active faults by name, each with the function that heals it. */
  readonly faults: Map<string, () => void | Promise<void>>;
  log(what: string): void;
}

type Action = (scene: Scene) => Promise<void>;

/** Begins a fault that ends after up to `atMostMs`, or with the run. */
function begin(scene: Scene, name: string, atMostMs: number, heal: () => void | Promise<void>): void {
  const { random, faults, log } = scene;
  const ms = 300 + random.nextBelow(atMostMs);
  log(`${name} for ${ms} ms`);
  faults.set(name, heal);
  void pauseFor(ms).then(() => healFault(scene, name, heal));
}

/** Heals a fault, unless it is already healed or another fault now has its name. */
export async function healFault(
  { faults, log }: Scene,
  name: string,
  heal = faults.get(name),
): Promise<void> {
  if (heal === undefined || faults.get(name) !== heal) return;
  faults.delete(name);
  await heal();
  log(`${name}: healed`);
}

const end =
  (signal: 'SIGKILL' | 'SIGTERM'): Action =>
  async ({ relay, random, log }) => {
    const { state, transitBytes } = await relay.end(signal);
    log(`${signal} of the relay in the state "${state}" with ${transitBytes} bytes on their way`);
    if (random.nextBelow(2) === 0) await pauseFor(random.nextBelow(1_500));
    await relay.start();
  };

const breakBroker =
  (kind: 'kill' | 'suspend'): Action =>
  async (scene) => {
    const { brokers, random, faults } = scene;
    // The cluster need not survive the loss of two servers, or of one while another has not caught up.
    if ([...faults.keys()].some((name) => name.startsWith('broker'))) return;
    await brokers.untilWhole();
    const index = random.nextBelow(3);
    await brokers[kind](index);
    begin(scene, `broker ${kind}`, 4_000, () =>
      kind === 'kill' ? brokers.start(index) : brokers.resume(index),
    );
  };

/** Suspends all servers, so that nothing is acknowledged: the window fills, then the spool, then reading pauses. */
const suspendAll: Action = async (scene) => {
  const { brokers, faults } = scene;
  if ([...faults.keys()].some((name) => name.startsWith('broker'))) return;
  for (const index of [0, 1, 2]) await brokers.suspend(index);
  begin(scene, 'brokers stopped', 12_000, () => {
    for (const index of [0, 1, 2]) brokers.resume(index);
  });
};

const fillDisk: Action = async (scene) => {
  const { disk, relay } = scene;
  if (scene.faults.has('full disk')) return;
  relay.diskFullUntilMs = Number.POSITIVE_INFINITY;
  disk.fill();
  begin(scene, 'full disk', 5_000, () => {
    disk.empty();
    relay.diskFullUntilMs = Date.now() + 3_000;
  });
};

const blackHole: Action = async (scene) => {
  const { stream } = scene;
  if (scene.faults.has('black hole')) return;
  stream.blackHole(true);
  begin(scene, 'black hole', 6_000, () => stream.blackHole(false));
};

const cut: Action = async ({ stream, log }) => {
  log('reset of the stream');
  stream.reset();
};

const stepClock: Action = async ({ clock, random, log }) => {
  if (!clock.canStep) return;
  const offsetMs = (random.nextBelow(7_200) - 3_600) * 1_000;
  log(`clock of the relay at ${offsetMs} ms`);
  clock.step(offsetMs);
};

const misbehave: Action = async (scene) => {
  const { http, relay, random, faults } = scene;
  if (faults.has('http')) return;
  const manner = MANNERS[random.nextBelow(MANNERS.length)] ?? '500';
  const fromMs = Date.now();
  http.manner = manner;
  scene.log(`http sink: ${manner}`);
  begin(scene, 'http', 6_000, () => {
    http.manner = 'well';
    if (manner === 'lost answer') relay.outages.push({ fromMs, toMs: Date.now() });
  });
  if (manner !== 'late retry') return;
  // The relay would now wait 15 minutes before its next attempt, so it is restarted.
  for (let tries = 0; tries < 100 && !relay.stderr.includes('(it asked for'); tries += 1) await pauseFor(100);
  await healFault(scene, 'http');
  await end('SIGTERM')(scene);
};

/** Lets events accumulate in the spool, ends the relay, and damages the files of the spool. */
const damage: Action = async (scene) => {
  const { http, relay, random, damaged, log } = scene;
  await healFault(scene, 'http');
  http.manner = '500';
  await pauseFor(1_500 + random.nextBelow(2_500));
  await relay.end(random.nextBelow(2) === 0 ? 'SIGKILL' : 'SIGTERM');
  http.manner = 'well';
  const sink: SinkName = random.nextBelow(4) === 0 ? 'nats' : 'http';
  const segments = listSegmentFiles(findFolder(relay.spool, sink) ?? '');
  const isNewest = random.nextBelow(2) === 0 || segments.length < 2;
  const path = isNewest ? segments.at(-1) : segments[random.nextBelow(segments.length - 1)];
  if (path !== undefined) {
    const isDeleted = !isNewest && random.nextBelow(3) === 0;
    const { hit, what } = isDeleted
      ? { hit: deleteSegment(path), what: 'all of it' }
      : (flipBit(path, random.nextFraction()) ?? { hit: [], what: 'nothing' });
    for (const n of hit) damaged[sink].add(n);
    log(`damage in the ${isNewest ? 'newest' : 'closed'} segment of ${sink}: ${what}`);
  }
  await relay.start();
};

const deleteStream: Action = async (scene) => {
  const { brokers, relay, faults, log } = scene;
  for (const name of [...faults.keys()]) if (name.startsWith('broker')) await healFault(scene, name);
  await brokers.untilWhole();
  await relay.suspend(() => brokers.deleteStream());
  log('stream deleted');
};

/** An action that is listed several times is drawn more often. */
export const ACTIONS: readonly Action[] = [
  end('SIGKILL'),
  end('SIGKILL'),
  end('SIGKILL'),
  end('SIGTERM'),
  breakBroker('kill'),
  breakBroker('suspend'),
  suspendAll,
  fillDisk,
  fillDisk,
  blackHole,
  cut,
  stepClock,
  misbehave,
  misbehave,
  damage,
  damage,
  deleteStream,
];
