// Flags, environment and profile → one read-only TailConfig; the session never sees a flag.
import type { KeyOrigin } from '../connection/causes.ts';
import { UsageError } from '../errors.ts';
import { COLOR_MODES, FORMATS, LOG_FORMATS, TIME_MODES } from '../flags/choices.ts';
import { optionalDuration, parseChoice, parseCount } from '../flags/values.ts';
import type { Io } from '../io/io.ts';
import { keyPrefix } from '../io/key.ts';
import { type ConnectionConfig, type ConnectionFlags, parseConnectionFlags } from './connection-config.ts';
import { parseStreamUrl, type StreamUrl } from './stream-url.ts';
import { findKeyOrigin, readKey, requireUrl, resolveTarget, type TargetFlags } from './target.ts';

/** The flags of every command. */
export interface GlobalFlags {
  readonly color?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly logFormat?: string;
}

export interface TailFlags extends GlobalFlags, ConnectionFlags {
  readonly simulate?: string | true;
  readonly type?: readonly string[];
  readonly where?: readonly string[];
  readonly format?: string;
  readonly envelope?: boolean;
  readonly json?: boolean;
  readonly time?: string;
  readonly wide?: boolean;
  readonly fields?: string;
  readonly limit?: string;
  readonly duration?: string;
  readonly timeout?: string;
  readonly maxSilence?: string;
  readonly failOnGap?: boolean;
  readonly readyFile?: string;
}

/** How the command speaks on stderr. */
export interface LogConfig {
  readonly format: (typeof LOG_FORMATS)[number];
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly useColor: boolean;
}

/** Where the stream is read from, and who says so. */
export interface StreamSource {
  readonly url: StreamUrl;
  readonly key: string;
  readonly keyOrigin?: KeyOrigin | undefined;
  /** For `--verbose`: each setting with the source that won. */
  readonly origins: readonly string[];
  readonly warnings: readonly string[];
}

/** Everything a tail needs to know. Durations in ms; undefined means without a bound. */
export interface TailConfig {
  readonly log: LogConfig;
  readonly connection: ConnectionConfig;
  readonly format: 'pretty' | 'ndjson';
  /** NDJSON of envelopes and lifecycle records instead of bare events. */
  readonly isEnveloped: boolean;
  /** Paths of the fields to print instead of whole events; undefined for those. */
  readonly fields: string | undefined;
  /** Which events are wanted; undefined where all are. */
  readonly filter: { readonly types: readonly string[]; readonly where: readonly string[] } | undefined;
  readonly useColor: boolean;
  readonly time: (typeof TIME_MODES)[number];
  /** Nothing shortened for the eye. */
  readonly isWide: boolean;
  readonly limit: number | undefined;
  readonly durationMs: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly maxSilenceMs: number | undefined;
  readonly failOnGap: boolean;
  readonly readyFile: string | undefined;
  /** Scenario of the built-in simulator, or undefined to connect to the service. */
  readonly simulate: string | undefined;
}

/** Reads the flags that need no store and no secret. @throws UsageError */
export function parseTailFlags(flags: TailFlags, io: Io): TailConfig {
  const format = parseChoice('--format', flags.format ?? 'auto', FORMATS);
  if (flags.json === true && format === 'pretty') {
    throw new UsageError('--json and --format pretty contradict each other', 'give one of them');
  }
  const isEnveloped = flags.envelope === true;
  if (isEnveloped && format === 'pretty') {
    throw new UsageError('--envelope and --format pretty contradict each other', 'envelopes are NDJSON');
  }
  if (flags.fields !== undefined) refuseBesideFields(flags, format);
  if (flags.simulate !== undefined) refuseBesideSimulate(flags);
  const isPretty =
    format === 'pretty' || (format === 'auto' && flags.json !== true && !isEnveloped && io.stdout.isTty);
  return {
    log: parseLogFlags(flags, io),
    connection: parseConnectionFlags(flags),
    format: isPretty ? 'pretty' : 'ndjson',
    isEnveloped,
    fields: flags.fields,
    filter: parseFilterFlags(flags),
    useColor: wantsColor(flags, io, io.stdout.isTty),
    time: parseChoice('--time', flags.time ?? 'local', TIME_MODES),
    isWide: flags.wide === true,
    limit: flags.limit === undefined ? undefined : parseCount('--limit', flags.limit, 1),
    durationMs: optionalDuration('--duration', flags.duration),
    timeoutMs: optionalDuration('--timeout', flags.timeout),
    maxSilenceMs: optionalDuration('--max-silence', flags.maxSilence),
    failOnGap: flags.failOnGap === true,
    readyFile: flags.readyFile,
    simulate: flags.simulate === true ? 'steady' : flags.simulate,
  };
}

