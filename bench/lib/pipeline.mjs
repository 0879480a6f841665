// Runs a client as a user would, `client | cat >/dev/null`, and measures it from outside: wall time, and CPU
// and peak memory from the operating system (GNU time).
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Obviously not a real key. */
export const KEY = 'ak_live_0123456789abcdef0123456789abcdef';
const GNU_TIME = '/usr/bin/time';
/** Whether peak memory can be measured. */
export const hasGnuTime = existsSync(GNU_TIME);

/** The environment of measured programs. NODE_EXTRA_CA_CERTS would slow down every start of Node. */
export function timedEnv(extra = {}) {
  const { NODE_EXTRA_CA_CERTS: _certs, NODE_OPTIONS: _options, FORCE_COLOR: _color, ...env } = process.env;
  return { ...env, ATLANTIS_API_KEY: KEY, ...extra };
}

function readUsage(file) {
  const [user, system, peak] = readFileSync(file, 'utf8').trim().split(' ').map(Number);
  return [(user + system) * 1_000, peak];
}

/**
 * Runs `argv` to its end, with stdout redirected by `sink` (shell text such as `| cat >/dev/null`).
 *
 * @returns {Promise<{startNs: bigint, endNs: bigint, exitCode: number, cpuMs: number | undefined, peakKiB: number | undefined, stderr: string}>}
 *   CPU and peak are undefined without GNU time
 */
export async function runPipeline(argv, { sink = '| cat >/dev/null', env = {}, timeoutMs = 600_000 } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  const usage = join(directory, 'usage');
  const status = join(directory, 'status');
  const timed = hasGnuTime ? [GNU_TIME, '-q', '-o', usage, '-f', '%U %S %M', ...argv] : argv;
  // stdin stays open, because wscat exits when stdin closes.
  const script = `{ "$@"; echo $? >'${status}'; } ${sink}`;
  const startNs = process.hrtime.bigint();
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...timed], {
    env: timedEnv(env),
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr = (stderr + chunk).slice(-2_000);
  });
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), timeoutMs);
  await new Promise((resolve) => child.once('exit', resolve));
  const endNs = process.hrtime.bigint();
  clearTimeout(timer);
  try {
    const exitCode = existsSync(status) ? Number(readFileSync(status, 'utf8')) : -1;
    const [cpuMs, peakKiB] = hasGnuTime ? readUsage(usage) : [];
    return { startNs, endNs, exitCode, cpuMs, peakKiB, stderr };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Like `runPipeline`, but throws the text of stderr if the client fails. */
export async function runOrThrow(argv, options) {
  const run = await runPipeline(argv, options);
  if (run.exitCode === 0) return run;
  throw new Error(`${argv.slice(0, 4).join(' ')} … exited with ${run.exitCode}: ${run.stderr.trim()}`);
}
