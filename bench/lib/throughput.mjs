// Events per second of one client: from the first event handed to the socket until the whole pipeline has
// ended. Starting the client is not in it (T6 measures that); getting the last line out is.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOrThrow, runPipeline } from './pipeline.mjs';

/**
 * @param {string} reader what stands between the client and the end of the pipeline
 * @param {boolean} mayFail the reader ends the client, whose exit code then says nothing
 * @returns {Promise<{perSecond: number, seconds: number, peakKiB: number | undefined, cpuMs: number | undefined}>}
 */
export async function timeClient(server, argv, count, { reader = '', mayFail = false } = {}) {
  const begun = server.nextBegin();
  const run = await (mayFail ? runPipeline : runOrThrow)(argv, { sink: `${reader} | cat >/dev/null` });
  const seconds = Number(run.endNs - (await begun)) / 1e9;
  return { perSecond: count / seconds, seconds, peakKiB: run.peakKiB, cpuMs: run.cpuMs };
}

/** Lines that a client prints: a fast one that loses events is no peer. */
export async function countLines(argv, { reader = '' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  try {
    const sink = `${reader} | wc -l >'${join(folder, 'lines')}'`;
    await runPipeline(argv, { sink, timeoutMs: 60_000 });
    return Number(readFileSync(join(folder, 'lines'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
