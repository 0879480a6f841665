// `--config relay.yaml` → the flags of the stream and the sinks. Each setting is a flag without its dashes, and is
// checked by the definition of that flag. All faults are reported at once, with their line and path, and without secrets.
import { isAtlantisError } from '../../errors.ts';
import { createFilter } from '../../filter/filter.ts';
import {
  attributeName,
  type FlagDefinition,
  type Flags,
  type FlagTable,
  listGiven,
  parseFlags,
  pick,
} from '../../flags/definition.ts';
import {
  CONNECTION_FLAGS,
  DEDUPE_FLAGS,
  EVENT_FLAGS,
  MONITOR_FLAGS,
  READY_FLAGS,
  REDUNDANCY_FLAGS,
  SIMULATION_FLAGS,
  SOURCE_FLAGS,
} from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import { readCaFile } from '../../settings/certificates.ts';
import { parseConnectionFlags, parseFilter, type StreamFlags } from '../../settings/stream-config.ts';
import { parseStreamUrl } from '../../settings/stream-url.ts';
import {
  assertSinkFlags,
  makeSinkSettings,
  parseRunValues,
  type RelayConfig,
  RUN_FLAGS,
  SINK_FLAGS,
  type SinkConfig,
} from './config.ts';
import { HEADER_NAME } from './flags.ts';
import { CONFIG_FAULTS, describeSettingFault } from './messages.ts';
import { readHeaderSetting, readSigningSetting } from './secret-settings.ts';
import { listTargets, nameSpoolOf } from './targets.ts';
import { type Faults, isMapping, readYaml } from './yaml-file.ts';

/** The settings of each section: flags without their dashes. The JSON Schema is made from these. */
export const SECTIONS = {
  run: { ...RUN_FLAGS, ...MONITOR_FLAGS, ...READY_FLAGS },
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
/** The settings of a sink that are not flags of one value: those of its own, and those of HTTP sinks. */
const OWN_KEYS = ['name', 'to', 'to-env', 'to-file'];
const HTTP_KEYS = ['headers', 'sign-with'];

type Mapping = Readonly<Record<string, unknown>>;
type Given = Record<string, unknown>;

interface RelayFile {
  /** Of the source, and of the run. */
  readonly stream: StreamFlags;
  readonly relay: RelayConfig;
}

/** @throws UsageError with all faults */
export async function readRelayFile(path: string, io: Io): Promise<RelayFile> {
  const { value, faults } = await readYaml(path);
  const file = readMapping(value, '', faults);
  const { source = {}, defaults = {}, sinks: sinkList, ...runSettings } = file;
  const run = readSettings(runSettings, SECTIONS.run, (key) => key, faults);
  const given = readMapping(source, 'source', faults);
  const stream = readSettings(given, SECTIONS.source, (key) => `source.${key}`, faults);
  if (typeof stream['url'] === 'string') {
    const url = stream['url'];
    await faults.attempt('source.url', () => parseStreamUrl(url, 'url'));
  }
  await attemptFilter(stream, 'source', faults, io);
  await faults.attempt('source', () => parseConnectionFlags(stream));
  const shared = readMapping(defaults, 'defaults', faults);
  for (const key of OWN_KEYS) {
    if (key in shared) faults.add(`defaults.${key}`, CONFIG_FAULTS.unknown);
  }
  const list = readList(sinkList, faults);
  const names = list.map((one) => (isMapping(one) ? one['name'] : undefined));
  const sinks: SinkConfig[] = [];
  for (const [i, one] of list.entries()) {
    const at = `sinks[${i}]`;
    const own = readMapping(one, at, faults);
    if (!isName(own['name']) || names.indexOf(own['name']) !== i)
      faults.add(`${at}.name`, CONFIG_FAULTS.name);
    const sink = await readSink(own, shared, at, faults, io);
    if (sink !== undefined) sinks.push(sink);
  }
  const values = await faults.attempt('', () => parseRunValues(parseFlags(RUN_FLAGS, run)));
  faults.throwIfAny();
  return {
    stream: { ...stream, ...run } as StreamFlags,
    relay: { name: undefined, idSteps: undefined, ...values, sinks, redeliver: undefined },
  };
}

const isName = (name: unknown): name is string =>
  typeof name === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(name);

function readMapping(value: unknown, path: string, faults: Faults): Mapping {
  if (isMapping(value)) return value;
  faults.add(path, CONFIG_FAULTS.mapping);
  return {};
}

function readList(value: unknown, faults: Faults): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  faults.add('sinks', value === undefined || Array.isArray(value) ? CONFIG_FAULTS.sinks : CONFIG_FAULTS.list);
  return [];
}

