// Debian's nats-server with JetStream: one, or a cluster of three, on ports of their own, with its files in a
// temporary folder. It can be killed, stopped, started again on the same port, and asked what it keeps.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Child, startChild } from './child.ts';
import { type Lifetime, makeTempFolder, registerCleanup } from './cleanup.ts';
import { findFreePort } from './free-port.ts';
import { makeCleanEnvironment } from './run-cli.ts';

const hasNatsServer = spawnSync('nats-server', ['--version'], { stdio: 'ignore' }).status === 0;

/** `describe` where nats-server is installed; elsewhere its tests are skipped by name. */
export const describeWithNats = hasNatsServer ? describe : describe.skip;

export interface NatsServerOptions {
  readonly lifetime?: Lifetime;
  /** Where JetStream keeps its files; default: a temporary folder. */
  readonly store?: string;
  /** More lines of configuration. */
  readonly extra?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** False: without JetStream. */
  readonly jetStream?: boolean;
}

export interface NatsServer {
  readonly port: number;
  /** `nats://127.0.0.1:port`. */
  readonly url: string;
  readonly child: Child;
  /** Ends it (by default with SIGKILL) and starts it again on the same port and files. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
}

/** Starts a server and waits until it answers. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const { lifetime = 'test', extra = '', jetStream = true } = options;
  const folder = makeTempFolder(lifetime);
  const store = options.store ?? join(folder, 'store');
  const port = options.port ?? (await findFreePort());
  const config = join(folder, 'nats.conf');
  const jetStreamLines = jetStream ? `jetstream { store_dir: "${store}" }` : '';
  writeFileSync(config, `host: 127.0.0.1\nport: ${port}\n${jetStreamLines}\n${extra}\n`);
  let child: Child;
  const start = async (): Promise<void> => {
    child = startChild('nats-server', ['-c', config], {
      env: makeCleanEnvironment(),
      limitMs: 600_000,
      stdout: 'ignore',
      lifetime,
    });
    await child.waitForStderr('Server is ready');
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    child.kill(signal);
    await child.exit;
  };
  await start();
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    get child() {
      return child;
    },
    async restart(signal) {
      await kill(signal);
      await start();
    },
    kill,
    start,
  };
}

/** A client of the test's own; closed after the test. */
export async function connectTo(url: string, options: object = {}): Promise<NatsConnection> {
  const connection = await connect({ servers: url.replace('nats://', '').split(','), ...options });
  registerCleanup(() => connection.close());
  return connection;
}

/** A message of a stream, as a consumer would see it. */
export interface Kept {
  readonly seq: number;
  readonly subject: string;
  readonly text: string;
  readonly id: string;
  readonly relay: string;
  readonly kind: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** All that a stream keeps, in its order. */
export async function readStream(url: string, name: string): Promise<Kept[]> {
  const connection = await connectTo(url);
  const manager = await jetstreamManager(connection, { timeout: 10_000 });
  const { state } = await manager.streams.info(name);
  const kept: Kept[] = [];
  if (state.messages === 0) return kept;
  const consumer = await manager.jetstream().consumers.get(name);
  for await (const message of await consumer.consume({ max_messages: 2_000 })) {
    kept.push({
      seq: message.seq,
      subject: message.subject,
      text: message.string(),
      id: message.headers?.get('Nats-Msg-Id') ?? '',
      relay: message.headers?.get('Atlantis-Relay') ?? '',
      kind: message.headers?.get('Atlantis-Kind') ?? '',
      headers: Object.fromEntries(
        [...(message.headers ?? [])].map(([name, values]) => [name, values.join()]),
      ),
    });
    // By sequence number, because a server that is catching up reports too early that nothing is pending.
    if (message.seq >= state.last_seq) break;
  }
  await connection.close();
  return kept;
}
