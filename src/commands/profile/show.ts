// `profile list`, `show` and `path`. They write nothing, run no key command and do not connect.
import { UsageError } from '../../errors.ts';
import { sayNotCombinable } from '../../flags/messages.ts';
import type { Io } from '../../io/io.ts';
import { keyPrefix } from '../../io/key.ts';
import { print, printJson, printTable } from '../../io/print.ts';
import { noHomeDirectory } from '../../profiles/read.ts';
import { makeVisible } from '../../render/sanitize.ts';
import { describeSettings, NOT_SET, type Setting } from '../../settings/defaults.ts';
import { shortenName } from '../../settings/messages.ts';
import { findProxy, findProxyVariable } from '../../settings/proxy.ts';
import type { StreamUrl } from '../../settings/stream-url.ts';
import { readKey, readVariable, resolveTarget, type Target } from '../../settings/target.ts';
import { describeKey, describeProfile, openContext, type ProfileContext, readProfiles } from './context.ts';
import type { PrintFlags, ShowFlags } from './flags.ts';
import { CELLS, NO_PROFILES } from './messages.ts';

/** @throws StoreError */
export async function listProfiles(flags: PrintFlags, io: Io): Promise<void> {
  const context = await openContext(flags, io);
  const file = readProfiles(context, io);
  const records = [...file.profiles.values()].map((profile) => describeProfile(profile, file.current));
  if (flags.json === true) {
    printJson(io, records);
    return;
  }
  if (records.length === 0) {
    context.say(NO_PROFILES);
    return;
  }
  const rows = records.map((record) => [
    `${record.current ? '*' : ' '} ${record.name}`,
    record.url ?? CELLS.invalidUrl,
    record.key_command ?? describeKey(record),
    record.key_source,
  ]);
  printTable(io, ['  NAME', 'URL', 'KEY', 'SOURCE'], rows);
}

/** The store need not exist. @throws StoreError without a home directory */
export async function printPath(flags: PrintFlags, io: Io): Promise<void> {
  const { path } = await openContext(flags, io);
  if (path === undefined) throw noHomeDirectory();
  if (flags.json === true) printJson(io, { path });
  // A script gets the path unchanged.
  else print(io, `${io.stdout.isTty ? makeVisible(path) : path}\n`);
}

/** Shows what a command would use now (contract § 1). @throws UsageError, CredentialError, StoreError */
export async function showProfile(name: string | undefined, flags: ShowFlags, io: Io): Promise<void> {
  if (name !== undefined && flags.profile !== undefined && name !== flags.profile) {
    throw new UsageError(...sayNotCombinable(`"${shortenName(name)}"`, '--profile'));
  }
  const context = await openContext(flags, io);
  const chosen = name ?? flags.profile;
  const target = resolveTarget(chosen === undefined ? flags : { ...flags, profile: chosen }, io);
  target.warnings.forEach(context.warn);
  const { profile, url } = target;
  const settings: Record<string, Setting> = {
    store: describeStore(context, io),
    profile: profile === undefined ? NOT_SET : { value: profile.value.name, source: profile.source },
    url: url === undefined ? NOT_SET : { value: url.value.base, source: url.source },
    stream: url === undefined ? NOT_SET : { value: url.value.stream, source: 'url' },
    key: await describeKeySource(target, io),
    proxy: describeProxy(url?.value, io),
    ca_roots: describeVariables(['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'], io),
    ...describeSettings(flags, io),
  };
  if (flags.json === true) {
    printJson(io, settings);
    return;
  }
  const rows = Object.entries(settings).map(([label, { value, source }]) => [label, value ?? '-', source]);
  printTable(io, ['SETTING', 'VALUE', 'SOURCE'], rows);
}

function describeStore({ path }: ProfileContext, io: Io): Setting {
  if (path === undefined) return { value: null, source: CELLS.noHome };
  const names = ['ATLANTIS_CONFIG_DIR', 'XDG_CONFIG_HOME', 'APPDATA'];
  const source = names.find((name) => {
    const value = readVariable(io.env, name);
    return value !== undefined && path.startsWith(value);
  });
  return { value: path, source: source ?? 'default' };
}

async function describeKeySource(target: Target, io: Io): Promise<Setting> {
  const { key } = target;
  if (key === undefined) return NOT_SET;
  if (key.kind === 'stdin') return { value: null, source: key.source };
  if (key.kind === 'command') {
    return { value: key.keychain ?? CELLS.command(key.argv[0]), source: key.source };
  }
  return { value: `${keyPrefix(await readKey(target, io))}…`, source: key.source };
}

function describeProxy(url: StreamUrl | undefined, io: Io): Setting {
  const name = findProxyVariable(io.env);
  if (name === undefined || url === undefined) return { value: null, source: name ?? NOT_SET.source };
  if (url.isLoopback) return { value: null, source: CELLS.unusedForLoopback };
  const proxy = findProxy(url.base, io.env);
  if (proxy === undefined) return { value: null, source: 'NO_PROXY' };
  io.redactor.addProxyUrl(proxy);
  return { value: proxy, source: name };
}

/** The different values of the variables that are set. */
function describeVariables(names: readonly string[], io: Io): Setting {
  const set = names.filter((name) => readVariable(io.env, name) !== undefined);
  if (set.length === 0) return NOT_SET;
  const values = new Set(set.map((name) => readVariable(io.env, name)));
  return { value: [...values].join(', '), source: set.join(', ') };
}