/** The name of a setting. */
export const keyOf = ({ term }: Pick<FlagDefinition, 'term'>): string => /--([\w-]+)/.exec(term)?.[1] ?? term;

/**
 * The settings of a section as flags; those that are wrong are left out and reported.
 *
 * @param more the names of its other settings
 */
function readSettings(
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
      faults.add(place, describeSettingFault(error));
    }
  }
  return flags;
}

/** What the command line would have; undefined for a toggle that is off. */
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

async function attemptFilter(
  flags: Given,
  path: string,
  faults: Faults,
  io: Io,
): Promise<SinkConfig['filter']> {
  return faults.attempt(path, async () => {
    const filter = parseFilter(parseFlags(EVENT_FLAGS, flags as Flags<typeof EVENT_FLAGS>), io);
    if (filter !== undefined) await createFilter(filter);
    return filter;
  });
}

/** Undefined if something is wrong with it, which is reported. */
async function readSink(
  own: Mapping,
  shared: Mapping,
  at: string,
  faults: Faults,
  io: Io,
): Promise<SinkConfig | undefined> {
  const before = faults.count;
  const placeOf = (key: string): string => `${key in own ? at : 'defaults'}.${key}`;
  const {
    name,
    headers = {},
    to,
    'to-env': toEnv,
    'to-file': toFile,
    'sign-with': signWith,
    ...settings
  } = {
    ...shared,
    ...own,
  };
  const flags = readSettings(settings, SECTIONS.sink, placeOf, faults, [...OWN_KEYS, ...HTTP_KEYS]);
  const filter = await attemptFilter(flags, at, faults, io);
  const addresses = { to, 'to-env': toEnv, 'to-file': toFile };
  const given = Object.entries(addresses).filter(([, value]) => value !== undefined);
  for (const [key, value] of given)
    if (typeof value !== 'string') faults.add(`${at}.${key}`, CONFIG_FAULTS.text);
  if (given.length !== 1) faults.add(at, CONFIG_FAULTS.address);
  if (faults.count > before) return undefined;
  const values = parseFlags(SINK_FLAGS, flags as Flags<typeof SINK_FLAGS>);
  await faults.attempt(at, () => assertSinkFlags(values, flags));
  const list = (value: unknown): readonly string[] => (typeof value === 'string' ? [value] : []);
  const urls = { to: list(to), toEnv: list(toEnv), toFile: list(toFile) };
  const place = `${at}.${given[0]?.[0]}`;
  const [target] = (await faults.attempt(place, () => listTargets({ ...values, ...urls }, io.env))) ?? [];
  if (target?.kind === 'nats') {
    for (const key of HTTP_KEYS) if (key in own) faults.add(`${at}.${key}`, CONFIG_FAULTS.httpOnly);
  }
  const isHttp = target?.kind === 'http';
  const sent: Record<string, string> = {};
  for (const [header, source] of isHttp
    ? Object.entries(readMapping(headers, placeOf('headers'), faults))
    : []) {
    if (!HEADER_NAME.test(header)) faults.add(placeOf('headers'), CONFIG_FAULTS.header);
    else
      sent[header] = (await readHeaderSetting(source, `${placeOf('headers')}.${header}`, faults, io)) ?? '';
  }
  const signingKeys = isHttp ? await readSigningSetting(signWith, placeOf('sign-with'), faults, io) : [];
  const caCert = flags['caCert'] as string | undefined;
  const addedRoots =
    caCert === undefined ? undefined : await faults.attempt(placeOf('ca-cert'), () => readCaFile(caCert));
  if (faults.count > before || target === undefined) return undefined;
  return {
    ...makeSinkSettings(values),
    name: String(name),
    target: nameSpoolOf(target, String(name)),
    filter,
    addedRoots,
    headers: sent,
    signingKeys,
  };
}

/** Adds the settings of the file to the flags, which win. */
export function mergeFlags(table: FlagTable, flags: Given, file: Given): Given {
  const merged: Given = { ...flags };
  for (const flag of Object.values(table)) {
    const name = attributeName(flag.term);
    const isGiven = listGiven({ flag }, flags as never).length > 0;
    if (!isGiven && file[name] !== undefined) merged[name] = file[name];
  }
  return merged;
}
