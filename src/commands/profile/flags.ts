// The flags of `profile`.
import { type Flags, pick, text, toggle, words } from '../../flags/definition.ts';
import { type GlobalFlags, SOURCE_FLAGS } from '../../flags/shared-flags.ts';

export const PRINT_FLAGS = { isJson: toggle('--json', 'print one JSON object') };

export const LIST_PROFILES_FLAGS = { isJson: toggle('--json', 'print one JSON array') };

export const ADD_FLAGS = {
  url: text('--url <url>', 'base or stream URL of the service'),
  ...pick(SOURCE_FLAGS, 'isKeyStdin'),
  keyCommand: words(
    '--key-command <argv...>',
    'store a command that prints the key, as separate arguments or as a JSON array',
  ),
  inKeychain: toggle('--keychain', 'store the key in the system keychain instead of the profile file'),
  isForced: toggle('--force', 'replace an existing profile'),
  isJson: toggle('--json', 'print the stored profile as one JSON object'),
  mustCheck: toggle('--check', 'test the key on the stream before storing it'),
};

export const SHOW_FLAGS = { ...pick(SOURCE_FLAGS, 'profile', 'url'), ...PRINT_FLAGS };

export const REMOVE_FLAGS = { isSure: toggle('-y, --yes', 'remove without asking') };

export type AddFlags = GlobalFlags & Flags<typeof ADD_FLAGS>;
export type PrintFlags = GlobalFlags & Flags<typeof PRINT_FLAGS>;
export type ShowFlags = GlobalFlags & Flags<typeof SHOW_FLAGS>;
export type RemoveFlags = GlobalFlags & Flags<typeof REMOVE_FLAGS>;
