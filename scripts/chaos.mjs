// Command line of the chaos run of the relay, test/chaos/chaos.ts:
//
//   npm run chaos                       three minutes
//   npm run chaos -- --duration 1h --seed 7
//   npm run chaos -- --kills 20         only count what 20 kills lose in each state (kill-losses.slow.test.ts)
//
// Exit 0 if every event was accounted for, or no kill lost more than docs/relay.md says; 1 if not, 2 for bad flags.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    duration: { type: 'string', default: '3m' },
    seed: { type: 'string', default: '1' },
    kills: { type: 'string' },
  },
});
const [, figure, unit] = /^(\d+)(s|m|h)$/.exec(values.duration) ?? [];
const durationMs = Number(figure) * { s: 1_000, m: 60_000, h: 3_600_000 }[unit];
if (!(durationMs >= 10_000)) {
  console.error('--duration: expected at least 10s, such as 60s, 3m, 1h');
  process.exit(2);
}
if (values.kills !== undefined && !/^[1-9]\d{0,3}$/.test(values.kills)) {
  console.error('--kills: expected a number from 1 to 9999');
  process.exit(2);
}
const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
const [file, name] = values.kills === undefined ? ['chaos', 'row 177'] : ['kill-losses', 'row 187'];
const only = ['--testPathIgnorePatterns=/node_modules/', `--testMatch=**/test/chaos/${file}.slow.test.ts`];
const { status } = spawnSync(process.execPath, [...jest, ...only, '-t', name], {
  stdio: 'inherit',
  env: {
    ...process.env,
    CHAOS_DURATION_MS: String(durationMs),
    CHAOS_SEED: values.seed,
    CHAOS_KILLS: values.kills ?? '1',
    NODE_NO_WARNINGS: '1',
  },
});
process.exitCode = status ?? 1;
