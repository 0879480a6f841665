// docs/relay.md, "What a crash can lose": how many events a kill -9 loses in each state. `npm run chaos -- --kills 20`
// repeats each state and prints the numbers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeNumbered, numbersOf, sendNumbered, startRelay, stopProcess } from '../faults/relay-events.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startEventHub } from '../helpers/event-hub.ts';
import { frame } from '../helpers/frames.ts';
import { type Answer, startHttpEndpoint, takeAll } from '../helpers/http-endpoint.ts';
import { describeWithNats, readStream, startNatsServer } from '../helpers/nats-server.ts';
import { pauseFor, untilTrue } from '../helpers/watch.ts';

const KILLS = Number(process.env['CHAOS_KILLS'] ?? 1);
/** The size of one event. */
const EVENT_BYTES = 120;
/** The most bytes of one read of the connection. */
const READ = 256 * 1024;
const PAUSED_READ_AHEAD = 1024 * 1024 + READ;
/** Without a spool, the events that wait in memory are lost, too. */
const UNSPOOLED = 4 * 1024 * 1024 + READ + PAUSED_READ_AHEAD;

const refuse: Answer = (_request, _index, response) => response.writeHead(503).end();

interface Sink {
  readonly args: readonly string[];
  /** True: the sink accepts nothing from now on; false: it works again. */
  setDown(isDown: boolean): void;
  /** Numbers of the events that the sink has. */
  read(): Promise<readonly number[]> | readonly number[];
}

async function startJetStream(): Promise<Sink> {
  const { url, child } = await startNatsServer();
  return {
    args: ['--to', `${url}/EVENTS`, '--create'],
    setDown: (isDown) => child.kill(isDown ? 'SIGSTOP' : 'SIGCONT'),
    read: async () => numbersOf((await readStream(url, 'EVENTS')).map(({ text }) => text)),
  };
}

async function startHttp(): Promise<Sink> {
  const endpoint = await startHttpEndpoint();
  return {
    args: ['--to', endpoint.url, '--batch', '100'],
    setDown: (isDown) => endpoint.setAnswer(isDown ? refuse : takeAll),
    read: () => endpoint.accepted.flatMap(({ lines }) => numbersOf(lines)),
  };
}

interface State {
  readonly name: string;
  readonly isSpooled: boolean;
  readonly isDown: boolean;
  /** Whether the relay is killed only after it has paused reading. */
  readonly isPaused: boolean;
  /** The maximum loss that docs/relay.md allows. */
  readonly mostBytes: number;
}

const STATES: readonly State[] = [
  { name: 'a spool, the sink keeps up', isSpooled: true, isDown: false, isPaused: false, mostBytes: READ },
  {
    name: 'a spool with room, the sink is down',
    isSpooled: true,
    isDown: true,
    isPaused: false,
    mostBytes: READ,
  },
  { name: 'a full spool', isSpooled: true, isDown: true, isPaused: true, mostBytes: PAUSED_READ_AHEAD },
  {
    name: 'no spool, the sink keeps up',
    isSpooled: false,
    isDown: false,
    isPaused: false,
    // In a flood, a read has more events than the window, and reading pauses again and again.
    mostBytes: UNSPOOLED,
  },
  {
    name: 'no spool, reading is paused',
    isSpooled: false,
    isDown: true,
    isPaused: true,
    mostBytes: UNSPOOLED,
  },
];

/** Bytes in the kernel's buffers for all connections of a server: sent but not received, or received but not read. */
function countUnread(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const row = /^ *\d+: \w+:(\w+) \w+:(\w+) 01 (\w+):(\w+)/;
  let sum = 0;
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, local, remote, sending = '', receiving = ''] = row.exec(line) ?? [];
    if (local === hex) sum += Number.parseInt(sending, 16);
    if (remote === hex) sum += Number.parseInt(receiving, 16);
  }
  return sum;
}

/** The number of the first event that is not complete in the first `bytes` after event 99; at most `end`. */
function countEvents(bytes: number, end: number): number {
  let [n, rest] = [100, bytes];
  for (; n < end; n += 1) {
    rest -= frame.text(makeNumbered(n)).length;
    if (rest < 0) break;
  }
  return n;
}

/** Kills a relay in the given state. @returns how many of the events that it had read are lost */
async function countLost(
  { isSpooled, isDown, isPaused }: State,
  start: () => Promise<Sink>,
): Promise<number> {
  const [sink, hub] = [await start(), await startEventHub()];
  const spool = ['--spool', join(makeTempFolder(), 'spool'), '--spool-max', isPaused ? '1MiB' : '1GiB'];
  const args = [...sink.args, ...(isSpooled ? spool : []), '--send-timeout', '1s'];
  const relay = startRelay(hub, args);
  await hub.waitForLive(1);
  await sendNumbered(hub, 0, 100);
  await untilTrue(async () => (await sink.read()).length >= 100, 'the first events');
  const [peer] = hub.peers;
  if (peer === undefined) throw new Error('no relay');
  const written = (): number => peer.socket.bytesWritten - peer.socket.writableLength;
  const first = written();
  if (isDown) sink.setDown(true);
  let isOver = false;
  const sending = (async () => {
    let n = 100;
    for (; !isOver; n += 50) await sendNumbered(hub, n, n + 50);
    return n;
  })();
  if (isPaused) await relay.child.waitForStderr('paused reading from the server', 60_000);
  else await pauseFor(500);
  await stopProcess(relay.child);
  isOver = true;
  const sent = await sending;
  const read = countEvents(written() - first - countUnread(hub.server.port), sent);
  relay.child.kill('SIGKILL');
  await relay.child.exit;
  sink.setDown(false);
  const next = startRelay(hub, [...args, '--limit', '1']);
  await hub.waitForWelcomed(2);
  await sendNumbered(hub, 1_000_000, 1_000_001);
  await next.finish();
  const delivered = new Set(await sink.read());
  delivered.delete(1_000_000);
  return Math.max(0, read - delivered.size);
}

describeWithNats('what a kill -9 loses', () => {
  const sinks = { JetStream: startJetStream, 'HTTP, batches of 100': startHttp };
  const cases = Object.entries(sinks).flatMap(([name, start]) =>
    STATES.map((state) => ({ sink: name, start, state, what: state.name })),
  );
  test.each(cases)(
    'row 187: at most as many events as docs/relay.md says: $what: $sink',
    async ({ sink, start, state }) => {
      const lost: number[] = [];
      for (let i = 0; i < KILLS; i += 1) lost.push(await countLost(state, start));
      if (KILLS > 1)
        process.stderr.write(`${state.name}, ${sink}: lost ${lost.sort((a, b) => a - b).join(' ')}\n`);
      expect(Math.max(...lost)).toBeLessThanOrEqual(state.mostBytes / EVENT_BYTES);
    },
    60_000 * KILLS,
  );
});
