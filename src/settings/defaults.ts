// The settings of `atlantis config`: stored defaults of flags, and presets (stored filters).
//
// Defaults apply only on a terminal, so that a script prints the same with any settings (contract F7). Flags and
// environment take precedence.
import { isAtlantisError, StoreError, UsageError } from '../errors.ts';
import {
  attributeName,
  type FlagDefinition,
  type Flags,
  type FlagTable,
  listGiven,
  longName,
  pick,
} from '../flags/definition.ts';
import { FORM_FLAGS, GLOBAL_FLAGS, type GlobalFlags } from '../flags/shared-flags.ts';
import { TABLE_FLAGS } from '../flags/table-flags.ts';
import type { Io } from '../io/io.ts';
import { SETTING_SOURCES, sayInvalidSetting, sayNoPreset } from '../profiles/messages.ts';
import { readSettingsFile, settingsPath } from '../profiles/settings-file.ts';

/** Prefix of the names of presets. */
export const PRESET = 'preset.';

/** Prefix of the names of settings of `stream top`. */
const TOP = 'top.';

/** A setting has the name of its flag: `time` for `--time`. */
const settingName = ({ term }: Pick<FlagDefinition, 'term'>): string => longName(term).slice('--'.length);

const pickSettings = (flags: FlagTable, prefix = ''): (readonly [string, FlagDefinition])[] =>
  Object.values(flags)
    .filter(({ isSetting }) => isSetting === true)
    .map((flag) => [prefix + settingName(flag), flag]);

export const SETTINGS: ReadonlyMap<string, FlagDefinition> = new Map([
  ...pickSettings({ ...GLOBAL_FLAGS, ...FORM_FLAGS }),
  ...pickSettings(TABLE_FLAGS, TOP),
]);

/** `value` is null if nothing sets it. */
export interface Setting {
  readonly value: string | null;
  readonly source: string;
}

export const NOT_SET: Setting = { value: null, source: SETTING_SOURCES.notSet };

/** The text of each stored setting. @throws StoreError */
export const readSettings = (io: Io): ReadonlyMap<string, string> => readSettingsFile(settingsPath(io), io);

/** @throws StoreError if the flag does not accept the stored text */
function readDefault(name: string, stored: ReadonlyMap<string, string>, io: Io): string | undefined {
  const text = stored.get(name);
  if (text === undefined) return undefined;
  try {
    SETTINGS.get(name)?.parse(text as never, name);
    return text;
  } catch (error) {
    if (!isAtlantisError(error)) throw error;
    throw new StoreError(...sayInvalidSetting(name, settingsPath(io) ?? '', error));
  }
}

/** Flags that choose the output format; any of them replaces a stored `format` and `fields`. */
const FORM_CHOICE = pick(FORM_FLAGS, 'format', 'isJson', 'isEnveloped', 'fields', 'time', 'isWide');

/** Adds the stored defaults of the output format if stdout is a terminal. @throws StoreError */
export function addDefaults<Given extends Flags<typeof FORM_FLAGS>>(given: Given, io: Io): Given {
  if (!io.stdout.isTty) return given;
  const stored = readSettings(io);
  const replaced =
    listGiven(FORM_CHOICE, given).length > 0 ? ['format', 'fields'] : stored.has('fields') ? ['format'] : [];
  const flags = pickSettings(FORM_FLAGS).filter(([name]) => !replaced.includes(name));
  return { ...given, ...readDefaults(flags, stored, given, io) };
}

/** Adds the stored defaults of `stream top` if stdout is a terminal. @throws StoreError */
export function addTopDefaults<Given extends Flags<typeof TABLE_FLAGS>>(given: Given, io: Io): Given {
  if (!io.stdout.isTty) return given;
  return { ...given, ...readDefaults(pickSettings(TABLE_FLAGS, TOP), readSettings(io), given, io) };
}

/** The stored texts of flags that are not given. */
function readDefaults(
  flags: readonly (readonly [name: string, flag: FlagDefinition])[],
  stored: ReadonlyMap<string, string>,
  given: Readonly<Record<string, unknown>>,
  io: Io,
): Record<string, string> {
  const defaults: Record<string, string> = {};
  for (const [name, { term }] of flags) {
    const attribute = attributeName(term);
    const text = given[attribute] === undefined ? readDefault(name, stored, io) : undefined;
    if (text !== undefined) defaults[attribute] = text;
  }
  return defaults;
}

/** The color mode of stdout or stderr, with its source. @throws UsageError, StoreError */
export function findColorMode(flags: GlobalFlags, io: Io, isTty: boolean): Setting {
  if (flags.color !== undefined) return { value: GLOBAL_FLAGS.color.parse(flags.color), source: '--color' };
  const { NO_COLOR, FORCE_COLOR } = io.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return { value: 'never', source: 'NO_COLOR' };
  if (FORCE_COLOR !== undefined) {
    const isOff = FORCE_COLOR === '0' || FORCE_COLOR === 'false';
    return { value: isOff ? 'never' : 'always', source: 'FORCE_COLOR' };
  }
  const stored = isTty ? readDefault('color', readSettings(io), io) : undefined;
  if (stored !== undefined) return { value: stored, source: settingsPath(io) ?? '' };
  return { value: GLOBAL_FLAGS.color.fallback ?? null, source: SETTING_SOURCES.default };
}

/** Each setting as a command on a terminal would use it, with its source; then the presets. @throws StoreError */
export function describeSettings(flags: GlobalFlags, io: Io): Record<string, Setting> {
  const path = settingsPath(io) ?? '';
  const stored = readSettings(io);
  const described: Record<string, Setting> = {};
  for (const [name, flag] of SETTINGS) {
    const value = readDefault(name, stored, io);
    // The `fallback` of some flags describes the default and is not a value.
    const fallback = flag.parse(undefined as never) === undefined ? undefined : flag.fallback;
    if (name === 'color') described[name] = findColorMode(flags, io, true);
    else if (value !== undefined) described[name] = { value, source: path };
    else
      described[name] =
        fallback === undefined ? NOT_SET : { value: fallback, source: SETTING_SOURCES.default };
  }
  for (const [name, value] of stored) if (name.startsWith(PRESET)) described[name] = { value, source: path };
  return described;
}

/** The expressions of presets. @throws UsageError for an unknown name, StoreError */
export function readPresets(names: readonly string[], io: Io): readonly string[] {
  if (names.length === 0) return [];
  const stored = readSettings(io);
  const known = [...stored.keys()]
    .filter((name) => name.startsWith(PRESET))
    .map((name) => name.slice(PRESET.length));
  return names.map((name) => {
    const expression = stored.get(PRESET + name);
    if (expression !== undefined) return expression;
    throw new UsageError(...sayNoPreset(name, known, PRESET));
  });
}
