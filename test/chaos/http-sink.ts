// The HTTP sink of a chaos run: records the events that it accepts, refuses some for good, and misbehaves on request.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { registerCleanup } from '../helpers/cleanup.ts';
import { resetConnection } from '../helpers/reset.ts';
import type { Delivery } from './accounts.ts';
import { makeText } from './stream.ts';

/** The ways in which the sink can misbehave. */
export const MANNERS = ['500', 'slow', 'half', '101', 'hang', 'reset', 'lost answer', 'late retry'] as const;
type Manner = 'well' | (typeof MANNERS)[number];

/** True for events that the sink refuses with 400. */
const isPoisoned = (n: number): boolean => n % 5_000 === 777;

export interface HttpSink {
  readonly url: string;
  readonly deliveries: readonly Delivery[];
  /** Events that arrived with another text than was sent. */
  readonly errors: readonly string[];
  manner: Manner;
}

/** @param forgets true for an event that the sink acknowledges but does not keep: a planted bug */
export async function startHttpSink(forgets: (n: number) => boolean): Promise<HttpSink> {
  const deliveries: Delivery[] = [];
  const errors: string[] = [];
  const sink = { url: '', deliveries, errors, manner: 'well' as Manner };
  const take = (body: string, sinceMs: number): void => {
    for (const line of body.split('\n')) {
      if (line === '') continue;
      const n = Number(/"n":(\d+),/.exec(line)?.[1] ?? Number.NaN);
      if (line !== makeText(n)) errors.push(`http: another text than was sent: ${line.slice(0, 80)}`);
      if (forgets(n)) continue;
      deliveries.push({ n, atMs: Date.now(), place: '', tookMs: Date.now() - sinceMs });
    }
  };
  const answer = (body: string, response: ServerResponse, { socket }: IncomingMessage): void => {
    const sinceMs = Date.now();
    // Counts only if the answer was written: a closed connection does not get one.
    response.once('finish', () => {
      if (response.statusCode === 204) take(body, sinceMs);
    });
    const numbers = [...body.matchAll(/"n":(\d+),/g)].map(([, n]) => Number(n));
    if (sink.manner !== 'hang' && numbers.some(isPoisoned)) {
      response.writeHead(400).end('poisoned');
      return;
    }
    const accept = (): void => {
      if (!response.destroyed) response.writeHead(204).end();
    };
    switch (sink.manner) {
      case 'well':
        accept();
        break;
      case '500':
        response.writeHead(500).end();
        break;
      case 'slow':
        setTimeout(accept, 300);
        break;
      case 'half':
        response.writeHead(200, { 'Content-Length': '100' });
        response.write('half of', () => socket.end());
        break;
      case '101':
        socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
        break;
      case 'hang':
        break;
      case 'reset':
        resetConnection(socket);
        break;
      case 'lost answer':
        take(body, sinceMs);
        resetConnection(socket);
        break;
      case 'late retry':
        response.writeHead(503, { 'Retry-After': '31536000' }).end();
        break;
    }
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => answer(Buffer.concat(parts).toString(), response, request));
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registerCleanup(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  sink.url = `http://127.0.0.1:${(server.address() as { port: number }).port}/hook`;
  return sink;
}
