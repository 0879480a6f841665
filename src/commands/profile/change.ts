// `profile use`, `rename` and `remove`.
import { UsageError } from '../../errors.ts';
import type { GlobalFlags } from '../../flags/shared-flags.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { keyPrefix } from '../../io/key.ts';
import type { Profile } from '../../profiles/read.ts';
import { findKeychainEntry } from '../../settings/keychain.ts';
import {
  assertProfileName,
  missingProfile,
  openContext,
  readProfiles,
  requireProfile,
  saveProfiles,
} from './context.ts';
import type { RemoveFlags } from './flags.ts';
import * as say from './messages.ts';
import { createPrompter } from './prompt.ts';

/** @throws UsageError, StoreError, OutputError */
export async function selectProfile(name: string, flags: GlobalFlags, io: Io): Promise<void> {
  const context = await openContext(flags, io);
  await saveProfiles(context, io, (draft) => {
    if (!draft.has(name)) throw missingProfile(name, draft.names());
    draft.current = name;
  });
  context.say(say.sayActive(name));
}

/** @throws UsageError, StoreError, OutputError */
export async function renameProfile(from: string, to: string, flags: GlobalFlags, io: Io): Promise<void> {
  assertProfileName(to);
  const context = await openContext(flags, io);
  await saveProfiles(context, io, (draft) => {
    if (!draft.has(from)) throw missingProfile(from, draft.names());
    if (draft.has(to)) throw new UsageError(...say.sayNewNameTaken(to));
    draft.rename(from, to);
  });
  context.say(say.sayRenamed(from, to));
}

function describeSecret({ key, keyCommand = [] }: Profile): string {
  if (key !== undefined) return say.SECRETS.key(keyPrefix(key));
  const entry = findKeychainEntry(keyCommand);
  return entry === undefined ? say.SECRETS.command : say.SECRETS.keychain(entry.keychain.name);
}

/** @throws UsageError, StoreError, OutputError; CredentialError if the key is still in the keychain */
export async function removeProfile(name: string, flags: RemoveFlags, io: Io): Promise<Outcome> {
  const context = await openContext(flags, io);
  const profile = requireProfile(readProfiles(context, io), name);
  if (flags.yes !== true) {
    const prompter = createPrompter(io, '--yes');
    const what = describeSecret(profile);
    const answer = await prompter.askLine(say.askToRemove(name, what));
    if (typeof answer !== 'string') return answer;
    if (!/^y(es)?$/i.test(answer.trim())) {
      context.say(say.NOTHING_REMOVED);
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
  context.say(say.sayRemoved(name, needsChoice));
  if (keyCommand !== undefined) {
    const { removeFromKeychain } = await import('../../settings/keychain-store.ts');
    await removeFromKeychain(keyCommand, io);
  }
  return { exitCode: 0 };
}
