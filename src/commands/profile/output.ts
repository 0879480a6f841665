// How the profile commands show a profile: the prefix of a key, and only the program of a key command.
import { keyPrefix } from '../../io/key.ts';
import type { Profile } from '../../profiles/read.ts';
import { findKeychainEntry } from '../../settings/keychain.ts';
import { nameProfile } from '../../settings/messages.ts';
import { parseStreamUrl } from '../../settings/stream-url.ts';
import { CELLS } from './messages.ts';

/** A profile for `--json`; the names are part of the contract. */
interface ProfileRecord {
  readonly name: string;
  readonly current: boolean;
  /** Base URL; null if the stored one is not valid. */
  readonly url: string | null;
  readonly key_source: 'stored' | 'command' | 'keychain';
  /** Prefix of a stored key. */
  readonly key_prefix?: string;
  /** Program of a key command, without its arguments. */
  readonly key_command?: string;
  /** Name of the keychain, and of the entry in it. */
  readonly keychain?: string;
  readonly keychain_account?: string;
}

export function describeProfile(profile: Profile, current: string | undefined): ProfileRecord {
  const { name, key, keyCommand } = profile;
  const common = { name, current: name === current, url: describeUrl(profile.url, name) };
  if (keyCommand === undefined) {
    return { ...common, key_source: 'stored', key_prefix: keyPrefix(key ?? '') };
  }
  const entry = findKeychainEntry(keyCommand);
  if (entry === undefined) return { ...common, key_source: 'command', key_command: keyCommand[0] ?? '' };
  const { keychain, account } = entry;
  return { ...common, key_source: 'keychain', keychain: keychain.name, keychain_account: account };
}

/** How lists and messages show the key. */
export function describeKey({ key_prefix, key_command, keychain }: ProfileRecord): string {
  if (keychain !== undefined) return CELLS.keychain(keychain);
  return key_prefix === undefined ? CELLS.command(key_command) : `${key_prefix}…`;
}

function describeUrl(url: string, name: string): string | null {
  try {
    return parseStreamUrl(url, nameProfile(name)).base;
  } catch {
    return null;
  }
}
