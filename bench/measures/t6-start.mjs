// T6: startup time, compared with the minimum for Node, `node -e 0`.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as clients from '../lib/clients.mjs';
import { spread } from '../lib/format.mjs';
import { interleave } from '../lib/interleave.mjs';
import { KEY, timedEnv } from '../lib/pipeline.mjs';
import { compareRuns, summarize } from '../lib/stats.mjs';

const BASELINE = 'node -e 0';

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

/** Stores the key in a profile, as a user would. */
function addProfile(url, env) {
  const [program, ...args] = clients.atlantis('profile', 'add', 'bench', '--url', url, '--key-stdin');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(stderr.trim()))));
    child.stdin.on('error', () => {});
    child.stdin.end(`${KEY}\n`);
  });
}

export async function measureStart({ server, plan, note }) {
  const folder = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  const env = timedEnv({ ATLANTIS_CONFIG_DIR: join(folder, 'config') });
  mkdirSync(env.ATLANTIS_CONFIG_DIR, { mode: 0o700 });
  const { ATLANTIS_API_KEY: _none, ...keyless } = env;
  const base = server.base({ count: 1, end: 'open' });
  const tail = ['stream', 'tail', '--json', '--limit', '1'];
  const skipped = [];
  const contenders = [
    { name: BASELINE, argv: [process.execPath, '-e', '0'], until: 'end', env },
    { name: '--version', goal: 'T6 version', argv: clients.atlantis('--version'), until: 'end', env },
    {
      name: 'tail, key from the environment',
      goal: 'T6 environment',
      argv: clients.atlantis(...tail, '--url', base),
      until: 'first byte',
      env,
    },
  ];
  try {
    try {
      await addProfile(base, keyless);
      contenders.push({
        name: 'tail, key from a profile',
        goal: 'T6 profile',
        argv: clients.atlantis(...tail, '--profile', 'bench'),
        until: 'first byte',
        env: keyless,
      });
    } catch (error) {
      skipped.push(`tail, key from a profile: profile add failed: ${error.message}`);
    }
    note('T6 starts');
    const runs = await interleave(
      contenders.map((one) => ({ name: one.name, run: () => timeStart(one.argv, one.until, one.env) })),
      plan.startRuns,
    );
    const checks = [];
    const rows = contenders.map(({ name, goal, until }) => {
      const compared = compareRuns(runs.get(name), runs.get(BASELINE));
      if (goal !== undefined) checks.push({ goal, ...compared });
      const times = spread(summarize(runs.get(name)), (ms) => ms.toFixed(0));
      return [name, until, times, goal === undefined ? '' : `${compared.median.toFixed(2)} ×`];
    });
    return {
      id: 'T6',
      title: `Startup, ${plan.startRuns} interleaved runs of each`,
      head: ['what', 'until', 'ms', 'ratio'],
      rows,
      checks,
      skipped,
      notes: [],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
