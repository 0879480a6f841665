// `--metrics-listen` and `--ready-file` of `tail` and `relay`, and `relay --health`: what they report while streams and
// sinks fail and recover, and that no client disturbs the run.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { answerInTurn, startHttpEndpoint, takeAll } from '../helpers/http-endpoint.ts';
import {
  findEndpoint,
  parseMetrics,
  readMetrics,
  readPage,
  until,
  untilStatus,
} from '../helpers/monitoring.ts';
import { findPython } from '../helpers/python.ts';
import { runCli } from '../helpers/run-cli.ts';
import { type Peer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { runTail, startTail } from '../helpers/tail.ts';

const LISTEN = ['--metrics-listen', '127.0.0.1:0'];
const EAGER = ['--retry-min', '250ms', '--retry-max', '250ms'];
const makeEvent = (n: number): string => `{"id":"evt_${n}","type":"${n % 2 === 0 ? 'even' : 'odd'}"}`;

/** Starts a stream whose connections the test controls. */
async function startStream(events: readonly string[] = []) {
  const peers: Peer[] = [];
  const server = await startScriptedServer(
    streamHandler({
      events,
      finish: (peer) => {
        peers.push(peer);
      },
    }),
  );
  return { url: server.url, peers, server };
}

describe('--metrics-listen', () => {
  test('M4: counts connections, gaps, and events received, filtered and discarded', async () => {
    const stamp = new Date(Date.now() - 5_000).toISOString();
    const { url, peers, server } = await startStream([
      ...[1, 2, 3, 4, 5].map(makeEvent),
      `{"type":"odd","timestamp":"${stamp}"}`,
    ]);
    const tail = startTail(url, [...LISTEN, ...EAGER, '--type', 'odd']);
    const endpoint = await findEndpoint(tail.child);
    await tail.child.waitForStdout(stamp);
    await peers[0]?.sendText('not JSON');
    await peers[0]?.sendFrame({ opcode: 2, payload: Buffer.from('binary') });
    const first = await until(
      () => readMetrics(endpoint),
      (metrics) => metrics.get('atlantis_messages_discarded_total{reason="binary"}') === 1,
    );
    expect(Object.fromEntries(first)).toMatchObject({
      atlantis_ready: 1,
      atlantis_stream_connected: 1,
      atlantis_stream_connections_total: 1,
      atlantis_stream_reconnects_total: 0,
      atlantis_stream_gaps_total: 0,
      atlantis_events_received_total: 6,
      atlantis_events_filtered_total: 2,
      'atlantis_messages_discarded_total{reason="not JSON"}': 1,
      'atlantis_messages_discarded_total{reason="too large"}': 0,
    });
    peers[0]?.reset();
    const second = await until(
      () => readMetrics(endpoint),
      (metrics) => metrics.get('atlantis_stream_gaps_total') === 1,
    );
    expect(second.get('atlantis_stream_connections_total')).toBe(2);
    expect(second.get('atlantis_stream_reconnects_total')).toBe(1);
    expect(second.get('atlantis_stream_gap_seconds_total')).toBeGreaterThan(0);
    expect(second.get('atlantis_stream_open_gap_seconds')).toBe(0);
    tail.child.kill('SIGTERM');
    await tail.finish();
    await expect(readPage(`${endpoint}/metrics`)).rejects.toThrow(/ECONNREFUSED|reset/);
    expect(server.attempts).toHaveLength(2);
  });

  test('M4: the lag is the time from the timestamp of an event to its receipt', async () => {
    const { url } = await startStream([`{"timestamp":"${new Date(Date.now() - 60_000).toISOString()}"}`]);
    const tail = startTail(url, LISTEN);
    const endpoint = await findEndpoint(tail.child);
    await tail.child.waitForStdout('timestamp');
    const lag = (await readMetrics(endpoint)).get('atlantis_event_lag_seconds') ?? 0;
    expect([lag >= 60, lag < 120]).toEqual([true, true]);
    tail.child.kill();
    await tail.finish();
  });

  test('M4: counts acknowledgements, dead letters, backlog, circuit and latencies for each sink of a relay', async () => {
    const folder = makeTempFolder();
    const endpoints = [await startHttpEndpoint(answerInTurn(204, 422)), await startHttpEndpoint()];
    const { url } = await startStream([1, 2, 3, 4].map(makeEvent));
    const to = endpoints.flatMap((endpoint) => ['--to', `${endpoint.url}?token=s3cr3t-of-the-sink`]);
    const extra = ['--spool', join(folder, 'spool'), '--dead-letter', join(folder, 'dead.ndjson')];
    const relay = startTail(url, [...to, ...extra, ...LISTEN], { command: 'relay' });
    const endpoint = await findEndpoint(relay.child);
    const isDone = (page: { body: string }): boolean =>
      [...parseMetrics(page.body)].filter(([name, value]) => /pending_messages/.test(name) && value === 0)
        .length === 2 && /atlantis_sink_events_refused_total\S* 1/.test(page.body);
    const page = await until(() => readPage(`${endpoint}/metrics`), isDone);
    const metrics = parseMetrics(page.body);
    const names = [...page.body.matchAll(/^atlantis_sink_events_refused_total\{sink="(.*)"\}/gm)].map(
      ([, name = '']) => name,
    );
    const [refusing = '', taking = ''] = names;
    const read = (name: string, sink: string, label = ''): number | undefined =>
      metrics.get(`atlantis_sink_${name}{sink="${sink}"${label}}`);
    expect([
      read('events_acknowledged_total', refusing),
      read('events_acknowledged_total', taking),
      read('events_refused_total', refusing),
      read('dead_letters_total', refusing),
      read('events_refused_total', taking),
      read('batch_latency_seconds_count', taking),
      read('batch_latency_seconds_bucket', taking, ',le="+Inf"'),
      read('state', taking, ',state="delivering"'),
      read('state', taking, ',state="stopped"'),
      read('circuit', taking, ',circuit="closed"'),
      read('pending_bytes', taking),
      read('oldest_pending_seconds', taking),
    ]).toEqual([3, 4, 1, 1, 0, 4, 4, 1, 0, 1, 0, 0]);
    expect(read('spool_bytes', taking)).toBeGreaterThan(0);
    expect(read('spool_room_bytes', taking)).toBeGreaterThan(1e8);
    const ago = Date.now() / 1_000 - (read('last_acknowledgement_time_seconds', taking) ?? 0);
    expect(ago).toBeLessThan(60);
    expect(page.body).not.toContain('s3cr3t');
    relay.child.kill('SIGTERM');
    await relay.finish();
  });

  test('row 160 (B10, M4): the circuit of an endpoint opens, half-opens by itself and closes', async () => {
    const endpoint = await startHttpEndpoint((_request, _index, response) => response.writeHead(503).end());
    const { url } = await startStream([1, 2, 3, 4].map(makeEvent));
    const args = ['--to', endpoint.url, '--batch', '2', '--window', '2', ...EAGER, ...LISTEN];
    const relay = startTail(url, args, { command: 'relay' });
    const pages = await findEndpoint(relay.child);
    const untilCircuit = (state: string): Promise<unknown> =>
      until(
        async () =>
          [...(await readMetrics(pages))].flatMap(([name, value]) =>
            name.startsWith('atlantis_sink_circuit{') && value === 1
              ? (/circuit="([^"]+)"/.exec(name)?.[1] ?? '')
              : [],
          ),
        (states) => states.join() === state,
      );
    await untilCircuit('open');
    expect(endpoint.requests.length).toBeGreaterThanOrEqual(5);
    const tries: ServerResponse[] = [];
    endpoint.setAnswer((_request, _index, response) => {
      tries.push(response);
    });
    await until(
      () => tries.length,
      (count) => count > 0,
    );
    await untilCircuit('half-open');
    endpoint.setAnswer(takeAll);
    expect(tries).toHaveLength(1);
    tries[0]?.writeHead(204).end();
    await untilCircuit('closed');
    const [tried, ...others] = await until(
      () => endpoint.accepted.map(({ lines }) => lines),
      (batches) => batches.flat().length === 4,
    );
    // The same batch is sent until it is accepted.
    expect(new Set(endpoint.requests.slice(0, -others.length).map(({ lines }) => lines.join())).size).toBe(1);
    expect([...(tried ?? []), ...others.flat()]).toEqual([1, 2, 3, 4].map(makeEvent));
    relay.child.kill('SIGTERM');
    await relay.finish();
  });

  test('M5: while the stream is lost, /readyz is 503 with the reason, and /healthz stays 200', async () => {
    const { url, peers } = await startStream();
    const tail = startTail(url, [...LISTEN, '--retry-min', '1s', '--retry-max', '1s']);
    const endpoint = await findEndpoint(tail.child);
    expect((await untilStatus(`${endpoint}/readyz`, 200)).body).toBe('{"status":"ready"}\n');
    peers[0]?.reset();
    const page = await untilStatus(`${endpoint}/readyz`, 503);
    expect(JSON.parse(page.body)).toEqual({
      status: 'not ready',
      problems: [expect.stringContaining('stream')],
    });
    expect(page.headers['content-type']).toBe('application/json');
    expect((await readPage(`${endpoint}/healthz`)).body).toBe('{"status":"ok"}\n');
    expect((await readMetrics(endpoint)).get('atlantis_ready')).toBe(0);
    await untilStatus(`${endpoint}/readyz`, 200);
    tail.child.kill();
    await tail.finish();
  });

  test('row 163 (M5, M7): when a sink stops, /healthz and /readyz are 503, and the ready file is removed', async () => {
    const ready = join(makeTempFolder(), 'ready.json');
    const refusing = await startHttpEndpoint((_request, _index, response) => {
      response.writeHead(422).end();
    });
    const taking = await startHttpEndpoint();
    const { url, peers } = await startStream();
    const args = ['--to', refusing.url, '--to', taking.url, '--ready-file', ready, ...LISTEN];
    const relay = startTail(url, args, { command: 'relay' });
    const endpoint = await findEndpoint(relay.child);
    await until(() => existsSync(ready), Boolean);
    await untilStatus(`${endpoint}/healthz`, 200);
    await peers[0]?.sendText(makeEvent(1));
    const page = await untilStatus(`${endpoint}/healthz`, 503);
    expect(JSON.parse(page.body)).toEqual({
      status: 'failed',
      problems: [expect.stringMatching(/^127\.0\.0\.1:\d+\S* has stopped$/)],
    });
    expect((await readPage(`${endpoint}/readyz`)).status).toBe(503);
    await until(
      () => existsSync(ready),
      (is) => !is,
    );
    relay.child.kill();
    await relay.finish();
  });

  test('M4: serves OpenMetrics 1.0, the older format if only that is accepted, and HEAD; refuses other requests', async () => {
    const { url } = await startStream();
    const tail = startTail(url, LISTEN);
    const endpoint = await findEndpoint(tail.child);
    await untilStatus(`${endpoint}/readyz`, 200);
    const page = await readPage(`${endpoint}/metrics`);
    expect(page.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(page.body).toMatch(/# EOF\n$/);
    const old = await readPage(`${endpoint}/metrics`, { headers: { accept: 'text/plain' } });
    expect(old.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect([...parseMetrics(old.body).keys()]).toEqual([...parseMetrics(page.body).keys()]);
    const head = await readPage(`${endpoint}/healthz`, { method: 'HEAD' });
    expect([head.status, head.body, head.headers['content-length']]).toEqual([200, '', '16']);
    const post = await readPage(`${endpoint}/metrics`, { method: 'POST' });
    expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD']);
    expect((await readPage(`${endpoint}/__proto__`)).status).toBe(404);
    tail.child.kill();
    await tail.finish();
  });

  const python = findPython('prometheus_client.openmetrics.parser');
  (python === undefined ? test.skip : test)(
    'M4: the strict parser of Prometheus for Python reads the page (SKIPPED without python3-prometheus-client)',
    async () => {
      const sink = await startHttpEndpoint();
      const { url } = await startStream([makeEvent(1)]);
      const relay = startTail(url, ['--to', sink.url, ...LISTEN], { command: 'relay' });
      const endpoint = await findEndpoint(relay.child);
      await sink.waitForRequests(1);
      await untilStatus(`${endpoint}/readyz`, 200);
      const { body } = await readPage(`${endpoint}/metrics`);
      const script = `import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
print(len(list(parse(sys.stdin.read()))))`;
      const { status, stdout, stderr } = spawnSync(python ?? '', ['-c', script], {
        input: body,
        encoding: 'utf8',
      });
      expect([status, stderr]).toEqual([0, '']);
      expect(Number(stdout)).toBeGreaterThan(20);
      relay.child.kill();
      await relay.finish();
    },
  );

  test('row 166: pages for a foreign Host header contain no key, and no request changes anything', async () => {
    const { url } = await startStream();
    const tail = startTail(url, LISTEN);
    const endpoint = await findEndpoint(tail.child);
    await untilStatus(`${endpoint}/readyz`, 200);
    for (const path of ['/metrics', '/healthz', '/readyz', '/']) {
      const page = await readPage(endpoint + path, { headers: { host: 'attacker.example' } });
      expect(findKeyIn(JSON.stringify(page))).toEqual([]);
      expect(page.headers['access-control-allow-origin']).toBeUndefined();
      expect(page.headers['x-content-type-options']).toBe('nosniff');
    }
    expect((await readPage(`${endpoint}/metrics`, { method: 'DELETE' })).status).toBe(405);
    tail.child.kill();
    await tail.finish();
  });

  test('row 161: 500 connections, incomplete requests and large headers disturb neither the stream nor the pages', async () => {
    const { url, peers } = await startStream();
    const tail = startTail(url, LISTEN);
    const endpoint = await findEndpoint(tail.child);
    await untilStatus(`${endpoint}/readyz`, 200);
    const port = Number(new URL(endpoint).port);
    /** How long each connection was open, in ms. */
    const ended: number[] = [];
    const sockets = Array.from({ length: 500 }, (_unused, n): Socket => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.on('connect', () => socket.write(n % 2 === 0 ? 'GET /metr' : ''));
      let sinceMs = performance.now();
      socket.on('connect', () => {
        sinceMs = performance.now();
      });
      return socket.resume().on('close', () => void ended.push(performance.now() - sinceMs));
    });
    registerCleanup(() => {
      for (const socket of sockets) socket.destroy();
    });
    // Connections beyond the limit are closed at once, the others within seconds.
    await until(
      () => ended.length,
      (count) => count >= 450,
    );
    // The timeout for request headers would have closed them only after 5 s.
    expect(ended.filter((ms) => ms < 4_000).length).toBeGreaterThanOrEqual(450);
    await peers[0]?.sendText('{"while":"busy"}');
    await tail.child.waitForStdout('busy');
    await until(
      () => ended.length,
      (count) => count === 500,
    );
    expect((await readPage(`${endpoint}/readyz`)).status).toBe(200);
    const large = await readPage(`${endpoint}/readyz`, { headers: { 'X-Large': 'x'.repeat(16_000) } });
    expect(large.status).toBe(431);
    tail.child.kill();
    await tail.finish();
  }, 60_000);

  test.each([
    ['127.0.0.1:0', /^http:\/\/127\.0\.0\.1:\d+$/],
    [':0', /^http:\/\/127\.0\.0\.1:\d+$/],
    ['localhost:0', /^http:\/\/localhost:\d+$/],
    ['[::1]:0', /^http:\/\/\[::1\]:\d+$/],
    ['0.0.0.0:0', /^http:\/\/0\.0\.0\.0:\d+$/],
  ])('M4: --metrics-listen %s serves, and reports its URL', async (address, expected) => {
    const { url } = await startStream();
    const tail = startTail(url, ['--metrics-listen', address]);
    const endpoint = await findEndpoint(tail.child);
    expect(endpoint).toMatch(expected);
    expect(tail.child.stderrText.includes('other machines')).toBe(address.startsWith('0'));
    await untilStatus(`${endpoint}/readyz`, 200);
    tail.child.kill();
    await tail.finish();
  });

  test.each(['9464', '1.2.3:80', '::1:80', 'example.com:80', '127.0.0.1:65536', '[::1%lo]:80', ''])(
    'M4: --metrics-listen %j is exit 2',
    async (address) => {
      const { code, stderr } = await runTail('', ['--simulate', '--metrics-listen', address]);
      expect([code, stderr]).toEqual([2, expect.stringContaining('127.0.0.1:9464')]);
    },
  );

  test.each(['tail', 'relay'])(
    'row 162: %s: a port in use is exit 2 before any connection is opened',
    async (command) => {
      const server = createServer();
      registerCleanup(() => void server.close());
      const port = await new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
      });
      const stream = await startStream();
      const sink = await startHttpEndpoint();
      const to = command === 'relay' ? ['--to', sink.url] : [];
      const args = [...to, '--metrics-listen', `127.0.0.1:${port}`];
      const { code, stderr } = await runTail(stream.url, args, { command });
      expect([code, stream.server.attempts.length, sink.requests.length]).toEqual([2, 0, 0]);
      expect(stderr).toContain(`cannot listen on 127.0.0.1:${port}: the port is in use`);
    },
  );
});

