// An HTTP endpoint that a test controls: raw TCP below node:http, so that it can also send half an answer, none, or
// a reset. Records every request.
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Identity } from './certificates.ts';
import { registerCleanup } from './cleanup.ts';
import { resetConnection } from './reset.ts';
import { Watch } from './watch.ts';

/** One request as it came. */
interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
  /** `Idempotency-Key`. */
  readonly key: string;
  /** The bodies of the events in it. */
  readonly lines: readonly string[];
}

/** How to answer; `index` counts requests from 0. */
export type Answer = (request: Request, index: number, response: ServerResponse, socket: Socket) => void;

export interface HttpEndpoint {
  readonly url: string;
  readonly port: number;
  /** In the order in which they came. */
  readonly requests: readonly Request[];
  /** The requests that were answered with 2xx; a receiver would have kept their events. */
  readonly accepted: readonly Request[];
  setAnswer(answer: Answer): void;
  waitForRequests(n: number, limitMs?: number): Promise<readonly Request[]>;
}

/** Accepts every request. */
export const takeAll: Answer = (_request, _index, response) => {
  response.writeHead(204).end();
};

/** Answers with these statuses in turn, then accepts every request. */
export function answerInTurn(...statuses: readonly (number | Answer)[]): Answer {
  return (request, index, response, socket) => {
    const next = statuses[index] ?? 204;
    if (typeof next === 'function') next(request, index, response, socket);
    else response.writeHead(next, { 'Content-Type': 'text/plain' }).end(`status ${next}`);
  };
}

/** RST instead of an answer. */
export const reset: Answer = (_request, _index, _response, socket) => resetConnection(socket);

/** Never answers. */
export const stayMute: Answer = () => {};

/** The head of a 200 and half of its body, then the end. */
export const answerHalf: Answer = (_request, _index, response, socket) => {
  response.writeHead(200, { 'Content-Length': '100' });
  response.write('half of', () => socket.end());
};

export async function startHttpEndpoint(
  answer: Answer = takeAll,
  identity?: Identity,
): Promise<HttpEndpoint> {
  const watch = new Watch();
  const requests: Request[] = [];
  const accepted: Request[] = [];
  let current = answer;
  const server: Server = identity === undefined ? createServer() : createTlsServer(identity);
  server.keepAliveTimeout = 60_000;
  server.on('request', (incoming, response: ServerResponse) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const body = Buffer.concat(parts).toString();
      const request: Request = {
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        headers: incoming.headers,
        body,
        atMs: performance.now(),
        key: String(incoming.headers['idempotency-key'] ?? ''),
        lines: body.endsWith('\n') ? body.slice(0, -1).split('\n') : [body],
      };
      requests.push(request);
      response.on('finish', () => {
        if (response.statusCode < 300) accepted.push(request);
      });
      current(request, requests.length - 1, response, incoming.socket);
      watch.notify();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  registerCleanup(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return {
    url: identity === undefined ? `http://127.0.0.1:${port}/hook` : `https://localhost:${port}/hook`,
    port,
    requests,
    accepted,
    setAnswer(next) {
      current = next;
    },
    waitForRequests: (n, limitMs) =>
      watch.until(
        () => (requests.length >= n ? requests : undefined),
        () => `${n} requests (${requests.length} so far)`,
        limitMs,
      ),
  };
}
