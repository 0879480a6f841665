// Flags, environment and profile → the read-only configuration of a stream and its connection.
import { type ConnectConfig, chooseFirstBudget, fillRetryBounds } from '../connection/config.ts';
import type { KeyOrigin } from '../connection/lifecycle.ts';
import { UsageError } from '../errors.ts';
import { type Flags, type FlagValues, listGiven, parseFlags, pick } from '../flags/definition.ts';
import {
  CSV_IS_COMPLETE,
  ENVELOPES_ARE_NDJSON,
  FIELDS_ARE_COLUMNS,
  HIGHLIGHTS_ARE_FOR_PRETTY,
  NDJSON_IS_COMPLETE,
  STYLES_ARE_FOR_PRETTY,
  sayFieldsRequired,
  sayHighlightRequired,
  sayInvalid,
  sayNotCombinable,
} from '../flags/messages.ts';
import {
  CONNECTION_FLAGS,
  END_FLAGS,
  EVENT_FLAGS,
  FORM_FLAGS,
  GLOBAL_FLAGS,
  type GlobalFlags,
  MONITOR_FLAGS,
  READY_FLAGS,
  REDUNDANCY_FLAGS,
  SIMULATION_FLAGS,
  SOURCE_FLAGS,
} from '../flags/shared-flags.ts';
import type { LOG_FORMATS } from '../flags/values.ts';
import type { Io } from '../io/io.ts';
import { keyPrefix } from '../io/key.ts';
import { hasEscapes, hasLinks, isInteractive } from '../io/terminal.ts';
import type { TrustConfig } from './certificates.ts';
import { findColorMode, readPresets } from './defaults.ts';
import * as say from './messages.ts';
import { createKeyReader, type KeyListener } from './renew-key.ts';
import { parseStreamUrl, type StreamUrl } from './stream-url.ts';
import { findKeyOrigin, readKey, requireUrl, resolveTarget, type TargetFlags } from './target.ts';

/** All flags that `parseStreamFlags` reads; `tail`, `top`, `replay` and `relay` each have some of them. */
export const STREAM_FLAGS = {
  ...GLOBAL_FLAGS,
  ...SOURCE_FLAGS,
  ...CONNECTION_FLAGS,
  ...SIMULATION_FLAGS,
  ...EVENT_FLAGS,
  ...FORM_FLAGS,
  ...END_FLAGS,
  ...READY_FLAGS,
  ...MONITOR_FLAGS,
  ...REDUNDANCY_FLAGS,
};

export type StreamFlags = Flags<typeof STREAM_FLAGS>;
type StreamValues = FlagValues<typeof STREAM_FLAGS>;

export type ConnectionFlags = Flags<typeof CONNECTION_FLAGS>;

export interface ConnectionConfig extends ConnectConfig, TrustConfig {}

/** Settings of the output on stderr. */
export interface LogConfig {
  readonly format: (typeof LOG_FORMATS)[number];
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
  readonly useColor: boolean;
}

export interface StreamSource {
  readonly url: StreamUrl;
  /** A function if the key is read before each attempt (contract P5). */
  readonly key: string | ((signal: AbortSignal) => Promise<string>);
  readonly keyOrigin?: KeyOrigin | undefined;
  /** For `--verbose`: each setting with its source. */
  readonly origins: readonly string[];
  readonly warnings: readonly string[];
}

/** The checked flags of a stream. Durations in ms; undefined: no limit. */
export interface TailConfig
  extends Pick<
    StreamValues,
    | Exclude<keyof typeof FORM_FLAGS, 'format' | 'isJson' | 'links'>
    | keyof typeof END_FLAGS
    | keyof typeof READY_FLAGS
    | keyof typeof MONITOR_FLAGS
    | keyof typeof SIMULATION_FLAGS
  > {
  readonly log: LogConfig;
  readonly connection: ConnectionConfig;
  readonly format: 'pretty' | 'ndjson' | 'csv';
  /** Links to block explorers in pretty output. */
  readonly hasLinks: boolean;
  readonly readsKeyPresses: boolean;
  /** Undefined: all events. */
  readonly filter: { readonly types: readonly string[]; readonly where: readonly string[] } | undefined;
  readonly useColor: boolean;
}

