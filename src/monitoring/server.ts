// The HTTP server of --metrics-listen: a few pages that can only be read. One request for each connection, and limits for
// all of them, so that no client can disturb the run (row 161).
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOn } from '../io/listen.ts';
import { NOT_FOUND, READ_ONLY, sayCannotListen } from './messages.ts';

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** @param accept the Accept header */
type ShowPage = (accept: string) => Page | Promise<Page>;

interface PageServer {
  /** An IP address, also if the host is a name. */
  readonly address: string;
  readonly port: number;
  close(): void;
}

/** Enough for Prometheus, a few probes and some browsers. */
const MAX_CONNECTIONS = 32;
/** For the head of a request, for the whole request, and for a client that does not read its response. */
const MAX_HEAD_MS = 5_000;
const MAX_REQUEST_MS = 10_000;
const MAX_HEAD_BYTES = 8 * 1024;
export const TEXT = 'text/plain; charset=utf-8';

/** @throws UsageError if it cannot listen on the address */
export async function servePages(
  host: string,
  port: number,
  pages: Readonly<Record<string, ShowPage>>,
): Promise<PageServer> {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: MAX_HEAD_MS,
      requestTimeout: MAX_REQUEST_MS,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => void answer(pages, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = MAX_REQUEST_MS;
  const { address, port: chosenPort } = await listenOn(server, host, port, sayCannotListen);
  return {
    address,
    port: chosenPort,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  pages: Readonly<Record<string, ShowPage>>,
  { method, url = '', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, type, body } = await choosePage(pages, method, url.split('?', 1)[0] ?? '', headers.accept);
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
    ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
  });
  // Node leaves out the body of a response to HEAD.
  response.end(body);
}

function choosePage(
  pages: Readonly<Record<string, ShowPage>>,
  method: string | undefined,
  path: string,
  accept = '',
): Page | Promise<Page> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, type: TEXT, body: READ_ONLY };
  const show = Object.hasOwn(pages, path) ? pages[path] : undefined;
  return show === undefined ? { status: 404, type: TEXT, body: NOT_FOUND } : show(accept);
}
