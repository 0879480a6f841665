// What the fault rows of the relay have in common: numbered events from a hub, a relay with a spool, the count of
// what arrived.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { countSpooled } from '../../src/delivery/spool/open-spool.ts';
import type { EventHub } from '../helpers/event-hub.ts';
import { connectTo } from '../helpers/nats-server.ts';
import { startTail, type Tail, type TailOptions } from '../helpers/tail.ts';
import { pauseFor } from '../helpers/watch.ts';

/** Every event has its number, an id, and an amount that no double holds. */
export const makeNumbered = (n: number): string =>
  `{"type":"large_transfer","id":"evt_${n}","n":${n},"amount":1157920892373161954235709850086879078532699846656${n}}`;

export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_unused, index) => from + index);

/** The numbers of events, in their order. */
export const numbersOf = (texts: readonly string[]): number[] => texts.map((text) => JSON.parse(text).n);

/** Tries again at once, in the tests' time. */
const EAGER = ['--retry-min', '250ms', '--retry-max', '250ms', '--no-lifecycle'];

export function startRelay(hub: EventHub, args: readonly string[], options: TailOptions = {}): Tail {
  const all = [...args, ...EAGER, '--ping-interval', '500ms', '--pong-timeout', '20s'];
  return startTail(hub.url, all, { command: 'relay', log: 'json', limitMs: 170_000, ...options });
}

/** Sends the events of these numbers to every live client, a few at a time, so that other things happen meanwhile. */
export async function sendNumbered(hub: EventHub, from: number, to: number, atOnce = 50): Promise<void> {
  for (let n = from; n < to; n += 1) {
    hub.send(makeNumbered(n));
    if (n % atOnce === atOnce - 1) await pauseFor(1);
  }
}

/** Records that wait in the spools of a folder. */
export function countWaiting(spool: string): number {
  return readdirSync(spool).reduce((sum, name) => sum + countSpooled(join(spool, name)), 0);
}

/** Polls a condition that has no event. */
export async function untilTrue(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 30_000,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`waited ${limitMs} ms for ${what}`);
    await pauseFor(50);
  }
}

/** How many messages a stream holds, asked over one connection. */
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

/** Stops a process, and resolves once none of its threads runs any more: until then it could still answer. */
export async function stopProcess(child: {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
}): Promise<void> {
  child.kill('SIGSTOP');
  const tasks = `/proc/${child.pid}/task`;
  const isStopped = (task: string): boolean => / T /.test(readFileSync(`${tasks}/${task}/stat`, 'utf8'));
  await untilTrue(() => readdirSync(tasks).every(isStopped), 'the process to stop');
}