test('M4: --metrics-listen with --redeliver is exit 2', async () => {
  const args = ['--to', 'http://127.0.0.1:1', '--redeliver', 'dead.ndjson', ...LISTEN];
  const { code, stderr } = await runTail('', args, { command: 'relay' });
  expect([code, stderr]).toEqual([2, expect.stringContaining('cannot be combined')]);
});

describe('--ready-file', () => {
  test('M7: exists only while the stream is live, also after a reconnect', async () => {
    const { url, peers } = await startStream([makeEvent(1)]);
    const ready = join(makeTempFolder(), 'ready.json');
    const tail = startTail(url, ['--ready-file', ready, '--retry-min', '1s', '--retry-max', '1s']);
    await tail.child.waitForStdout('evt_1');
    await until(() => existsSync(ready), Boolean);
    const first = JSON.parse(readFileSync(ready, 'utf8'));
    peers[0]?.reset();
    await until(
      () => existsSync(ready),
      (is) => !is,
    );
    await until(() => existsSync(ready), Boolean);
    const second = JSON.parse(readFileSync(ready, 'utf8'));
    expect(second).toMatchObject({ host: first.host, key_prefix: first.key_prefix });
    expect(Date.parse(second.connected_at)).toBeGreaterThan(Date.parse(first.connected_at));
    tail.child.kill();
    await tail.finish();
    expect(existsSync(ready)).toBe(false);
  });

  test('M7: is removed when the only sink is full, and created again when it accepts events', async () => {
    const sink = await startHttpEndpoint((_request, _index, response) => {
      response.writeHead(503).end();
    });
    const { url, peers } = await startStream();
    const ready = join(makeTempFolder(), 'ready.json');
    const relay = startTail(url, ['--to', sink.url, '--ready-file', ready, ...EAGER], { command: 'relay' });
    await until(() => existsSync(ready), Boolean);
    await peers[0]?.sendText(makeEvent(1));
    await until(
      () => existsSync(ready),
      (is) => !is,
    );
    sink.setAnswer(answerInTurn());
    await until(() => existsSync(ready), Boolean);
    relay.child.kill();
    await relay.finish();
    expect(existsSync(ready)).toBe(false);
  });
});

