// Events per second of one client: from the first event handed to the socket until the whole pipeline has
// ended. Starting the client is not in it (T6 measures that); getting the last line out is.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOrThrow, runPipeline } from './pipeline.mjs';

/** @returns {Promise<{perSecond: number, seconds: number, peakKiB: number | undefined, cpuMs: number}>} */
export async function timeClient(server, argv, count, options) {
  const begun = server.nextBegin();
  const run = await runOrThrow(argv, options);
  const seconds = Number(run.endNs - (await begun)) / 1e9;
  return { perSecond: count / seconds, seconds, peakKiB: run.peakKiB, cpuMs: run.cpuMs };
}

/** Lines that a client prints: a fast one that loses events is no peer. */
export async function countLines(argv) {
  const folder = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  try {
    await runPipeline(argv, { sink: `| wc -l >'${join(folder, 'lines')}'`, timeoutMs: 60_000 });
    return Number(readFileSync(join(folder, 'lines'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
