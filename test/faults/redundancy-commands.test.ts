// Several connections of `stream relay` and `stream top`, in the configuration file of the relay and in the metrics.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startEventHub } from '../helpers/event-hub.ts';
import { startHttpEndpoint, takeAll } from '../helpers/http-endpoint.ts';
import { findEndpoint, readMetrics, readPage, until } from '../helpers/monitoring.ts';
import { pickRecords, startTail } from '../helpers/tail.ts';
import { range, sendNumbered, startRelay } from './relay-events.ts';

const TWO = ['--connections', '2'];
const LISTEN = ['--metrics-listen', '127.0.0.1:0'];

/** Writes a configuration file of a relay with one HTTP sink. */
function writeConfig(source: string, sink: string): string {
  const path = join(makeTempFolder(), 'relay.yaml');
  writeFileSync(path, `source:\n${source}sinks:\n  - name: hook\n    to: ${sink}\n`, { mode: 0o600 });
  return path;
}

test.each(['flags', 'file'])(
  'row 182: C10, B13, M4: a relay (%s) delivers each event once while one of two connections is lost, as the metrics show',
  async (how) => {
    const hub = await startEventHub();
    const sink = await startHttpEndpoint(takeAll);
    const config = writeConfig('  connections: 2\n  dedupe-window: 30s\n', sink.url);
    const relay =
      how === 'flags'
        ? startRelay(hub, ['--to', sink.url, ...TWO, ...LISTEN, '--limit', '30'])
        : startTail(
            hub.url,
            ['--config', config, '--retry-min', '250ms', '--retry-max', '250ms', ...LISTEN, '--limit', '30'],
            { command: 'relay', log: 'json' },
          );
    const endpoint = await findEndpoint(relay.child);
    await hub.waitForLive(2);
    await sendNumbered(hub, 0, 10);
    await until(
      () => readMetrics(endpoint),
      (metrics) => metrics.get('atlantis_events_duplicate_total') === 10,
    );
    expect(Object.fromEntries(await readMetrics(endpoint))).toMatchObject({
      atlantis_stream_live_connections: 2,
      atlantis_stream_connections_total: 2,
      atlantis_stream_reconnects_total: 0,
      atlantis_events_received_total: 10,
      atlantis_events_missed_total: 0,
      atlantis_events_forgotten_total: 0,
    });
    hub.peers[0]?.reset();
    await until(
      () => readMetrics(endpoint),
      (metrics) => metrics.get('atlantis_stream_live_connections') === 1,
    );
    expect((await readPage(`${endpoint}/readyz`)).status).toBe(200);
    await sendNumbered(hub, 10, 20);
    const again = await until(
      () => readMetrics(endpoint),
      (metrics) => metrics.get('atlantis_stream_live_connections') === 2,
    );
    expect(again.get('atlantis_stream_connected')).toBe(1);
    expect(again.get('atlantis_stream_reconnects_total')).toBe(1);
    expect(again.get('atlantis_stream_gaps_total')).toBe(0);
    await sendNumbered(hub, 20, 30);
    const exit = await relay.finish();
    expect(exit.code).toBe(0);
    expect(sink.accepted.flatMap(({ lines }) => lines.map((line) => JSON.parse(line).n))).toEqual(
      range(0, 30),
    );
    expect(pickRecords(exit, 'gap')).toEqual([]);
    expect(pickRecords(exit, 'summary').at(-1)).toMatchObject({ gaps: 0, missed: 0 });
  },
);

test('row 182: C10, L1: top counts each event once, and counts no gap, while one of two connections is lost', async () => {
  const hub = await startEventHub();
  const args = ['--once', '--json', '--limit', '30', ...TWO, '--retry-min', '250ms', '--retry-max', '250ms'];
  const top = startTail(hub.url, args, { command: 'top' });
  await hub.waitForLive(2);
  await sendNumbered(hub, 0, 10);
  hub.peers[0]?.reset();
  await hub.server.waitUntil(() => (hub.liveCount === 1 ? true : undefined), 'the loss');
  await sendNumbered(hub, 10, 20);
  await hub.waitForLive(2);
  await sendNumbered(hub, 20, 30);
  const { code, stdout } = await top.finish();
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ events: 30, gaps: 0, open_gap: false, connections: 3 });
});

test('B13: `connections` in a configuration file is checked, and --connections overrides it', async () => {
  const sink = await startHttpEndpoint(takeAll);
  const bad = await startTail('', ['--config', writeConfig('  connections: 9\n', sink.url), '--check'], {
    command: 'relay',
  }).finish();
  expect(bad.code).toBe(2);
  expect(bad.stderr).toContain(
    'source.connections: invalid connections "9" (accepted: a whole number from 1 to 4)',
  );

  const hub = await startEventHub();
  const config = writeConfig('  connections: 2\n', sink.url);
  const relay = startTail(hub.url, ['--config', config, '--connections', '1', '--duration', '3s'], {
    command: 'relay',
  });
  await hub.waitForLive(1);
  expect((await relay.finish()).code).toBe(0);
  expect(hub.welcomed).toBe(1);
});
