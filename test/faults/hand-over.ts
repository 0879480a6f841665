// A server whose first connection is handed to the test, so that the test itself decides when the fault comes.
import {
  type Peer,
  type ScriptedServer,
  type ScriptedServerOptions,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';

export interface HandOver {
  readonly server: ScriptedServer;
  /** The first connection, once its events are with the kernel. */
  readonly first: Promise<Peer>;
}

/** Where a server is started: here, or in a namespace. */
export type StartServer = typeof startScriptedServer;

/** Serves `events` on the first connection, then hands it over; later connections get `later` and stay. */
export async function startHandOver(
  events: Iterable<string> = [],
  later: readonly string[] = [],
  options: ScriptedServerOptions & { readonly start?: StartServer } = {},
): Promise<HandOver> {
  const { start = startScriptedServer, ...rest } = options;
  let give: (peer: Peer) => void = () => undefined;
  const first = new Promise<Peer>((resolve) => {
    give = resolve;
  });
  const server = await start(async (peer, index) => {
    await streamHandler({ events: index === 0 ? events : later })(peer, index);
    if (index === 0) give(peer);
  }, rest);
  return { server, first };
}
