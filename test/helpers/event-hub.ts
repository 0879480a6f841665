// The service as several clients see it at once: every event goes to all who are connected at that moment, and
// never sent again. Counts what was received and which clients were connected.
import { frame } from './frames.ts';
import { type Peer, type Script, type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { untilTrue } from './watch.ts';

export interface EventHub {
  readonly server: ScriptedServer;
  readonly url: string;
  /** Clients that have had their welcome and are still there. */
  readonly liveCount: number;
  /** Those clients, and earlier ones, in the order of their welcomes. */
  readonly peers: readonly Peer[];
  /** Connections with a welcome so far, also those that are over. */
  readonly welcomed: number;
  /** Text pings that came, over all connections. */
  readonly pings: number;
  /** Sends an event to all live clients; returns their number. */
  send(text: string): number;
  waitForLive(n: number, limitMs?: number): Promise<void>;
  /** Waits until no client is left: the end of a process is noticed a little later than its exit. */
  waitForNone(limitMs?: number): Promise<void>;
  /** Waits until this many connections have had their welcome. */
  waitForWelcomed(n: number, limitMs?: number): Promise<void>;
}

/** @param listen starts its server; default: on loopback */
export async function startEventHub(
  listen: (script: Script) => Promise<ScriptedServer> = startScriptedServer,
): Promise<EventHub> {
  const live = new Set<Peer>();
  const peers: Peer[] = [];
  const server = await listen(async (peer) => {
    peer.answerPings();
    peer.answerClose();
    await peer.accept();
    await peer.welcome();
    live.add(peer);
    peers.push(peer);
    if (!peer.socket.closed) await new Promise((resolve) => peer.socket.once('close', resolve));
    live.delete(peer);
  });
  const waitFor = async (holds: () => boolean, what: string, limitMs?: number): Promise<void> => {
    await server.waitUntil(() => (holds() ? true : undefined), what, limitMs);
  };
  return {
    server,
    url: server.url,
    get liveCount() {
      return live.size;
    },
    peers,
    get welcomed() {
      return peers.length;
    },
    get pings() {
      const texts = server.attempts.flatMap(({ frames }) => frames.map(({ payload }) => payload.toString()));
      return texts.filter((text) => text === 'ping').length;
    },
    send(text) {
      const bytes = frame.text(text);
      for (const peer of live) void peer.sendRaw(bytes);
      return live.size;
    },
    waitForLive: (n, limitMs) => waitFor(() => live.size >= n, `${n} live clients`, limitMs),
    waitForNone: (limitMs) => untilTrue(() => live.size === 0, 'no live client', limitMs),
    waitForWelcomed: (n, limitMs) => waitFor(() => peers.length >= n, `${n} welcomes`, limitMs),
  };
}
