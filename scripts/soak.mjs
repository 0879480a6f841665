// Command line of the soak test, test/soak/soak.ts:
//
//   npm run soak                        one hour
//   npm run soak -- --duration 60s --seed 7
//
// Exit 0 if all guarantees held, 1 if one was violated, 2 for bad flags.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: { duration: { type: 'string', default: '60m' }, seed: { type: 'string', default: '1' } },
});
const [, figure, unit] = /^(\d+)(s|m|h)$/.exec(values.duration) ?? [];
const durationMs = Number(figure) * { s: 1_000, m: 60_000, h: 3_600_000 }[unit];
if (!(durationMs >= 10_000)) {
  console.error('--duration: expected at least 10s, such as 60s, 10m, 1h');
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'atlantis-soak-'));
try {
  const outfile = join(directory, 'soak.mjs');
  const entry = join(root, 'test/soak/soak.ts');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  const { soak } = await import(pathToFileURL(outfile).href);
  const { errors, summary } = await soak({ root, durationMs, seed: values.seed });
  for (const error of errors) console.error(`FAILED: ${error}`);
  console.log(summary);
  process.exitCode = errors.length === 0 ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
