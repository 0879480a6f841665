// T6: startup time, compared with the minimum for Node, `node -e 0`, and for a client of the stream.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as clients from '../lib/clients.mjs';
import { SIZES } from '../lib/events.mjs';
import { spread } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { timedEnv } from '../lib/pipeline.mjs';
import { compareRuns, summarize } from '../lib/stats.mjs';

const BASELINE = 'node -e 0';
const MINIMUM = 'bundled minimal `ws` client';

/** ms from spawn to the end of the process or to its first byte on stdout. */
function timeStart([program, ...args], until, env) {
  return new Promise((resolve, reject) => {
    const startNs = process.hrtime.bigint();
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let elapsedMs;
    let stderr = '';
    const stamp = () => {
      elapsedMs ??= Number(process.hrtime.bigint() - startNs) / 1e6;
    };
    if (until === 'first byte') child.stdout.once('data', stamp);
    child.stdout.resume();
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('exit', (code) => {
      if (until === 'end') stamp();
      child.once('close', () =>
        code === 0 && elapsedMs !== undefined
          ? resolve(elapsedMs)
          : reject(new Error(`${args.join(' ')} exited with ${code}: ${stderr.trim()}`)),
      );
    });
  });
}

/** The ceiling as one file, like the command: the least that a client has to load. */
async function bundleCeiling(directory) {
  const { build } = await import('esbuild');
  const outfile = join(directory, 'ceiling.cjs');
  const entry = fileURLToPath(new URL('../clients/ceiling.mjs', import.meta.url));
  const external = ['bufferutil', 'utf-8-validate'];
  await build({ entryPoints: [entry], outfile, bundle: true, minify: true, platform: 'node', external });
  return outfile;
}

export async function measureStart({ server, plan, note }) {
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  // With SSL_CERT_FILE, the command would spend time on reading the certificate.
  const { SSL_CERT_FILE: _file, ...env } = timedEnv({ ATLANTIS_CONFIG_DIR: join(directory, 'config') });
  const flow = { count: 1, size: SIZES.small };
  try {
    const contenders = [
      { name: BASELINE, argv: [process.execPath, '-e', '0'], until: 'end' },
      {
        name: '--version',
        goal: 'T6 version',
        against: BASELINE,
        argv: clients.atlantis('--version'),
        until: 'end',
      },
      {
        name: MINIMUM,
        argv: [process.execPath, await bundleCeiling(directory), server.stream(flow)],
        until: 'first byte',
      },
      {
        name: 'tail',
        goal: 'T6 tail',
        against: MINIMUM,
        argv: clients.tail(server.base({ ...flow, end: 'open' }), 1),
        until: 'first byte',
      },
    ];
    note('T6 starts');
    const runs = await interleave(
      contenders.map(({ name, argv, until }) => ({ name, run: () => timeStart(argv, until, env) })),
      plan.startRuns,
    );
    const checks = [];
    const rows = contenders.map(({ name, goal, against, until }) => {
      const times = spread(summarize(runs.get(name)), (ms) => ms.toFixed(0));
      if (goal === undefined) return [name, until, times, ''];
      const compared = compareRuns(runs.get(name), runs.get(against));
      checks.push({ goal, ...compared });
      return [name, until, times, `${compared.median.toFixed(2)} × ${against}`];
    });
    return {
      id: 'T6',
      title: `Startup, ${plan.startRuns} interleaved runs of each`,
      head: ['what', 'until', 'ms', 'ratio'],
      rows,
      checks,
      skipped: [],
      notes: [],
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