/**
 * @param all `flags` and stored defaults. Conflicts are reported only within `flags`.
 * @throws UsageError; StoreError if a preset or a stored setting cannot be used
 */
export function parseStreamFlags(flags: StreamFlags, io: Io, all = flags): TailConfig {
  const given = parseFlags(STREAM_FLAGS, flags);
  assertCombinable(given, flags);
  const values = parseFlags(STREAM_FLAGS, all);
  const { format, isJson, isEnveloped, links } = values;
  const isPretty = format === 'pretty' || (format === 'auto' && !isJson && !isEnveloped && io.stdout.isTty);
  const useColor = wantsColor(flags, io, io.stdout.isTty);
  return {
    ...values,
    log: parseLogFlags(flags, io),
    connection: parseConnectionFlags(flags, values.timeoutMs),
    format: isPretty ? 'pretty' : format === 'csv' ? 'csv' : 'ndjson',
    filter: parseFilter(values, io),
    useColor,
    readsKeyPresses: isInteractive(io) && io.isStdinTty && !values.isKeyStdin,
    hasLinks: links === 'auto' ? io.stdout.isTty && useColor && hasLinks(io) : links === 'always',
  };
}

function assertCombinable(values: StreamValues, flags: StreamFlags): void {
  assertForm(values);
  assertPrettyFlagsHaveEffect(values, flags);
  if (values.simulate !== undefined) assertSimulateAlone(flags);
}

/** One glob of a list. A comma in braces, in brackets or after a backslash is part of the glob. */
const GLOB = /((?:\\.|\{(?:\\.|[^\\}])*\}?|\[(?:\\.|[^\\\]])*\]?|[^,])*)(?:,|$)/gsy;

function splitGlobs(list: string): string[] {
  const globs: string[] = [];
  for (const [found, glob = ''] of list.matchAll(GLOB)) {
    globs.push(glob.trim());
    if (!found.endsWith(',') || found === glob) break;
  }
  return globs;
}

/** @throws UsageError; StoreError if a preset cannot be read */
export function parseFilter(
  { type, where: given, preset }: Pick<StreamValues, 'type' | 'where' | 'preset'>,
  io: Io,
): TailConfig['filter'] {
  const where = [...given, ...readPresets(preset, io)];
  const types = type.flatMap(splitGlobs);
  if (types.includes('')) {
    throw new UsageError(...sayInvalid('--type', type.join(','), say.TYPES_OR_GLOBS));
  }
  return types.length === 0 && where.length === 0 ? undefined : { types, where };
}

/** @param timeoutMs of the whole run. @throws UsageError */
export function parseConnectionFlags(flags: ConnectionFlags, timeoutMs?: number): ConnectionConfig {
  const { noReconnect, maxReconnects, waitMs, ...values } = parseFlags(CONNECTION_FLAGS, flags);
  const bounds = fillRetryBounds(values.retryMinMs, values.retryMaxMs);
  if (bounds.retryMaxMs < bounds.retryMinMs) {
    throw new UsageError(...say.sayRetryBoundsReversed(flags.retryMax ?? '', flags.retryMin ?? ''));
  }
  if (values.pingIntervalMs === 0 && flags.pongTimeout !== undefined) {
    throw new UsageError(...sayNotCombinable('--pong-timeout', '--ping-interval 0', say.PONGS_NEED_PINGS));
  }
  return {
    ...values,
    ...bounds,
    firstBudget: chooseFirstBudget(waitMs, maxReconnects, timeoutMs),
    maxReconnects: noReconnect ? 0 : (maxReconnects ?? Number.POSITIVE_INFINITY),
  };
}

/** @throws UsageError; StoreError if the stored color mode cannot be used */
export function parseLogFlags(flags: GlobalFlags, io: Io): LogConfig {
  const { logFormat, isQuiet, isVerbose } = parseFlags(GLOBAL_FLAGS, flags);
  if (isQuiet && isVerbose) {
    throw new UsageError(...sayNotCombinable('--quiet', '--verbose'));
  }
  const useColor = logFormat === 'text' && wantsColor(flags, io, io.stderr.isTty);
  return { format: logFormat, isQuiet, isVerbose, useColor };
}

