// Events per second of one client, measured from the server's first event to the end of the whole pipeline.
// This includes writing the last line, but not the startup of the client (T6 measures that).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOrThrow, runPipeline } from './pipeline.mjs';

/**
 * @param {string} reader shell text between the client and the end of the pipeline
 * @param {boolean} mayFail true if the reader ends the client; the client's exit code is then ignored
 * @returns {Promise<{perSecond: number, peakKiB: number | undefined, cpuMs: number | undefined, cpuUs: number | undefined}>}
 *   cpuUs is the CPU time per event
 */
export async function timeClient(server, argv, count, { reader = '', mayFail = false } = {}) {
  const begun = server.nextBegin();
  const run = await (mayFail ? runPipeline : runOrThrow)(argv, { sink: `${reader} | cat >/dev/null` });
  const seconds = Number(run.endNs - (await begun)) / 1e9;
  const { peakKiB, cpuMs } = run;
  const cpuUs = cpuMs === undefined ? undefined : (cpuMs * 1_000) / count;
  return { perSecond: count / seconds, peakKiB, cpuMs, cpuUs };
}

/** The number of lines that a client prints, to find clients that lose events. */
export async function countLines(argv, { reader = '' } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  try {
    const sink = `${reader} | wc -l >'${join(directory, 'lines')}'`;
    await runPipeline(argv, { sink, timeoutMs: 60_000 });
    return Number(readFileSync(join(directory, 'lines'), 'utf8'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
