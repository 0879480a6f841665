// Reads the key again before each connection attempt, so that a long run uses a rotated key (contract P5): from a key
// file, a profile that `profile add --force` changed, or a key command.
import { CredentialError, isAtlantisError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { keyPrefix } from '../io/key.ts';
import { profilesPath, readProfileFile } from '../profiles/read.ts';
import { nameProfile, sayKeyKept, sayKeyReplaced, sayProfileGone, sayProfileMoved } from './messages.ts';
import { parseStreamUrl } from './stream-url.ts';
import { isStored, keyOfProfile, readKey, type Target } from './target.ts';

/** Called with the outcome of reading the key again. */
export interface KeyListener {
  onKept(message: string, hint: string | undefined): void;
  onReplaced(message: string): void;
}

/**
 * Returns a function that reads the key for an attempt, or the key itself if its source cannot change. The first
 * attempt uses `first`.
 *
 * If the key cannot be read again, because a password manager is locked or the network is down, the run continues with
 * the previous key and `listener` is notified once.
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
  const renew = async (signal: AbortSignal): Promise<void> => {
    const key = await readKey(lookUpAgain(target, io), io, signal);
    isFailing = false;
    if (key === last) return;
    last = key;
    listener.onReplaced(sayKeyReplaced(keyPrefix(key), target.key?.source));
  };
  return async (signal) => {
    if (isFirst) {
      isFirst = false;
      return last;
    }
    try {
      await renew(signal);
    } catch (error) {
      if (!isAtlantisError(error)) throw error;
      if (!isFailing && !signal.aborted) {
        listener.onKept(sayKeyKept(error.message), error.hint);
      }
      isFailing = true;
    }
    return last;
  };
}

/**
 * The target with the current content of its profile.
 *
 * @throws CredentialError if the profile is gone or has another origin; StoreError
 */
function lookUpAgain(target: Target, io: Io): Target {
  const { key, profile, url } = target;
  if (key === undefined || profile === undefined || url === undefined || !isStored(key)) return target;
  const { name } = profile.value;
  const { file } = readProfileFile(profilesPath(io), io);
  const now = file.profiles.get(name);
  if (now === undefined) throw new CredentialError(...sayProfileGone(name));
  // Contract P3: otherwise the key of another origin would be sent to the URL that the run began with.
  const { origin } = parseStreamUrl(now.url, nameProfile(name));
  if (origin !== url.value.origin) {
    throw new CredentialError(...sayProfileMoved(name, origin));
  }
  return { ...target, profile: { ...profile, value: now }, key: keyOfProfile(now) };
}
