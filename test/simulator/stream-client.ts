// A simple client of the simulator for its tests: uses the package `ws`, keeps everything, waits for messages.
import { WebSocket } from 'ws';
import { type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';
import { registerCleanup } from '../helpers/cleanup.ts';
import { Watch } from '../helpers/watch.ts';

/** Starts a simulator that ends with the test. */
export async function openSimulator(options?: SimulatorOptions) {
  const simulator = await startSimulator(options);
  registerCleanup(() => simulator.close());
  return simulator;
}

/** The response to an upgrade that was refused. */
export interface Refused {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What one connection has received so far, and waits for more. */
export interface StreamClient {
  readonly socket: WebSocket;
  /** Text messages, in order. */
  readonly texts: string[];
  readonly binaries: Buffer[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly refused: Refused | undefined;
  /** Set once the connection has ended. */
  readonly closeCode: number | undefined;
  readonly errorCode: string | undefined;
  untilTexts(count: number): Promise<string[]>;
  until<T>(probe: () => T | undefined, what: string): Promise<T>;
  untilClosed(): Promise<number>;
}

export interface ConnectOptions {
  readonly key?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
}

/** Connects to the stream of the simulator at `url`; refusals and faults are values, not errors. */
export function connectClient(
  { url, exampleKey }: { url: string; exampleKey: string },
  { key = exampleKey, path = '/v1/stream', headers = {} }: ConnectOptions = {},
): StreamClient {
  const watch = new Watch();
  const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, {
    headers: { ...(key === '' ? {} : { 'X-API-Key': key }), ...headers },
    perMessageDeflate: false,
  });
  registerCleanup(() => socket.terminate());
  const client = {
    socket,
    texts: [] as string[],
    binaries: [] as Buffer[],
    headers: {} as StreamClient['headers'],
    refused: undefined as Refused | undefined,
    closeCode: undefined as number | undefined,
    errorCode: undefined as string | undefined,
    until: <T>(probe: () => T | undefined, what: string) => watch.until(probe, what),
    untilTexts: (count: number) =>
      watch.until(
        () => (client.texts.length >= count ? client.texts : undefined),
        () => `${count} messages; ${client.texts.length} came`,
      ),
    untilClosed: () => watch.until(() => client.closeCode, 'the end of the connection'),
  };
  socket.on('upgrade', (response) => {
    client.headers = response.headers;
    // `ws` does not report errors of the TCP connection after the upgrade.
    response.socket.on('error', (error: NodeJS.ErrnoException) => {
      client.errorCode ??= error.code;
    });
  });
  socket.on('open', () => watch.notify());
  socket.on('message', (data, isBinary) => {
    if (isBinary) client.binaries.push(data as Buffer);
    else client.texts.push(String(data));
    watch.notify();
  });
  socket.on('unexpected-response', (_request, response) => {
    let body = '';
    response.on('data', (chunk) => {
      body += chunk;
    });
    response.on('end', () => {
      client.refused = { status: response.statusCode ?? 0, headers: response.headers, body };
      watch.notify();
    });
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    client.errorCode ??= error.code;
  });
  socket.on('close', (code) => {
    client.closeCode = code;
    watch.notify();
  });
  return client;
}

/** Connects and waits for the refusal. */
export async function expectRefusal(
  simulator: { url: string; exampleKey: string },
  options?: ConnectOptions,
): Promise<Refused> {
  const client = connectClient(simulator, options);
  return client.until(() => client.refused, 'a refusal of the upgrade');
}
