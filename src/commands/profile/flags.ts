// The flags of `profile`, as they are defined, and what the command line gives for them.
import { type Flags, pick, text, toggle, words } from '../../flags/definition.ts';
import { type GlobalFlags, SOURCE_FLAGS } from '../../flags/shared-flags.ts';

export const PRINT_FLAGS = { isJson: toggle('--json', 'one JSON object') };

export const LIST_FLAGS = { isJson: toggle('--json', 'one JSON array') };

export const ADD_FLAGS = {
  url: text('--url <url>', 'base or stream URL'),
  isKeyStdin: toggle('--key-stdin', 'read the key from the first line of stdin'),
  keyCommand: words(
    '--key-command <argv...>',
    'store a command that prints the key, as words or one JSON array',
  ),
  inKeychain: toggle('--keychain', "store the key in the system's keychain instead of the file"),
  isForced: toggle('--force', 'replace a profile of that name'),
  isJson: toggle('--json', 'print what was stored as one JSON object'),
  mustCheck: toggle('--check', 'try the key on the stream first'),
};

export const SHOW_FLAGS = { ...pick(SOURCE_FLAGS, 'profile', 'url'), ...PRINT_FLAGS };

export const REMOVE_FLAGS = { isSure: toggle('-y, --yes', 'do not ask') };

/** As the command line gives them. */
export type AddFlags = GlobalFlags & Flags<typeof ADD_FLAGS>;
export type PrintFlags = GlobalFlags & Flags<typeof PRINT_FLAGS>;
export type ShowFlags = GlobalFlags & Flags<typeof SHOW_FLAGS>;
export type RemoveFlags = GlobalFlags & Flags<typeof REMOVE_FLAGS>;
