// The ceiling of the relay to HTTP: posts prepared batches with node:http over one keep-alive connection, one
// at a time. Prints the duration in seconds.
//
//   node http-post.mjs PORT BATCH COUNT SIZE
import { Agent, request } from 'node:http';
import { makeDistinctEvents } from '../lib/events.mjs';

const [port, batch, count, size] = process.argv.slice(2).map(Number);
const events = makeDistinctEvents(size, count);
const bodies = [];
for (let at = 0; at < count; at += batch)
  bodies.push(Buffer.from(`${events.slice(at, at + batch).join('\n')}\n`));
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const post = (body) =>
  new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/x-ndjson', 'Content-Length': body.length };
    const outgoing = request({ port, host: '127.0.0.1', method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', resolve);
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });

const startMs = performance.now();
for (const body of bodies) await post(body);
console.log((performance.now() - startMs) / 1_000);
agent.destroy();
