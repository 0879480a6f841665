// Asks for the key anew before each attempt to connect, so that a long run follows a key that is replaced while it
// runs (contract P5): a key file, a profile that `profile add --force` rewrote, a key command.
import { CredentialError, isAtlantisError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { keyPrefix } from '../io/key.ts';
import { readProfileFile } from '../profiles/profile-file.ts';
import { profilesPath } from '../profiles/store-place.ts';
import { parseStreamUrl } from './stream-url.ts';
import { isStored, keyOfProfile, readKey, type Target } from './target.ts';

/** Told what came of asking again: whole sentences. */
export interface KeyListener {
  onKept(message: string, hint: string | undefined): void;
  onReplaced(message: string): void;
}

/**
 * A function that gives the key for an attempt, or the key itself where asking again could give no other one. The
 * first attempt takes the key that was read to begin with.
 *
 * A key that cannot be read, as when a password manager is locked or the network is down, does not end the run: the
 * last one is sent again, and `listener` is told once.
 */
export function createKeyReader(
  target: Target,
  first: string,
  io: Io,
  listener: KeyListener,
): string | ((signal: AbortSignal) => Promise<string>) {
  const { key } = target;
  if (key === undefined || key.kind === 'stdin' || key.kind === 'given') return first;
  let last = first;
  let isFirst = true;
  let isFailing = false;
  const ask = async (signal: AbortSignal): Promise<void> => {
    const key = await readKey(lookUpAgain(target, io), io, signal);
    isFailing = false;
    if (key === last) return;
    last = key;
    listener.onReplaced(`the key was replaced: ${keyPrefix(key)}… from ${target.key?.source}`);
  };
  return async (signal) => {
    if (isFirst) {
      isFirst = false;
      return last;
    }
    try {
      await ask(signal);
    } catch (error) {
      if (!isAtlantisError(error)) throw error;
      if (!isFailing && !signal.aborted) {
        listener.onKept(`${error.message}; the key from before is used again`, error.hint);
      }
      isFailing = true;
    }
    return last;
  };
}

/** The same profile as it is now. @throws CredentialError where it has no key for this URL any more; StoreError */
function lookUpAgain(target: Target, io: Io): Target {
  const { key, profile, url } = target;
  if (key === undefined || profile === undefined || url === undefined || !isStored(key)) return target;
  const { name } = profile.value;
  const { file } = readProfileFile(profilesPath(io.env, io.platform, io.homeDirectory()), io);
  const now = file.profiles.get(name);
  if (now === undefined) throw new CredentialError(`profile "${name}" is no longer there`);
  // Contract P3: it is about to be sent to the URL of before.
  const { origin } = parseStreamUrl(now.url, `profile "${name}"`);
  if (origin !== url.value.origin) {
    throw new CredentialError(`profile "${name}" belongs to ${origin} now`, 'start again to go there');
  }
  return { ...target, profile: { ...profile, value: now }, key: keyOfProfile(now) };
}
