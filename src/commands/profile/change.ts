// `profile use`, `rename` and `remove`: changes to what is there already.
import { UsageError } from '../../errors.ts';
import type { GlobalFlags } from '../../flags/shared-flags.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { keyPrefix } from '../../io/key.ts';
import type { Profile } from '../../profiles/profile-file.ts';
import { findKeychainEntry } from '../../settings/keychain.ts';
import type { RemoveFlags } from './flags.ts';
import {
  assertProfileName,
  missingProfile,
  openContext,
  readProfiles,
  requireProfile,
  saveProfiles,
} from './profiles.ts';
import { createPrompter } from './prompt.ts';

/** Makes a profile the one in use. @throws UsageError, StoreError, OutputError */
export async function chooseProfile(name: string, flags: GlobalFlags, io: Io): Promise<void> {
  const context = await openContext(flags, io);
  await saveProfiles(context, io, (draft) => {
    if (!draft.has(name)) throw missingProfile(name, draft.names());
    draft.current = name;
  });
  context.say(`profile ${name} is in use`);
}

/** Gives a profile another name. @throws UsageError, StoreError, OutputError */
export async function renameProfile(from: string, to: string, flags: GlobalFlags, io: Io): Promise<void> {
  assertProfileName(to);
  const context = await openContext(flags, io);
  await saveProfiles(context, io, (draft) => {
    if (!draft.has(from)) throw missingProfile(from, draft.names());
    if (draft.has(to)) {
      throw new UsageError(`there is a profile "${to}" already`, 'remove it first, or take another name');
    }
    draft.rename(from, to);
  });
  context.say(`profile ${from} is now called ${to}`);
}

function describeSecret({ key, keyCommand = [] }: Profile): string {
  if (key !== undefined) return `its key ${keyPrefix(key)}…`;
  const entry = findKeychainEntry(keyCommand);
  return entry === undefined ? 'its key command' : `its key in ${entry.keychain.name}`;
}

/**
 * Removes a profile after asking, and its key from the keychain.
 *
 * @throws UsageError, StoreError, OutputError; CredentialError if the key is still in the keychain
 */
export async function removeProfile(name: string, flags: RemoveFlags, io: Io): Promise<Outcome> {
  const context = await openContext(flags, io);
  const profile = requireProfile(readProfiles(context, io), name);
  if (flags.yes !== true) {
    const prompter = createPrompter(io, '--yes');
    const what = describeSecret(profile);
    const answer = await prompter.askLine(`Remove profile ${name} and ${what}? [y/N] `);
    if (typeof answer !== 'string') return answer;
    if (!/^y(es)?$/i.test(answer.trim())) {
      context.say('nothing was removed');
      return { exitCode: 0 };
    }
  }
  let keyCommand: readonly string[] | undefined;
  const needsChoice = await saveProfiles(context, io, (draft) => {
    if (!draft.has(name)) throw missingProfile(name, draft.names());
    const isCurrent = draft.current === name;
    keyCommand = draft.keyCommand(name);
    draft.remove(name);
    return isCurrent && draft.names().length > 0;
  });
  context.say(
    needsChoice
      ? `profile ${name} was removed; none is in use now: choose one with atlantis profile use <name>`
      : `profile ${name} was removed`,
  );
  if (keyCommand !== undefined) {
    const { removeFromKeychain } = await import('../../settings/keychain-store.ts');
    await removeFromKeychain(keyCommand, io);
  }
  return { exitCode: 0 };
}
