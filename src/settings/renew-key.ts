// Reads the key again before each connection attempt, so that a long run uses a rotated key (contract P5).
import { CredentialError, isAtlantisError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { keyPrefix } from '../io/key.ts';
import { profilesPath, readProfileFile } from '../profiles/read.ts';
import { nameProfile, sayKeyKept, sayKeyReplaced, sayProfileGone, sayProfileMoved } from './messages.ts';
import { parseStreamUrl } from './stream-url.ts';
import { isStored, keyOfProfile, readKey, type Target } from './target.ts';

export interface KeyListener {
  onKept(message: string, hint: string | undefined): void;
  onReplaced(message: string): void;
}

/**
 * Returns `first` if the source of the key cannot change, otherwise a function that reads the key for each attempt
 * after the first one. If the key cannot be read, for example because a password manager is locked, the run continues
 * with the previous key and `listener` is notified once.
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
    const key = await readKey(reloadProfile(target, io), io, signal);
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

/** @throws CredentialError if the profile is gone or has another origin; StoreError */
function reloadProfile(target: Target, io: Io): Target {
  const { key, profile, url } = target;
  if (key === undefined || profile === undefined || url === undefined || !isStored(key)) return target;
  const { name } = profile.value;
  const { file } = readProfileFile(profilesPath(io), io);
  const now = file.profiles.get(name);
  if (now === undefined) throw new CredentialError(...sayProfileGone(name));
  // Contract P3: the key of another origin must not be sent to the URL that the run began with.
  const { origin } = parseStreamUrl(now.url, nameProfile(name));
  if (origin !== url.value.origin) {
    throw new CredentialError(...sayProfileMoved(name, origin));
  }
  return { ...target, profile: { ...profile, value: now }, key: keyOfProfile(now) };
}
