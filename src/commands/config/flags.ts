// The flags of `config`, and the type of the parsed command line.
import { type Flags, toggle } from '../../flags/definition.ts';
import type { GlobalFlags } from '../../flags/shared-flags.ts';

export const LIST_SETTINGS_FLAGS = { isJson: toggle('--json', 'print one JSON object') };

/** As commander parses them: text, not yet checked. */
export type ListFlags = GlobalFlags & Flags<typeof LIST_SETTINGS_FLAGS>;