/** A glob up to the comma behind it, or the end: no comma inside braces or a set, or behind a backslash. */
const GLOB = /((?:\\.|\{(?:\\.|[^\\}])*\}?|\[(?:\\.|[^\\\]])*\]?|[^,])*)(?:,|$)/gsy;

function splitGlobs(list: string): string[] {
  const globs: string[] = [];
  for (const [found, glob = ''] of list.matchAll(GLOB)) {
    globs.push(glob.trim());
    if (!found.endsWith(',') || found === glob) break;
  }
  return globs;
}

function parseFilterFlags({ type = [], where = [] }: TailFlags): TailConfig['filter'] {
  const types = type.flatMap(splitGlobs);
  if (types.includes('')) {
    throw new UsageError(
      `invalid --type "${type.join(',')}"`,
      'accepted: event types or globs, separated by commas',
    );
  }
  return types.length === 0 && where.length === 0 ? undefined : { types, where };
}

/** How to speak on stderr. @throws UsageError */
export function parseLogFlags(flags: GlobalFlags, io: Io): LogConfig {
  if (flags.quiet === true && flags.verbose === true) {
    throw new UsageError('--quiet and --verbose contradict each other', 'give one of them');
  }
  const format = parseChoice('--log-format', flags.logFormat ?? 'text', LOG_FORMATS);
  return {
    format,
    isQuiet: flags.quiet === true,
    isVerbose: flags.verbose === true,
    useColor: format === 'text' && wantsColor(flags, io, io.stderr.isTty),
  };
}

/** `--color`, then NO_COLOR (no-color.org) and FORCE_COLOR, then whether it is a terminal that can. */
export function wantsColor(flags: GlobalFlags, io: Io, isTty: boolean): boolean {
  const mode = parseChoice('--color', flags.color ?? 'auto', COLOR_MODES);
  if (mode !== 'auto') return mode === 'always';
  const { NO_COLOR, FORCE_COLOR, TERM } = io.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTty && TERM !== 'dumb';
}

/** URL and key from flag, environment or profile. @throws UsageError, CredentialError, StoreError */
export async function resolveSource(flags: TargetFlags, io: Io): Promise<StreamSource> {
  const target = resolveTarget(flags, io);
  const url = requireUrl(target, true);
  const key = await readKey(target, io);
  const origins = [
    `url ${url.base} from ${target.url?.source ?? 'nowhere'}`,
    `key ${keyPrefix(key)}… from ${target.key?.source ?? 'nowhere'}`,
    ...(target.profile === undefined
      ? []
      : [`profile ${target.profile.value.name} from ${target.profile.source}`]),
  ];
  return { url, key, keyOrigin: findKeyOrigin(target), origins, warnings: target.warnings };
}

/** The source that a running simulator is. */
export function describeSimulatorSource(baseUrl: string, key: string): StreamSource {
  return {
    url: parseStreamUrl(baseUrl, 'the simulator'),
    key,
    keyOrigin: { kind: 'option', source: 'the simulator' },
    origins: ['the built-in simulator'],
    warnings: [],
  };
}

function refuseBesideFields(flags: TailFlags, format: string): void {
  const other =
    flags.json === true ? '--json' : flags.envelope === true ? '--envelope' : `--format ${format}`;
  if (other === '--format auto') return;
  throw new UsageError(
    `--fields and ${other} contradict each other`,
    'fields are columns on a terminal, and tab-separated in a pipe',
  );
}

function refuseBesideSimulate(flags: TailFlags): void {
  const other = (['url', 'profile', 'keyStdin'] as const).find((name) => flags[name] !== undefined);
  if (other === undefined) return;
  const flag = other === 'keyStdin' ? '--key-stdin' : `--${other}`;
  throw new UsageError(
    `--simulate and ${flag} contradict each other`,
    'the simulator needs no URL and no key',
  );
}
