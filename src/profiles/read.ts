// Reads the profiles. Most commands read them at startup, so this takes no lock and does not load the package conf.
import { StoreError } from '../errors.ts';
import type { Io } from '../io/io.ts';
import { isKey } from '../io/key.ts';
import { CHECKED, DAMAGE, sayDamaged, sayNewerVersion, sayNoHomeDirectory } from './messages.ts';
import type { StoreReader } from './permissions.ts';
import {
  DamagedStoreError,
  type Fail,
  isObject,
  type JsonObject,
  parseObject,
  readStoreBytes,
  storePath,
} from './store-file.ts';

/** A stored profile. It has a key or a command that prints the key, never both. */
export interface Profile {
  readonly name: string;
  /** As stored; parse it with `parseStreamUrl`. */
  readonly url: string;
  readonly key?: string;
  /** Program and arguments, run without a shell (contract P1). */
  readonly keyCommand?: readonly string[];
}

export interface ProfileFile {
  /** Name of the active profile, which may not exist. */
  readonly current: string | undefined;
  /** In the order of the file. */
  readonly profiles: ReadonlyMap<string, Profile>;
}

export const FORMAT_VERSION = 1;

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Undefined without a home directory. @throws UsageError */
export const profilesPath = (io: Pick<Io, 'env' | 'platform' | 'homeDirectory'>): string | undefined =>
  storePath('profiles.json', io);

export function noHomeDirectory(): StoreError {
  return new StoreError(...sayNoHomeDirectory());
}

export function isProfileName(name: string): boolean {
  return NAME.test(name);
}

export function isCommand(value: unknown): value is readonly string[] {
  const isArgument = (part: unknown): boolean => typeof part === 'string' && !part.includes('\0');
  return Array.isArray(value) && value.every(isArgument) && value[0] !== undefined && value[0] !== '';
}

function readProfile(name: string, value: unknown, fail: Fail): Profile {
  if (!isProfileName(name)) throw fail(DAMAGE.profileName);
  if (!isObject(value)) throw fail(DAMAGE.profileNotObject);
  const { url, key, keyCommand } = value;
  if (typeof url !== 'string') throw fail(DAMAGE.url);
  if (key !== undefined && keyCommand !== undefined) throw fail(DAMAGE.bothKeys);
  if (keyCommand !== undefined) {
    if (!isCommand(keyCommand)) throw fail(DAMAGE.keyCommand);
    return { name, url, keyCommand };
  }
  if (typeof key !== 'string' || !isKey(key)) throw fail(DAMAGE.key);
  return { name, url, key };
}

/**
 * `json` also has the fields that this version does not know.
 *
 * @throws DamagedStoreError with path and position only; StoreError if a newer version wrote the store
 */
export function parseProfiles(bytes: Buffer, path: string): { file: ProfileFile; json: JsonObject } {
  const fail: Fail = (why) => new DamagedStoreError(...sayDamaged(why, path));
  const json = parseObject(bytes, fail);
  const { version, current, profiles } = json;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw fail(DAMAGE.version);
  }
  if (version > FORMAT_VERSION) throw new StoreError(...sayNewerVersion(path));
  if (current !== undefined && typeof current !== 'string') throw fail(DAMAGE.current);
  if (!isObject(profiles)) throw fail(DAMAGE.profiles);
  const read = Object.entries(profiles).map(([name, value], index): [string, Profile] => [
    name,
    readProfile(name, value, (why) => fail(DAMAGE.profile(index + 1, why))),
  ]);
  return { file: { current, profiles: new Map(read) }, json };
}

/**
 * Without a path or a file, the store is empty.
 *
 * @throws StoreError (exit 10) if it is damaged, unreadable or unsafe (contract F1, F4; docs/faults.md, rows 49, 52)
 */
export function readProfileFile(
  path: string | undefined,
  reader: StoreReader,
): { readonly file: ProfileFile; readonly warnings: readonly string[] } {
  const read = path === undefined ? undefined : readStoreBytes(path, reader, CHECKED.store);
  if (path === undefined || read === undefined) {
    return { file: { current: undefined, profiles: new Map() }, warnings: [] };
  }
  return { file: parseProfiles(read.bytes, path).file, warnings: read.warnings };
}
