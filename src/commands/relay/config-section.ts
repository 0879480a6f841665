// The sections of a configuration file, and how a section is read as flags.
import { isAtlantisError } from '../../errors.ts';
import { attributeName, type FlagDefinition, type FlagTable, pick } from '../../flags/definition.ts';
import {
  CONNECTION_FLAGS,
  DEDUPE_FLAGS,
  EVENT_FLAGS,
  MONITOR_FLAGS,
  REDUNDANCY_FLAGS,
  SIMULATION_FLAGS,
  SOURCE_FLAGS,
} from '../../flags/shared-flags.ts';
import { RUN_FLAGS, SINK_FLAGS } from './config.ts';
import { RELAY_READY_FLAGS } from './flags.ts';
import { CONFIG_FAULTS, describeSettingFault } from './yaml/messages.ts';
import { type Faults, isMapping } from './yaml/yaml-file.ts';

/** The flags of each section. The JSON Schema is made from them, too. */
export const SECTIONS = {
  run: { ...RUN_FLAGS, ...MONITOR_FLAGS, ...RELAY_READY_FLAGS },
  source: {
    ...pick(SOURCE_FLAGS, 'profile', 'url', 'keyFile'),
    ...SIMULATION_FLAGS,
    ...EVENT_FLAGS,
    ...CONNECTION_FLAGS,
    ...REDUNDANCY_FLAGS,
    ...pick(DEDUPE_FLAGS, 'dedupeWindowMs'),
  },
  sink: { ...SINK_FLAGS, ...EVENT_FLAGS, ...pick(CONNECTION_FLAGS, 'caCert') },
};

export type Mapping = Readonly<Record<string, unknown>>;
/** Flags by their names, not yet checked together. */
export type Given = Record<string, unknown>;

export function readMapping(value: unknown, path: string, faults: Faults): Mapping {
  if (isMapping(value)) return value;
  faults.add(path, CONFIG_FAULTS.mapping);
  return {};
}

export const keyOf = ({ term }: Pick<FlagDefinition, 'term'>): string => /--([\w-]+)/.exec(term)?.[1] ?? term;

/** Leaves out and reports wrong settings. @param more names that the caller reads itself; only for suggestions */
export function readSection(
  given: Mapping,
  table: FlagTable,
  placeOf: (key: string) => string,
  faults: Faults,
  more: readonly string[] = [],
): Given {
  const flags: Given = {};
  const known = new Map(Object.values(table).map((flag) => [keyOf(flag), flag]));
  for (const [key, value] of Object.entries(given)) {
    const place = placeOf(key);
    const flag = known.get(key);
    if (flag === undefined) {
      faults.addUnknown(place, key, [...known.keys(), ...more]);
      continue;
    }
    const text = toFlag(flag, value);
    if (isMapping(text)) {
      faults.add(place, String(text['fault']));
      continue;
    }
    try {
      flag.parse(text as never);
      if (text !== undefined) flags[attributeName(flag.term)] = text;
    } catch (error) {
      if (!isAtlantisError(error)) throw error;
      faults.add(place, describeSettingFault(error, place));
    }
  }
  return flags;
}

/** The value as it would be on the command line; undefined for a toggle that is off. */
function toFlag(
  { term, isRepeatable }: FlagDefinition,
  value: unknown,
): string | boolean | readonly string[] | undefined | { readonly fault: string } {
  if (isRepeatable === true) {
    const all: readonly unknown[] = Array.isArray(value) ? value : [value];
    return all.every((one) => typeof one === 'string') ? all : { fault: CONFIG_FAULTS.texts };
  }
  if (!/[<[]/.test(term)) {
    if (value !== 'true' && value !== 'false') return { fault: CONFIG_FAULTS.toggle };
    const isNegation = keyOf({ term }).startsWith('no-');
    return value === 'true' ? !isNegation : undefined;
  }
  return typeof value === 'string' ? value : { fault: CONFIG_FAULTS.text };
}
