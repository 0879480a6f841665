// Which flags the measured command has; measures that need a missing flag are skipped and reported.
import { spawnSync } from 'node:child_process';
import { atlantis } from './clients.mjs';
import { timedEnv } from './pipeline.mjs';

/** The flags that `stream tail --help` does not list. */
export function missingFlags(...flags) {
  const [program, ...args] = atlantis('stream', 'tail', '--help');
  const { stdout } = spawnSync(program, args, { env: timedEnv(), encoding: 'utf8' });
  return flags.filter((flag) => !stdout.includes(flag));
}
