// The flags of `config`.
import { type Flags, toggle } from '../../flags/definition.ts';
import type { GlobalFlags } from '../../flags/shared-flags.ts';

export const LIST_SETTINGS_FLAGS = { isJson: toggle('--json', 'print one JSON object') };

export type ListFlags = GlobalFlags & Flags<typeof LIST_SETTINGS_FLAGS>;
