// A server whose first connection is handed to the test, so that the test decides when the fault occurs.
import {
  type Peer,
  type ScriptedServer,
  type ScriptedServerOptions,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';

export interface HandOver {
  readonly server: ScriptedServer;
  /** Resolves with the first connection after its events were passed to the kernel. */
  readonly first: Promise<Peer>;
}

/** Starts a server in this process or in a namespace. */
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
