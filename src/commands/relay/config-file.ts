// Reads the file of `--config` as flags of the stream and of the sinks. Each setting is a flag without its dashes. All
// faults are reported at once, with their line and path, and without secrets.
import { createFilter } from '../../filter/filter.ts';
import { attributeName, type Flags, type FlagTable, listGiven, parseFlags } from '../../flags/definition.ts';
import { EVENT_FLAGS } from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import { parseKey } from '../../io/key.ts';
import { readCaFile } from '../../settings/certificates.ts';
import { readKeyFile } from '../../settings/key-file.ts';
import { nameKeyFile } from '../../settings/messages.ts';
import { readNatsCredentials } from '../../settings/nats-settings.ts';
import {
  parseConnectionFlags,
  parseFilter,
  parseStreamFlags,
  type StreamFlags,
} from '../../settings/stream-config.ts';
import { parseStreamUrl } from '../../settings/stream-url.ts';
import { resolveTarget } from '../../settings/target.ts';
import {
  makeSinkSettings,
  parseRunValues,
  type RelayConfig,
  RUN_FLAGS,
  SINK_FLAGS,
  SINK_RULES,
  type SinkConfig,
} from './config.ts';
import { type Given, type Mapping, readMapping, readSection, SECTIONS } from './config-section.ts';
import { HEADER_NAME } from './flags.ts';
import { THE_SOURCE } from './messages.ts';
import { readHeaderSetting, readSigningSetting } from './secret-settings.ts';
import { listTargets, nameSpoolOf } from './targets.ts';
import { CONFIG_FAULTS } from './yaml/messages.ts';
import { type Faults, isMapping, readYaml } from './yaml/yaml-file.ts';

/** Settings of a sink that `defaults` cannot have. */
const OWN_KEYS = ['name', 'to', 'to-env', 'to-file'];
const HTTP_KEYS = ['headers', 'sign-with'];

interface RelayFile {
  /** The flags of the source and of the run. */
  readonly stream: StreamFlags;
  readonly relay: RelayConfig;
}

/**
 * @param isCheckOnly for `--check`: the profile, key and certificates of the source are checked as well
 * @throws UsageError with all faults
 */
export async function readRelayFile(path: string, io: Io, isCheckOnly: boolean): Promise<RelayFile> {
  const { value, faults } = await readYaml(path);
  const file = readMapping(value, '', faults);
  const { source = {}, defaults = {}, sinks: sinkList, ...runSettings } = file;
  const run = readSection(runSettings, SECTIONS.run, (key) => key, faults);
  const given = readMapping(source, 'source', faults);
  const stream = readSection(given, SECTIONS.source, (key) => `source.${key}`, faults);
  if (typeof stream['url'] === 'string') {
    const url = stream['url'];
    const parsed = await faults.attempt('source.url', () => parseStreamUrl(url, 'url'));
    if (parsed === undefined) delete stream['url'];
  }
  await attemptFilter(stream, (key) => `source.${key}`, faults, io);
  await faults.attempt('source', () => parseConnectionFlags(stream));
  if (isCheckOnly) await checkSource(stream, faults, io);
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
    if (own['name'] === undefined) faults.add(at, CONFIG_FAULTS.noName);
    else if (!isName(own['name'])) faults.add(`${at}.name`, CONFIG_FAULTS.name);
    else if (names.indexOf(own['name']) !== i) faults.add(`${at}.name`, CONFIG_FAULTS.nameTwice);
    const sink = await readSink(own, shared, at, faults, io);
    if (sink !== undefined) sinks.push(sink);
  }
  const values = await faults.attempt('id', () => parseRunValues(parseFlags(RUN_FLAGS, run)));
  faults.throwIfAny();
  return {
    stream: { ...stream, ...run } as StreamFlags,
    relay: { name: undefined, idSteps: undefined, ...values, sinks, redeliver: undefined },
  };
}

