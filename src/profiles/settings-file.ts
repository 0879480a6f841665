// Reads the settings of `atlantis config`: defaults of flags, and presets. The file is beside the profiles and never
// contains keys.
import { lstatSync } from 'node:fs';
import type { Io } from '../io/io.ts';
import { CHECKED, DAMAGE, sayDamagedSettings } from './messages.ts';
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

export const SETTINGS_VERSION = 1;

/** Undefined without a home directory. @throws UsageError */
export const settingsPath = (io: Pick<Io, 'env' | 'platform' | 'homeDirectory'>): string | undefined =>
  storePath('config.json', io);

/** In the result, `settings` has the text of each setting. @throws DamagedStoreError */
export function parseSettings(bytes: Buffer, path: string): JsonObject {
  const fail: Fail = (why) => new DamagedStoreError(...sayDamagedSettings(why, path));
  const json = parseObject(bytes, fail);
  const { version, settings } = json;
  if (version !== SETTINGS_VERSION) throw fail(DAMAGE.settingsVersion(SETTINGS_VERSION));
  if (!isObject(settings)) throw fail(DAMAGE.settings);
  if (!Object.values(settings).every((value) => typeof value === 'string')) {
    throw fail(DAMAGE.setting);
  }
  return json;
}

/**
 * The text of each setting; empty if there is no path or no file.
 *
 * @throws StoreError (exit 10) if it is damaged, unreadable or unsafe, as for the profile store
 */
export function readSettingsFile(path: string | undefined, reader: StoreReader): ReadonlyMap<string, string> {
  if (path === undefined || isMissing(path)) return new Map();
  const read = readStoreBytes(path, reader, CHECKED.settings);
  if (read === undefined) return new Map();
  const { settings } = parseSettings(read.bytes, path);
  return new Map(Object.entries(settings as Record<string, string>));
}

/** Checked first, because an unsafe directory does not matter without settings. */
function isMissing(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}