/**
 * `--color` decides, else NO_COLOR (no-color.org), else FORCE_COLOR, else the setting. With `auto`, only a terminal
 * that takes escape sequences gets colors.
 *
 * @throws UsageError; StoreError if the stored color mode cannot be used
 */
export function wantsColor(flags: GlobalFlags, io: Io, isTty: boolean): boolean {
  const { value } = findColorMode(flags, io, isTty);
  return value === 'always' || (value === 'auto' && isTty && hasEscapes(io));
}

/** @throws UsageError, CredentialError, StoreError */
export async function resolveSource(
  flags: TargetFlags,
  io: Io,
  listener: KeyListener,
): Promise<StreamSource> {
  const target = resolveTarget(flags, io);
  const url = requireUrl(target, true);
  const key = await readKey(target, io);
  const origins = [
    say.saySetting('url', url.base, target.url?.source),
    say.saySetting('key', `${keyPrefix(key)}…`, target.key?.source),
    ...(target.profile === undefined
      ? []
      : [say.saySetting('profile', target.profile.value.name, target.profile.source)]),
  ];
  const reader = createKeyReader(target, key, io, listener);
  return { url, key: reader, keyOrigin: findKeyOrigin(target), origins, warnings: target.warnings };
}

export function describeSimulatorSource(baseUrl: string, key: string): StreamSource {
  return {
    url: parseStreamUrl(baseUrl, say.THE_SIMULATOR),
    key,
    keyOrigin: { kind: 'option', source: say.THE_SIMULATOR },
    origins: [say.BUILT_IN_SIMULATOR],
    warnings: [],
  };
}

/** @throws UsageError for formats that exclude each other, and for a flag without the other flag that it requires */
function assertForm({
  format,
  isJson,
  isEnveloped,
  fields,
  hasHeader,
  isWide,
  highlight,
  hasBell,
}: StreamValues): void {
  const refuse = (one: string, other: string | undefined, hint?: string): void => {
    if (other !== undefined) throw new UsageError(...sayNotCombinable(one, other, hint));
  };
  const given = format === 'auto' ? undefined : `--format ${format}`;
  if (format !== 'ndjson') {
    if (isJson) refuse('--json', given);
    if (isEnveloped) refuse('--envelope', given, ENVELOPES_ARE_NDJSON);
  }
  const json = isJson ? '--json' : isEnveloped ? '--envelope' : format === 'ndjson' ? given : undefined;
  if (fields !== undefined) {
    refuse('--fields', json ?? (format === 'pretty' ? given : undefined), FIELDS_ARE_COLUMNS);
  } else if (format === 'csv' || hasHeader) {
    throw new UsageError(...sayFieldsRequired(hasHeader ? '--header' : '--format csv'));
  }
  if (format === 'csv' && isWide) refuse('--wide', given, CSV_IS_COMPLETE);
  if (highlight.length > 0) {
    refuse('--highlight', json ?? (fields === undefined ? undefined : '--fields'), HIGHLIGHTS_ARE_FOR_PRETTY);
  } else if (hasBell) throw new UsageError(...sayHighlightRequired());
}

function assertPrettyFlagsHaveEffect(
  { isJson, isEnveloped, format, fields }: StreamValues,
  flags: StreamFlags,
): void {
  const isNdjson = isJson || isEnveloped || format === 'ndjson';
  const styleFlags = pick(FORM_FLAGS, 'time', 'links', 'theme');
  const prettyFlags = fields !== undefined ? styleFlags : { ...styleFlags, ...pick(FORM_FLAGS, 'isWide') };
  const [flag] = isNdjson || fields !== undefined ? listGiven(prettyFlags, flags) : [];
  if (flag === undefined) return;
  const other =
    fields !== undefined ? '--fields' : isJson ? '--json' : isEnveloped ? '--envelope' : '--format ndjson';
  const why = fields !== undefined ? STYLES_ARE_FOR_PRETTY : NDJSON_IS_COMPLETE;
  throw new UsageError(...sayNotCombinable(flag, other, why));
}

function assertSimulateAlone(flags: StreamFlags): void {
  const [other] = listGiven(SOURCE_FLAGS, flags);
  if (other === undefined) return;
  throw new UsageError(...sayNotCombinable('--simulate', other, say.SIMULATOR_NEEDS_NOTHING));
}
