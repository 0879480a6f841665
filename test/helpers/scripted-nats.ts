// A NATS server scripted by a test: raw TCP, one existing stream, and answers to published messages that
// a real server would not give. Shares no code with a NATS client.
import { createServer, type Socket } from 'node:net';
import { registerCleanup } from './cleanup.ts';
import { Watch } from './watch.ts';

/** One PUB or HPUB, apart from requests to the JetStream API. */
interface Published {
  readonly subject: string;
  /** Headers as they came, or empty. */
  readonly head: string;
  readonly text: string;
  readonly atMs: number;
}

/** What is sent to the reply subject; undefined: nothing. `index` counts messages from 0. */
export type AckFor = (message: Published, index: number) => string | undefined;

export interface ScriptedNats {
  /** With the name of the stream. */
  readonly url: string;
  /** In the order in which they came, over all connections. */
  readonly published: readonly Published[];
  /** Connections so far. */
  readonly connections: () => number;
  waitForPublished(n: number, limitMs?: number): Promise<readonly Published[]>;
}

const INFO = {
  server_id: 'S',
  server_name: 's',
  version: '2.10.20',
  proto: 1,
  headers: true,
  max_payload: 2 ** 20,
};
const STREAM = 'EVENTS';
/** An answer that begins a message of 2 GiB. */
export const TWO_GIB = 'two GiB';

/** What `$JS.API.STREAM.INFO.EVENTS` answers. */
const describeStream = (domain: string | undefined): string =>
  JSON.stringify({
    type: 'io.nats.jetstream.api.v1.stream_info_response',
    config: {
      name: STREAM,
      subjects: ['>'],
      num_replicas: 1,
      max_age: 0,
      max_bytes: -1,
      duplicate_window: 120e9,
    },
    created: '2026-01-31T12:00:00Z',
    state: { messages: 0, bytes: 0, first_seq: 0, last_seq: 0, consumer_count: 0 },
    domain,
  });

/** Starts it on a port of its own. */
export async function startScriptedNats(ackFor: AckFor, domain?: string): Promise<ScriptedNats> {
  const watch = new Watch();
  const published: Published[] = [];
  const open = new Set<Socket>();
  let connections = 0;

  const serve = (socket: Socket): void => {
    /** Subject → id of the subscription. */
    const subscriptions = new Map<string, string>();
    const deliver = (subject: string, text: string): void => {
      const [, id] = [...subscriptions].find(([pattern]) => matches(pattern, subject)) ?? [];
      if (text === TWO_GIB) socket.write(`MSG ${subject} ${id} ${2 ** 31}\r\nthe beginning of it`);
      else if (id !== undefined)
        socket.write(`MSG ${subject} ${id} ${Buffer.byteLength(text)}\r\n${text}\r\n`);
    };
    const take = (subject: string, reply: string, head: string, text: string): void => {
      if (subject.startsWith('$JS.API.')) {
        deliver(reply, describeStream(domain));
        return;
      }
      const message = { subject, head, text, atMs: performance.now() };
      published.push(message);
      const ack = ackFor(message, published.length - 1);
      if (ack !== undefined) deliver(reply, ack);
      watch.notify();
    };
    let rest = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    socket.on('data', (part) => {
      rest = Buffer.concat([rest, part]);
      for (;;) {
        const lineEnd = rest.indexOf('\r\n');
        if (lineEnd < 0) return;
        const [verb = '', ...words] = rest.toString('latin1', 0, lineEnd).split(' ');
        const size = verb.endsWith('PUB') ? Number(words.at(-1)) : -2;
        if (rest.length < lineEnd + 2 + size + 2) return;
        const payload = rest.subarray(lineEnd + 2, lineEnd + 2 + size);
        rest = rest.subarray(lineEnd + 2 + size + 2);
        if (verb === 'PING') socket.write('PONG\r\n');
        if (verb === 'SUB') subscriptions.set(words[0] ?? '', words.at(-1) ?? '');
        if (verb === 'PUB')
          take(words[0] ?? '', words.length > 2 ? (words[1] ?? '') : '', '', String(payload));
        if (verb === 'HPUB') {
          const headBytes = Number(words.at(-2));
          const reply = words.length > 3 ? (words[1] ?? '') : '';
          take(
            words[0] ?? '',
            reply,
            payload.toString('utf8', 0, headBytes),
            payload.toString('utf8', headBytes),
          );
        }
      }
    });
    socket.write(`INFO ${JSON.stringify(INFO)}\r\n`);
  };
  const server = createServer((socket) => {
    connections += 1;
    open.add(socket);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  registerCleanup(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as { port: number };
  return {
    url: `nats://127.0.0.1:${port}/${STREAM}`,
    published,
    connections: () => connections,
    waitForPublished: (n, limitMs) =>
      watch.until(
        () => (published.length >= n ? published : undefined),
        () => `${n} messages (${published.length} so far)`,
        limitMs,
      ),
  };
}

/** Whether a subject is that of the pattern; `*` for one token at its end. */
function matches(pattern: string, subject: string): boolean {
  const prefix = pattern.endsWith('*') ? pattern.slice(0, -1) : undefined;
  return prefix === undefined
    ? pattern === subject
    : subject.startsWith(prefix) && !subject.slice(prefix.length).includes('.');
}
