// The flags of every command.
import { COLOR_MODES, LOG_FORMATS } from './choices.ts';
import { choice, type Flags, toggle } from './definition.ts';

export const GLOBAL_FLAGS = {
  color: choice('--color <when>', 'colour', COLOR_MODES, 'auto'),
  isQuiet: toggle('-q, --quiet', 'nothing on stderr but errors'),
  isVerbose: toggle('-v, --verbose', 'say more on stderr, and show the stack of a fault'),
  logFormat: choice('--log-format <format>', 'form of stderr', LOG_FORMATS, 'text'),
};

/** As the command line gives them. */
export type GlobalFlags = Flags<typeof GLOBAL_FLAGS>;
