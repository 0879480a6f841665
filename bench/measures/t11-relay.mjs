// T11: acknowledged events per second, into JetStream and in batches to an HTTP endpoint, with several window sizes,
// compared with a loop of publish calls of the NATS client library and a node:http loop.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atlantis } from '../lib/clients.mjs';
import { SIZES } from '../lib/events.mjs';
import { spread, times, whole } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { runOrThrow, timedEnv } from '../lib/pipeline.mjs';
import { compareRuns, summarize } from '../lib/stats.mjs';

const GOAL_WINDOW = 256;
const CLIENTS = fileURLToPath(new URL('../clients/', import.meta.url));

/** A port that is free at this moment. */
async function findPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function startNats(directory) {
  const port = await findPort();
  const config = join(directory, 'nats.conf');
  writeFileSync(
    config,
    `host: 127.0.0.1\nport: ${port}\njetstream { store_dir: "${join(directory, 'store')}" }\n`,
  );
  const child = spawn('nats-server', ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  for await (const part of child.stderr) {
    log += part;
    if (log.includes('Server is ready')) break;
  }
  return { port, child };
}

async function startEndpoint() {
  const child = spawn(process.execPath, [join(CLIENTS, 'http-endpoint.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(child.stdout, 'data');
  return { port: Number(port), child };
}

export async function measureRelay({ server, plan, note }) {
  const count = plan.relayEvents;
  const result = {
    id: 'T11',
    title: `\`stream relay\`: ${whole(count)} acknowledged events of ${SIZES.small + 20} bytes`,
    head: ['what', 'window', 'events per second', 'relative to the ceiling', 'events per CPU second'],
    rows: [],
    checks: [],
    skipped: [],
    notes: [
      'The ceilings have their events, batches and ids in memory; the relay has to receive and check events and compute ids.',
    ],
  };
  const hasNats = spawnSync('nats-server', ['--version']).status === 0;
  if (!hasNats) result.skipped.push('JetStream: nats-server is not installed');
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  const started = [];
  let streams = 0;
  const flow = server.base({ count, size: SIZES.small, distinct: 1, end: 'open' });

  /** Measured from the first event to the end of the process, when everything is acknowledged. */
  const relay = async (...words) => {
    const begun = server.nextBegin();
    const run = await runOrThrow(
      atlantis('stream', 'relay', '--url', flow, '--limit', String(count), ...words),
    );
    const seconds = Number(run.endNs - (await begun)) / 1e9;
    return {
      perSecond: count / seconds,
      perCpuSecond: run.cpuMs === undefined ? undefined : count / (run.cpuMs / 1_000),
    };
  };
  const ceiling = (script, ...words) => {
    const args = [join(CLIENTS, script), ...words.map(String)];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      env: timedEnv(),
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${script}: ${stderr.slice(-500)}`);
    return { perSecond: count / Number(stdout) };
  };
  const contenders = [];
  try {
    if (hasNats) {
      const { port, child } = await startNats(directory);
      started.push(child);
      const { jetstreamManager } = await import('@nats-io/jetstream');
      const { connect } = await import('@nats-io/transport-node');
      const admin = await connect({ servers: `127.0.0.1:${port}` });
      started.push({ kill: () => admin.close() });
      const manager = await jetstreamManager(admin);
      /** A new stream for each run, so that no event is a duplicate. */
      const withStream = async (act) => {
        streams += 1;
        const name = `S${streams}`;
        await manager.streams.add({ name, subjects: [`${name}.*`] });
        try {
          return await act(name);
        } finally {
          await manager.streams.delete(name);
        }
      };
      const to = (name, window) => [
        ...['--to', `nats://127.0.0.1:${port}/${name}`, '--subject', `${name}.{type}`],
        ...['--window', String(window), '--no-lifecycle'],
      ];
      for (const window of plan.relayWindows) {
        contenders.push(
          {
            name: `JetStream ${window}`,
            row: ['JetStream', window],
            against: `ceiling of JetStream ${window}`,
            ...(window === GOAL_WINDOW && { goal: 'T11 window' }),
            run: () => withStream((name) => relay(...to(name, window))),
          },
          {
            name: `ceiling of JetStream ${window}`,
            row: ['js.publish in a loop', window],
            run: () =>
              withStream((name) => ceiling('nats-publish.mjs', port, name, window, count, SIZES.small)),
          },
        );
      }
      contenders.push({
        name: 'JetStream with a spool',
        row: ['JetStream, with a spool', GOAL_WINDOW],
        goal: 'T11 spool',
        against: `ceiling of JetStream ${GOAL_WINDOW}`,
        run: () =>
          withStream((name) => relay(...to(name, GOAL_WINDOW), '--spool', join(directory, `spool-${name}`))),
      });
    }
    const { port, child } = await startEndpoint();
    started.push(child);
    const url = `http://127.0.0.1:${port}/`;
    for (const window of plan.relayWindows) {
      contenders.push(
        {
          name: `HTTP ${window}`,
          row: ['HTTP, batches', window],
          against: `ceiling of HTTP ${window}`,
          run: () => relay('--to', url, '--batch', String(window), '--window', String(window)),
        },
        {
          name: `ceiling of HTTP ${window}`,
          row: ['node:http in a loop', window],
          run: () => ceiling('http-post.mjs', port, window, count, SIZES.small),
        },
      );
    }
    contenders.push({
      name: 'HTTP one by one',
      row: ['HTTP, one event per request', 1],
      rounds: 1,
      run: () => relay('--to', url),
    });
    const runs = await interleave(contenders, plan.relayRounds, (what) => note(`T11 ${what}`));
    const rates = (name) => runs.get(name).map(({ perSecond }) => perSecond);
    for (const { name, row, goal, against } of contenders) {
      const compared = against && compareRuns(rates(name), rates(against));
      if (goal) result.checks.push({ goal, ...compared });
      const cpu = runs.get(name).flatMap(({ perCpuSecond }) => perCpuSecond ?? []);
      result.rows.push([
        row[0],
        whole(row[1]),
        spread(summarize(rates(name)), whole),
        compared ? times(compared) : '',
        cpu.length === 0 ? '' : whole(summarize(cpu).median),
      ]);
    }
    return result;
  } finally {
    for (const one of started.reverse()) one.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}
