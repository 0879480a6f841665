// The ceiling of the relay to JetStream: publishes events from memory with the NATS client library, WINDOW in flight.
// Prints the duration in seconds.
//
//   node nats-publish.mjs PORT STREAM WINDOW COUNT SIZE
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { makeDistinctEvents } from '../lib/events.mjs';

const [port, stream, window, count, size] = process.argv
  .slice(2)
  .map((word) => (/^\d+$/.test(word) ? Number(word) : word));
const events = makeDistinctEvents(size, count).map((text) => Buffer.from(text));
const connection = await connect({ servers: `127.0.0.1:${port}`, noAsyncTraces: true });
const js = jetstream(connection);
const startMs = performance.now();
let next = 0;

async function publishInTurn() {
  while (next < count) {
    const index = next++;
    await js.publish(`${stream}.large_transfer`, events[index], {
      msgID: `evt_${String(index).padStart(8, '0')}`,
    });
  }
}

await Promise.all(Array.from({ length: window }, publishInTurn));
console.log((performance.now() - startMs) / 1_000);
await connection.close();