/** A key command is not run, because it may connect to a server. */
async function checkSource(flags: Given, faults: Faults, io: Io): Promise<void> {
  const { caCert, keyFile, profile, simulate } = flags as Pick<
    StreamFlags,
    'caCert' | 'keyFile' | 'profile' | 'simulate'
  >;
  if (caCert !== undefined) await faults.attempt('source.ca-cert', () => readCaFile(caCert));
  if (keyFile !== undefined) {
    await faults.attempt('source.key-file', () => {
      const key = readKeyFile(keyFile, THE_SOURCE);
      io.redactor.addSecret(key.trim());
      parseKey(key, nameKeyFile(THE_SOURCE));
    });
  }
  if (profile !== undefined) await faults.attempt('source.profile', () => resolveTarget(flags, io));
  if (typeof simulate === 'string') {
    const { findScenario } = await import('../../simulator/scenarios.ts');
    await faults.attempt('source.simulate', () => findScenario(simulate));
  }
  // Finds flags that contradict each other. Skipped after other faults, which could be reported a second time.
  if (faults.count === 0) await faults.attempt('source', () => parseStreamFlags(flags, io));
}

const isName = (name: unknown): name is string =>
  typeof name === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(name);

function readList(value: unknown, faults: Faults): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  faults.add('sinks', value === undefined || Array.isArray(value) ? CONFIG_FAULTS.sinks : CONFIG_FAULTS.list);
  return [];
}

/** Checks each expression alone, so that each fault has the path of its setting. */
async function attemptFilter(
  flags: Given,
  placeOf: (key: string) => string,
  faults: Faults,
  io: Io,
): Promise<SinkConfig['filter']> {
  const before = faults.count;
  const read = async (some: Given): Promise<SinkConfig['filter']> => {
    const filter = parseFilter(parseFlags(EVENT_FLAGS, some as Flags<typeof EVENT_FLAGS>), io);
    if (filter !== undefined) await createFilter(filter);
    return filter;
  };
  for (const key of Object.keys(EVENT_FLAGS)) {
    for (const one of (flags[key] as readonly string[] | undefined) ?? []) {
      await faults.attempt(placeOf(key), () => read({ [key]: [one] }));
    }
  }
  return faults.count > before ? undefined : faults.attempt(placeOf(''), () => read(flags));
}

/** Undefined if the sink has faults, which are added to `faults`. */
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
  const flags = readSection(settings, SECTIONS.sink, placeOf, faults, [...OWN_KEYS, ...HTTP_KEYS]);
  const filter = await attemptFilter(flags, placeOf, faults, io);
  const addresses = { to, 'to-env': toEnv, 'to-file': toFile };
  const given = Object.entries(addresses).filter(([, value]) => value !== undefined);
  for (const [key, value] of given)
    if (typeof value !== 'string') faults.add(`${at}.${key}`, CONFIG_FAULTS.text);
  if (given.length !== 1) faults.add(at, CONFIG_FAULTS.address);
  const values = parseFlags(SINK_FLAGS, flags as Flags<typeof SINK_FLAGS>);
  for (const rule of SINK_RULES) await faults.attempt(at, () => rule(values, flags));
  const list = (value: unknown): readonly string[] => (typeof value === 'string' ? [value] : []);
  const urls = { to: list(to), toEnv: list(toEnv), toFile: list(toFile) };
  const [target] =
    (await faults.attempt(`${at}.${given[0]?.[0]}`, () => listTargets({ ...values, ...urls }, io.env))) ?? [];
  if (target?.kind === 'nats') {
    for (const key of HTTP_KEYS) if (key in own) faults.add(`${at}.${key}`, CONFIG_FAULTS.httpOnly);
    const place = values.natsCreds === undefined ? at : placeOf('nats-creds');
    await faults.attempt(place, () => readNatsCredentials(values.natsCreds, io));
  }
  // The secrets of a sink without a valid address are checked, too.
  const isHttp = target?.kind !== 'nats';
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

/** Flags win over the settings of the file. */
export function mergeFlags(table: FlagTable, flags: Given, file: Given): Given {
  const merged: Given = { ...flags };
  for (const flag of Object.values(table)) {
    const name = attributeName(flag.term);
    const isGiven = listGiven({ flag }, flags as never).length > 0;
    if (!isGiven && file[name] !== undefined) merged[name] = file[name];
  }
  return merged;
}
