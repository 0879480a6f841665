// The flags of `stream replay`, as they are defined, and what the command line gives for them.
import { type Flags, toggle, withDefault } from '../../flags/definition.ts';
import { parseSpeed } from '../../flags/values.ts';
import type { StreamFlags } from '../../settings/stream-config.ts';

export const REPLAY_FLAGS = {
  speed: withDefault('--speed <speed>', '1x, 10x or any such factor, or max', parseSpeed, '1x'),
  isStrict: toggle('--strict', 'end with 8 at the first damaged line'),
};

/** As the command line gives them. */
export type ReplayFlags = StreamFlags & Flags<typeof REPLAY_FLAGS>;
