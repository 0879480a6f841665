// Reads the pages of a run with --metrics-listen.
import { type IncomingHttpHeaders, request } from 'node:http';
import type { Child } from './child.ts';
import { pauseFor } from './watch.ts';

export interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The address that the run says it listens on, such as `http://127.0.0.1:1234`. */
export async function findEndpoint(child: Child): Promise<string> {
  const stderr = await child.waitForStderr(/http:\/\/\S+\/metrics/);
  return /(http:\/\/\S+)\/metrics/.exec(stderr)?.[1] ?? '';
}

export function readPage(
  url: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Page> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    sent.on('error', reject).end();
  });
}

/** Series, as on the page, with their values. */
export type Metrics = ReadonlyMap<string, number>;

export function parseMetrics(body: string): Metrics {
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

export async function readMetrics(endpoint: string): Promise<Metrics> {
  return parseMetrics((await readPage(`${endpoint}/metrics`)).body);
}

/** Calls `ask` until its result is wanted. */
export async function until<T>(ask: () => Promise<T> | T, isWanted: (found: T) => boolean): Promise<T> {
  const endMs = performance.now() + 20_000;
  for (;;) {
    const found = await ask();
    if (isWanted(found)) return found;
    if (performance.now() > endMs) throw new Error(`still ${JSON.stringify(found)}`);
    await pauseFor(20);
  }
}

/** Resolves when the page has this status. */
export function untilStatus(url: string, status: number): Promise<Page> {
  return until(
    () => readPage(url),
    (page) => page.status === status,
  );
}
