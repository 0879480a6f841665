// Three nats-servers as one cluster on loopback, for streams of three replicas.
import { jetstreamManager } from '@nats-io/jetstream';
import type { Lifetime } from './cleanup.ts';
import { findFreePort } from './free-port.ts';
import { connectTo, type NatsServer, startNatsServer } from './nats-server.ts';
import { pauseFor } from './watch.ts';

/** Three servers as one cluster, ready to keep streams of three replicas. */
export async function startNatsCluster(lifetime: Lifetime = 'test'): Promise<readonly NatsServer[]> {
  const routes = await Promise.all([0, 1, 2].map(findFreePort));
  const servers = await Promise.all(
    routes.map((route, index) =>
      startNatsServer({
        lifetime,
        extra: [
          `server_name: node${index}`,
          'cluster {',
          '  name: test',
          `  listen: 127.0.0.1:${route}`,
          `  routes: [${routes.map((one) => `nats://127.0.0.1:${one}`).join(', ')}]`,
          '}',
        ].join('\n'),
      }),
    ),
  );
  await untilJetStream(servers[0]?.url ?? '');
  return servers;
}

/** Resolves once the servers have a leader for JetStream. */
async function untilJetStream(url: string, limitMs = 20_000): Promise<void> {
  const connection = await connectTo(url);
  const isReady = async (): Promise<boolean> => {
    await jetstreamManager(connection, { timeout: 1_000 });
    return true;
  };
  await untilAnswered(isReady, `JetStream at ${url}`, limitMs);
}

/**
 * Resolves once every server that keeps the stream has all of it: a consumer gets the same answer from each of them.
 */
export async function untilReplicated(url: string, stream: string, limitMs = 30_000): Promise<void> {
  const connection = await connectTo(url);
  const isReplicated = async (): Promise<boolean> => {
    const manager = await jetstreamManager(connection, { timeout: 1_000 });
    const { cluster } = await manager.streams.info(stream);
    const replicas = cluster?.replicas ?? [];
    return replicas.length > 0 && replicas.every(({ current, offline, lag }) => current && !offline && !lag);
  };
  await untilAnswered(isReplicated, `all replicas of ${stream}`, limitMs);
}

/** Asks again until the answer is true; an error counts as false. */
async function untilAnswered(ask: () => Promise<boolean>, what: string, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await ask().catch(() => false))) {
    if (performance.now() > endMs) throw new Error(`waited ${limitMs} ms for ${what}`);
    await pauseFor(50);
  }
}
