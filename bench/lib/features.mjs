// Which flags the command at hand knows: what it cannot do yet is skipped by name.
import { spawnSync } from 'node:child_process';
import { atlantis } from './clients.mjs';
import { timedEnv } from './pipeline.mjs';

/** Those of `flags` that `stream tail --help` does not list. */
export function missingFlags(...flags) {
  const [program, ...args] = atlantis('stream', 'tail', '--help');
  const { stdout } = spawnSync(program, args, { env: timedEnv(), encoding: 'utf8' });
  return flags.filter((flag) => !stdout.includes(flag));
}
