// Reads and checks the profile store: the way that `stream tail` takes at start-up. A draft
// is the same profiles while a command changes them.
//
// No conf, no lock, and nothing is ever written (contract F3). No message holds any part of the content, not
// even a name: only the path and a position (contract F4).
import { StoreError } from '../errors.ts';
import { isKey } from '../io/key.ts';
import { isUtf16 } from '../io/text-encoding.ts';
import { describePosition, findJsonFault } from './json-fault.ts';
import { readStoreBytes } from './store-access.ts';
import type { Reader } from './store-place.ts';

/** The profiles while they are being changed. Nothing is written until the change is through. */
export interface StoreDraft {
  has(name: string): boolean;
  names(): string[];
  /** The key command of a profile, if it has one. */
  keyCommand(name: string): readonly string[] | undefined;
  /** Adds a profile, or gives an existing one a new URL and key. */
  put(profile: Profile): void;
  /** Removes a profile; it is no longer the one in use either. */
  remove(name: string): void;
  /** Gives a profile another name in the same place; it stays in use if it was. */
  rename(from: string, to: string): void;
  /** Name of the profile in use. */
  current: string | undefined;
}

/** A draft of what was read, or of an empty store; `json()` is what to write. */
export function createDraft(read: JsonObject | undefined): { draft: StoreDraft; json: () => JsonObject } {
  const { current, profiles, ...rest } = read ?? {};
  const isRecord = typeof profiles === 'object' && profiles !== null;
  const entries = new Map<string, JsonObject>(isRecord ? Object.entries(profiles) : []);
  const draft: StoreDraft = {
    current: typeof current === 'string' ? current : undefined,
    has: (name) => entries.has(name),
    names: () => [...entries.keys()],
    keyCommand(name) {
      const command = entries.get(name)?.['keyCommand'];
      return isCommand(command) ? command : undefined;
    },
    put({ name, url, key, keyCommand }) {
      const { url: _url, key: _key, keyCommand: _command, ...unknown } = entries.get(name) ?? {};
      const secret = keyCommand === undefined ? { key } : { keyCommand };
      entries.set(name, { url, ...secret, ...unknown });
    },
    remove(name) {
      entries.delete(name);
      if (draft.current === name) draft.current = undefined;
    },
    rename(from, to) {
      const renamed = [...entries].map(([name, entry]) => [name === from ? to : name, entry] as const);
      entries.clear();
      for (const [name, entry] of renamed) entries.set(name, entry);
      if (draft.current === from) draft.current = to;
    },
  };
  return {
    draft,
    // fromEntries and spread define properties instead of assigning them: `__proto__` is a name like any.
    json: () => ({
      ...rest,
      version: FORMAT_VERSION,
      ...(draft.current === undefined ? {} : { current: draft.current }),
      profiles: Object.fromEntries(entries),
    }),
  };
}

/** A profile as stored. It has a key, or the command that prints one, never both. */
export interface Profile {
  readonly name: string;
  /** As given; parse it with `parseStreamUrl` where it is used. */
  readonly url: string;
  readonly key?: string;
  /** Program and arguments, run without a shell (contract P1). */
  readonly keyCommand?: readonly string[];
}

/** The content of the store. */
export interface ProfileFile {
  /** Name of the profile in use; it may name one that is not there. */
  readonly current: string | undefined;
  /** In the order of the file. */
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** What reading gave: the content, and warnings for stderr (each a whole sentence with its remedy). */
export interface ProfileReading {
  readonly file: ProfileFile;
  readonly warnings: readonly string[];
}

/** JSON as it was read; unknown fields live on in it (issue: written by a newer version). */
export type JsonObject = Record<string, unknown>;

/** The store is there and whole on the disk, but what is in it is not a profile store (contract F4). */
export class DamagedStoreError extends StoreError {}

/** Version of the format that this program reads and writes. */
const FORMAT_VERSION = 1;

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const EMPTY: ProfileFile = { current: undefined, profiles: new Map() };

/** True for a name that a profile may have (contract F1). */
export function isProfileName(name: string): boolean {
  return NAME.test(name);
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Decodes strictly, without replacement characters; a byte order mark is dropped. */
function decode(bytes: Buffer, fail: (why: string) => DamagedStoreError): JsonObject {
  if (bytes.length === 0) throw fail('it is empty');
  if (isUtf16(bytes)) throw fail('it is UTF-16 text instead of UTF-8');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fail('it is not UTF-8 text');
  }
  const fault = findJsonFault(text);
  if (fault !== undefined) throw fail(`it is not valid JSON at ${describePosition(text, fault)}`);
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw fail('it is not a JSON object');
  return value;
}

/** Checks one profile; what is wrong with it is said by its place in the file, not by its name. */
function readProfile(name: string, value: unknown, fail: (why: string) => DamagedStoreError): Profile {
  if (!isProfileName(name)) throw fail('its name is not one');
  if (!isObject(value)) throw fail('it is not an object');
  const { url, key, keyCommand } = value;
  if (typeof url !== 'string') throw fail('"url" is not a text');
  if (key !== undefined && keyCommand !== undefined) throw fail('it has both "key" and "keyCommand"');
  if (keyCommand !== undefined) {
    if (!isCommand(keyCommand)) throw fail('"keyCommand" is not a list of texts');
    return { name, url, keyCommand };
  }
  if (typeof key !== 'string' || !isKey(key)) throw fail('"key" is not a key');
  return { name, url, key };
}

/** True for a program with its arguments. */
export function isCommand(value: unknown): value is readonly string[] {
  const isArgument = (part: unknown): boolean => typeof part === 'string' && !part.includes('\0');
  return Array.isArray(value) && value.every(isArgument) && value[0] !== undefined && value[0] !== '';
}

/**
 * Reads the content of the store from its bytes. `json` is the same as it was written, unknown fields
 * included.
 *
 * @throws DamagedStoreError with path and position only; StoreError if a newer version wrote it.
 */
export function parseProfiles(bytes: Buffer, path: string): { file: ProfileFile; json: JsonObject } {
  const fail = (why: string): DamagedStoreError =>
    new DamagedStoreError(
      `the profile store is damaged: ${why}: ${path}`,
      'repair it, or run atlantis profile add, which moves it aside and begins a new one',
    );
  const json = decode(bytes, fail);
  const { version, current, profiles } = json;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw fail('"version" is not a number from 1');
  }
  if (version > FORMAT_VERSION) {
    throw new StoreError(`the profile store was written by a newer atlantis: ${path}`, 'update atlantis');
  }
  if (current !== undefined && typeof current !== 'string') throw fail('"current" is not a text');
  if (!isObject(profiles)) throw fail('"profiles" is not an object');
  const read = Object.entries(profiles).map(([name, value], index): [string, Profile] => [
    name,
    readProfile(name, value, (why) => fail(`in profile number ${index + 1}, ${why}`)),
  ]);
  return { file: { current, profiles: new Map(read) }, json };
}

/**
 * Reads the profile store. No path or no file is an empty store, not an error.
 *
 * @param path as `profilesPath` gives it.
 * @throws StoreError (exit 10) if it is damaged, unreadable or unsafe (contract F1, F4; rows 49, 52).
 */
export function readProfileFile(path: string | undefined, reader: Reader): ProfileReading {
  const read = path === undefined ? undefined : readStoreBytes(path, reader);
  if (path === undefined || read === undefined) return { file: EMPTY, warnings: [] };
  return { file: parseProfiles(read.bytes, path).file, warnings: read.warnings };
}
