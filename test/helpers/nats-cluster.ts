// Three nats-servers as one cluster on loopback, for streams of three replicas.
import { jetstreamManager } from '@nats-io/jetstream';
import type { Lifetime } from './cleanup.ts';
import { connectTo, findFreePort, type NatsServer, startNatsServer } from './nats-server.ts';
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
export async function untilJetStream(url: string, limitMs = 20_000): Promise<void> {
  const connection = await connectTo(url);
  const endMs = performance.now() + limitMs;
  for (;;) {
    const isReady = await jetstreamManager(connection, { timeout: 1_000 }).then(
      () => true,
      () => false,
    );
    if (isReady) return;
    if (performance.now() > endMs) throw new Error(`no JetStream at ${url} within ${limitMs} ms`);
    await pauseFor(50);
  }
}
