// `profile show`: what a command would use now, and which source each value came from (contract § 1).
//
// Nothing is written, no key command is run, nothing is connected to.
import { UsageError } from '../../errors.ts';
import type { Io } from '../../io/io.ts';
import { keyPrefix, parseKey } from '../../io/key.ts';
import { findProxyVariable } from '../../settings/proxy-url.ts';
import type { StreamUrl } from '../../settings/stream-url.ts';
import { type KeySource, resolveTarget } from '../../settings/target.ts';
import { printJson, printTable } from './describe.ts';
import type { ShowFlags } from './flags.ts';
import { openContext, type ProfileContext } from './profiles.ts';

/** A value as it is shown; null where there is none. */
interface Setting {
  readonly value: string | null;
  readonly source: string;
}

const NOT_SET: Setting = { value: null, source: 'not set' };

/** Prints every effective value with its source. @throws UsageError, CredentialError, StoreError */
export async function showProfile(name: string | undefined, flags: ShowFlags, io: Io): Promise<void> {
  if (name !== undefined && flags.profile !== undefined && name !== flags.profile) {
    throw new UsageError(`"${name.slice(0, 64)}" and --profile contradict each other`, 'give one of them');
  }
  const context = await openContext(flags, io);
  const chosen = name ?? flags.profile;
  const target = resolveTarget(chosen === undefined ? flags : { ...flags, profile: chosen }, io);
  for (const message of target.warnings)
    context.reporter.report({ event: 'warning', level: 'warn', message });

  const { profile, url } = target;
  const settings: Record<string, Setting> = {
    store: describeStore(context, io),
    profile: profile === undefined ? NOT_SET : { value: profile.value.name, source: profile.source },
    url: url === undefined ? NOT_SET : { value: url.value.base, source: url.source },
    stream: url === undefined ? NOT_SET : { value: url.value.stream, source: 'the url' },
    key: describeKey(target.key, io),
    proxy: await describeProxy(url?.value, io),
    ca_roots: describeVariable('NODE_EXTRA_CA_CERTS', io),
  };
  if (flags.json === true) {
    printJson(io, settings);
    return;
  }
  const rows = Object.entries(settings).map(([label, { value, source }]) => [label, value ?? '-', source]);
  printTable(io, ['VALUE OF', 'IS', 'FROM'], rows);
}

function describeStore({ path }: ProfileContext, io: Io): Setting {
  if (path === undefined) return { value: null, source: 'no home directory' };
  const names = ['ATLANTIS_CONFIG_DIR', 'XDG_CONFIG_HOME', 'APPDATA'];
  const source = names.find((name) => {
    const value = io.env[name];
    return value !== undefined && value !== '' && path.startsWith(value);
  });
  return { value: path, source: source ?? 'default' };
}

function describeKey(key: KeySource | undefined, io: Io): Setting {
  if (key === undefined) return NOT_SET;
  if (key.kind === 'stdin') return { value: null, source: key.source };
  if (key.kind === 'command') return { value: `command ${key.argv[0] ?? ''}`, source: key.source };
  io.redactor.addSecret(key.key.trim());
  return { value: `${keyPrefix(parseKey(key.key, key.source))}…`, source: key.source };
}

async function describeProxy(url: StreamUrl | undefined, io: Io): Promise<Setting> {
  const name = findProxyVariable(io.env);
  if (name === undefined || url === undefined) return { value: null, source: name ?? 'not set' };
  if (url.isLoopback) return { value: null, source: 'never to this machine' };
  const { findProxy } = await import('../../settings/proxy.ts');
  const proxy = findProxy(url.base, io.env);
  if (proxy === undefined) return { value: null, source: 'NO_PROXY' };
  io.redactor.addProxyUrl(proxy);
  return { value: proxy, source: name };
}

function describeVariable(name: string, io: Io): Setting {
  const value = io.env[name];
  return value === undefined || value === '' ? NOT_SET : { value, source: name };
}
