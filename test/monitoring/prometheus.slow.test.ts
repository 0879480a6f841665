// A real Prometheus scrapes a relay, with the configuration and the alert rules of docs/examples/relay.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { answerInTurn, startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { findEndpoint, readPage, until } from '../helpers/monitoring.ts';
import { makeCleanEnvironment, ROOT } from '../helpers/run-cli.ts';
import { type Peer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { startTail } from '../helpers/tail.ts';

const hasPrometheus = spawnSync('prometheus', ['--version']).error === undefined;
const EXAMPLES = join(ROOT, 'docs/examples/relay');
const makeEvent = (n: number): string => `{"id":"evt_${n}","timestamp":"${new Date().toISOString()}"}`;

/** A Prometheus with the configuration of the docs that scrapes this address each second. */
async function startPrometheus(target: string) {
  const folder = makeTempFolder();
  const config = readFileSync(join(EXAMPLES, 'prometheus.yaml'), 'utf8');
  writeFileSync(
    join(folder, 'prometheus.yml'),
    config.replace('127.0.0.1:9464', target).replaceAll('_interval: 15s', '_interval: 1s'),
  );
  copyFileSync(join(EXAMPLES, 'alerts.yaml'), join(folder, 'alerts.yaml'));
  const address = `127.0.0.1:${await findFreePort()}`;
  const child = startChild(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${address}`,
    ],
    { env: makeCleanEnvironment(), limitMs: 120_000 },
  );
  const ask = async (path: string) =>
    JSON.parse((await readPage(`http://${address}/api/v1/${path}`)).body).data;
  await child.waitForStderr('Server is ready to receive web requests');
  return {
    /** The values of a query, by the label `key`. */
    query: async (expression: string, key: string): Promise<Record<string, number>> => {
      const { result } = await ask(`query?query=${encodeURIComponent(expression)}`);
      return Object.fromEntries(
        result.map(({ metric, value }: { metric: Record<string, string>; value: [number, string] }) => [
          metric[key] ?? '',
          Number(value[1]),
        ]),
      );
    },
    readTarget: async () => (await ask('targets')).activeTargets[0],
    stop: async (): Promise<void> => {
      child.kill('SIGTERM');
      await child.exit;
    },
  };
}

(hasPrometheus ? test : test.skip)(
  'M4: a real Prometheus scrapes a relay, and alerts when a sink stops (SKIPPED without prometheus)',
  async () => {
    const peers: Peer[] = [];
    const server = await startScriptedServer(
      streamHandler({
        events: [1, 2, 3].map(makeEvent),
        finish: (peer) => {
          peers.push(peer);
        },
      }),
    );
    const sinks = [await startHttpEndpoint(answerInTurn(204, 204, 204, 422)), await startHttpEndpoint()];
    const args = sinks.flatMap(({ url }) => ['--to', url]);
    const spool = ['--spool', join(makeTempFolder(), 'spool')];
    const relay = startTail(server.url, [...args, ...spool, '--metrics-listen', ':0'], { command: 'relay' });
    const target = new URL(await findEndpoint(relay.child)).host;
    const prometheus = await startPrometheus(target);

    const acknowledged = await until(
      () => prometheus.query('atlantis_sink_events_acknowledged_total', 'sink'),
      (found) => Object.values(found).join() === '3,3',
    );
    expect(Object.keys(acknowledged)).toHaveLength(2);
    expect(await prometheus.readTarget()).toMatchObject({ health: 'up', lastError: '' });
    expect(await prometheus.query('atlantis_events_received_total', 'job')).toEqual({ atlantis: 3 });
    const median = 'histogram_quantile(0.5, sum by (le) (atlantis_sink_batch_latency_seconds_bucket))';
    expect((await prometheus.query(median, 'job'))['']).toBeGreaterThan(0);
    expect(await prometheus.query('ALERTS', 'alertname')).toEqual({});

    await peers[0]?.sendText(makeEvent(4));
    await until(
      () => prometheus.query('ALERTS{alertstate="firing"}', 'alertname'),
      (alerts) => alerts['AtlantisSinkStopped'] === 1,
    );
    relay.child.kill('SIGTERM');
    await relay.finish();
    await until(
      () => prometheus.query('up', 'job'),
      (up) => up['atlantis'] === 0,
    );
    await prometheus.stop();
  },
  120_000,
);
