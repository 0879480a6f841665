// Helpers of the fault tests of the relay: numbered events, a relay, and counts of delivered events.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { countSpooled } from '../../src/delivery/spool/open-spool.ts';
import type { EventHub } from '../helpers/event-hub.ts';
import { connectTo } from '../helpers/nats-server.ts';
import { startTail, type Tail, type TailOptions } from '../helpers/tail.ts';
import { pauseFor, untilTrue } from '../helpers/watch.ts';

/** An event with a number, an id, and an amount that a double cannot hold. */
export const makeNumbered = (n: number): string =>
  `{"type":"large_transfer","id":"evt_${n}","n":${n},"amount":1157920892373161954235709850086879078532699846656${n}}`;

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_unused, index) => from + index);

export const numbersOf = (texts: readonly string[]): number[] => texts.map((text) => JSON.parse(text).n);

/** Short delays between retries, and no lifecycle records. */
const EAGER = ['--retry-min', '250ms', '--retry-max', '250ms', '--no-lifecycle'];

export function startRelay(hub: EventHub, args: readonly string[], options: TailOptions = {}): Tail {
  const all = [...args, ...EAGER, '--ping-interval', '500ms', '--pong-timeout', '20s'];
  return startTail(hub.url, all, { command: 'relay', log: 'json', limitMs: 170_000, ...options });
}

/** Sends events to all live clients, with a pause after every `atOnce` events. */
export async function sendNumbered(hub: EventHub, from: number, to: number, atOnce = 50): Promise<void> {
  for (let n = from; n < to; n += 1) {
    hub.send(makeNumbered(n));
    if (n % atOnce === atOnce - 1) await pauseFor(1);
  }
}

/** The number of records in the spools of a folder. */
export function countWaiting(spool: string): number {
  return readdirSync(spool).reduce((sum, name) => sum + countSpooled(join(spool, name)), 0);
}

/** Returns a function that counts the messages of a stream, over one connection. */
export async function openCounter(url: string, stream: string): Promise<() => Promise<number>> {
  const manager = await jetstreamManager(
    await connectTo(url, { reconnect: true, maxReconnectAttempts: -1 }),
    {
      checkAPI: false,
      timeout: 5_000,
    },
  );
  return async () => {
    try {
      return (await manager.streams.info(stream)).state.messages;
    } catch {
      return -1;
    }
  };
}

/** Stops a process; resolves after all its threads have stopped, because until then it could still answer. */
export async function stopProcess(child: {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
}): Promise<void> {
  child.kill('SIGSTOP');
  const tasks = `/proc/${child.pid}/task`;
  const isStopped = (task: string): boolean => / T /.test(readFileSync(`${tasks}/${task}/stat`, 'utf8'));
  await untilTrue(() => readdirSync(tasks).every(isStopped), 'the process to stop');
}
