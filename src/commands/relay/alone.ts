// `--health` and `--inspect` run no relay, so flags of a run have no effect on them.
import { UsageError } from '../../errors.ts';
import { type FlagTable, listGiven } from '../../flags/definition.ts';
import { sayNotCombinable } from '../../flags/messages.ts';
import { GLOBAL_FLAGS } from '../../flags/shared-flags.ts';
import { STREAM_FLAGS, type StreamFlags } from '../../settings/stream-config.ts';
import { CONFIG_FLAGS, HEALTH_FLAGS, INSPECT_FLAGS, RELAY_FLAGS, type RelayFlags } from './flags.ts';

const ALL = { ...CONFIG_FLAGS, ...RELAY_FLAGS, ...HEALTH_FLAGS, ...INSPECT_FLAGS, ...STREAM_FLAGS };

/** @throws UsageError if a flag is given that is neither global nor in `own`, the table of `flag` */
export function assertAlone(
  flag: string,
  own: FlagTable,
  hint: string,
  flags: RelayFlags & StreamFlags,
): void {
  const allowed = listGiven({ ...GLOBAL_FLAGS, ...own }, flags);
  const other = listGiven(ALL, flags).find((name) => !allowed.includes(name));
  if (other !== undefined) throw new UsageError(...sayNotCombinable(flag, other, hint));
}
