// The JetStream cluster of a chaos run: servers are killed and stopped, and the stream is deleted.
import { jetstreamManager } from '@nats-io/jetstream';
import { stopProcess } from '../faults/relay-events.ts';
import { startNatsCluster, untilReplicated } from '../helpers/nats-cluster.ts';
import { connectTo, readStream } from '../helpers/nats-server.ts';
import type { Delivery } from './accounts.ts';
import { makeText } from './stream.ts';

const STREAM = 'CHAOS';

export interface Brokers {
  /** The value of `--to`. */
  readonly address: string;
  readonly deliveries: readonly Delivery[];
  readonly errors: readonly string[];
  kill(index: number): Promise<void>;
  start(index: number): Promise<void>;
  suspend(index: number): Promise<void>;
  resume(index: number): void;
  /** Resolves once all servers have all messages; rejects if that takes too long. */
  untilWhole(): Promise<void>;
  /** Records the messages of the stream as deliveries, then deletes it. Nothing may be published meanwhile. */
  deleteStream(): Promise<void>;
  /** Records the messages of the stream as deliveries. */
  read(): Promise<void>;
}

export async function startBrokers(): Promise<Brokers> {
  const cluster = await startNatsCluster();
  const url = `nats://${cluster.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  const deliveries: Delivery[] = [];
  const errors: string[] = [];
  let incarnation = 1;
  const untilWhole = (): Promise<void> => untilReplicated(url, STREAM, 60_000);
  const read = async (): Promise<void> => {
    await untilWhole();
    for (const { text } of await readStream(url, STREAM)) {
      const n = Number(/"n":(\d+),/.exec(text)?.[1] ?? Number.NaN);
      if (text !== makeText(n)) errors.push(`nats: another text than was sent: ${text.slice(0, 80)}`);
      deliveries.push({ n, atMs: Date.now(), place: String(incarnation), tookMs: 0 });
    }
  };
  return {
    address: `${url}/${STREAM}`,
    deliveries,
    errors,
    kill: async (index) => cluster[index]?.kill(),
    start: async (index) => cluster[index]?.start(),
    async suspend(index) {
      const server = cluster[index];
      if (server !== undefined) await stopProcess(server.child);
    },
    resume: (index) => void cluster[index]?.child.kill('SIGCONT'),
    untilWhole,
    read,
    async deleteStream() {
      await read();
      incarnation += 1;
      const connection = await connectTo(url);
      const manager = await jetstreamManager(connection, { timeout: 10_000 });
      await manager.streams.delete(STREAM);
      await connection.close();
    },
  };
}
