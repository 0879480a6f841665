// The service of a chaos run: sends each numbered event once, to the connection that is live at that moment, and
// records the time. It can also become a black hole, which holds events back and answers nothing.
import { readFileSync } from 'node:fs';
import { createRandom } from '../../src/simulator/random.ts';
import { frame } from '../helpers/frames.ts';
import { type Peer, startScriptedServer } from '../helpers/scripted-server.ts';
import type { SentEvent } from './accounts.ts';

const EVERY_MS = 25;

/** The text of an event follows from its number, so that every copy can be compared. */
export function makeText(n: number): string {
  const length = createRandom('chaos', 'pad', String(n)).nextBelow(400);
  return `{"type":"large_transfer","id":"evt_${n}","n":${n},"pad":"${'x'.repeat(length)}"}`;
}

export interface NumberedStream {
  readonly url: string;
  /** The events by number. */
  readonly sent: readonly SentEvent[];
  waitForLive(): Promise<void>;
  blackHole(on: boolean): void;
  /** Ends every connection by RST. */
  reset(): void;
  /** Bytes that were sent to live connections and that the relay has not read. */
  countTransit(): number;
  stop(): void;
}

export async function startStream(ratePerSecond: number): Promise<NumberedStream> {
  const live = new Set<Peer>();
  const sent: SentEvent[] = [];
  let held: Uint8Array[] | undefined;
  /**
   * Bytes that the last reset discarded, until a relay connects again: one that is not reading cannot notice the reset.
   */
  let taken = 0;
  let release: () => void = () => {};
  let isHealed = Promise.resolve();
  const server = await startScriptedServer(async (peer) => {
    await isHealed;
    peer.answerClose();
    await peer.accept();
    await peer.welcome();
    live.add(peer);
    taken = 0;
    peer.answerPings();
    if (!peer.socket.closed) await new Promise((resolve) => peer.socket.once('close', resolve));
    live.delete(peer);
  });
  const write = (bytes: Uint8Array): void => {
    for (const peer of live) void peer.sendRaw(bytes);
  };
  let owed = 0;
  const timer = setInterval(() => {
    owed += (ratePerSecond * EVERY_MS) / 1_000;
    for (; owed >= 1; owed -= 1) {
      const text = makeText(sent.length);
      sent.push({ atMs: Date.now(), bytes: text.length, wasSent: live.size > 0 });
      if (live.size === 0) continue;
      const bytes = frame.text(text);
      if (held === undefined) write(bytes);
      else held.push(bytes);
    }
  }, EVERY_MS);
  const countWaiting = (): number =>
    [...live].reduce((sum, { socket }) => sum + socket.writableLength, 0) +
    (held ?? []).reduce((sum, { length }) => sum + length, 0) +
    countQueued(Number(new URL(server.url).port));
  return {
    url: server.url,
    sent,
    waitForLive: async () => {
      await server.waitUntil(() => (live.size > 0 ? true : undefined), 'a live relay', 60_000);
    },
    blackHole(on) {
      if (on === (held !== undefined)) return;
      if (on) {
        held = [];
        isHealed = new Promise((resolve) => {
          release = resolve;
        });
        return;
      }
      for (const bytes of held ?? []) write(bytes);
      held = undefined;
      release();
    },
    reset() {
      taken = countWaiting();
      for (const peer of live) peer.reset();
    },
    countTransit() {
      // A packet between the two buffers is in neither for a moment, so two counts are compared.
      const first = countWaiting();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      return taken + Math.max(first, countWaiting());
    },
    stop: () => clearInterval(timer),
  };
}

/** Bytes in the send and receive buffers of all connections of a port, from the kernel. */
function countQueued(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  let sum = 0;
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local = '', remote = '', , queues = ''] = line.trim().split(/\s+/);
    const [sending = '0', receiving = '0'] = queues.split(':');
    if (local.endsWith(`:${hex}`)) sum += Number.parseInt(sending, 16);
    if (remote.endsWith(`:${hex}`)) sum += Number.parseInt(receiving, 16);
  }
  return sum;
}