describe('relay --health', () => {
  const ask = (address: string, ...more: string[]) =>
    runCli(['stream', 'relay', '--health', address, ...more]);

  test('M6: exit 0 while the run is ready, exit 7 with the reason while it is not, exit 7 after its end', async () => {
    const { url, peers } = await startStream();
    const tail = startTail(url, [...LISTEN, '--retry-min', '5s', '--retry-max', '5s']);
    const address = (await findEndpoint(tail.child)).replace('http://', '');
    await until(
      () => ask(`${address}/readyz`),
      ({ code }) => code === 0,
    );
    peers[0]?.reset();
    const { stderr } = await until(
      () => ask(`${address}/readyz`),
      ({ code }) => code === 7,
    );
    expect(stderr).toContain('answered 503: {"status":"not ready"');
    expect(await ask(address)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    tail.child.kill();
    await tail.finish();
    expect(await ask(address)).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('cannot be reached'),
    });
  });

  test('M6: a server that accepts a connection and sends nothing is exit 7 after 5 s; other flags are exit 2', async () => {
    const server = createServer((socket) => void socket.resume());
    registerCleanup(() => void server.close());
    const port = await new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const { code, stderr } = await ask(`:${port}`);
    expect([code, stderr]).toEqual([7, expect.stringContaining('did not answer within 5 s')]);
    expect((await ask(':9464', '--to', 'http://127.0.0.1:1')).code).toBe(2);
  });
});
