// The flags of `stream replay`, and the type of the parsed command line.
import { type Flags, toggle, withDefault } from '../../flags/definition.ts';
import { parseSpeed } from '../../flags/values.ts';
import type { StreamFlags } from '../../settings/stream-config.ts';

export const REPLAY_FLAGS = {
  speed: withDefault(
    '--speed <speed>',
    'playback speed: 1x, 10x, 0.5x, or max for no waits',
    parseSpeed,
    '1x',
  ),
  isStrict: toggle('--strict', 'exit 8 at the first damaged line'),
};

/** As commander parses them: text, not yet checked. */
export type ReplayFlags = StreamFlags & Flags<typeof REPLAY_FLAGS>;
