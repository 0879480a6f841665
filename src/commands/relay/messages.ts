// Messages of `stream relay`, except those about a delivery (`delivery/messages.ts`).
import { type ErrorText, EXIT } from '../../errors.ts';
import type { Reformatting } from '../../events/json-line.ts';
import { sayInvalid, sayRequires } from '../../flags/messages.ts';
import { REFORMATTED_HINTS } from '../../recording/messages.ts';
import { formatCount, formatDuration, formatMoment, groupThousands } from '../../ui/format.ts';
import type { StatusRecord } from '../../ui/reporter.ts';

export const ACCEPTED_EVENT_SOURCE =
  'a URI reference of at most 200 characters, such as https://example.com/stream or /atlantis/stream';
export const NO_STREAM_IS_OPENED = 'all events of the file are sent, and no stream is opened';

export const NOT_A_DEAD_LETTER = 'it is not a dead letter';

export const saySinkRequired = (): ErrorText => [
  'a sink is required: --to, --to-env or --to-file',
  'accepted: nats://…, tls://…, https://…',
];

export const sayNoStream = (flag: string, host: string): ErrorText => [
  `${flag}: no stream in the URL of ${host}`,
  'add --stream <name>, or /<name> to the URL',
];

export const saySinkTwice = (): ErrorText => ['the same sink is given twice', 'list each sink only once'];

/** Does not quote the value, which may be a secret. */
export const sayInvalidUrlVariable = (): ErrorText =>
  sayInvalid('--to-env', undefined, 'the name of an environment variable, not the URL');

/** @param place the variable or file of the secret */
export const saySecretForHosts = (flag: string, place: string, hosts: readonly string[]): ErrorText => [
  `${flag}: ${place} would be used for ${hosts.join(' and ')}`,
  `name the host that it is for: ${place}@${hosts[0]}`,
];

export const saySecretForUnknownHost = (flag: string, host: string, hosts: readonly string[]): ErrorText => [
  `${flag}: no HTTP sink has the host ${host}`,
  hosts.length === 0 ? 'add an https:// sink' : `hosts of the sinks: ${hosts.join(', ')}`,
];

export const sayDeadLettersTwice = (): ErrorText => [
  '--dead-letter and --redeliver name the same file',
  'use another file for new dead letters',
];

export const sayNotRedeliverable = (path: string, reformatting: Reformatting | undefined): ErrorText => [
  `--redeliver ${JSON.stringify(path)} is not a dead-letter file`,
  reformatting !== undefined
    ? REFORMATTED_HINTS[reformatting]
    : 'nothing was sent: pass a file that --dead-letter wrote',
];

/** @param needed a flag with its argument, such as `--spool <dir>` */
export const sayFlagRequired = (flags: readonly string[], needed: string, why: string): ErrorText =>
  sayRequires(flags, needed.replace(/ .*/, ''), `add ${needed}${why}`);

/** Why flags require `--create`. */
export const FOR_NEW_STREAMS = '; they apply only to a new stream';

export const sayDedupeWindowUnused = (): ErrorText =>
  sayRequires(['--dedupe-window'], '--create or --connections', 'it has no effect without either');

/** @param fallback the default, if the flag is not given */
export const sayDedupeWindowTooLong = (fallback: string | undefined): ErrorText => [
  `--dedupe-window${fallback === undefined ? '' : ` (default: ${fallback})`} is longer than --stream-max-age`,
  'use a shorter one: JetStream rejects a duplicate window that is longer than the maximum age',
];

/** Does not quote the value, which may be a secret. */
export const sayInvalidHeaderVariable = (): ErrorText =>
  sayInvalid(
    '--header-env',
    undefined,
    'Header=NAME, where NAME is an environment variable that contains the value, or Header=NAME@host',
  );

/** Does not quote the value, which may be a secret. */
export const sayInvalidSecretVariable = (): ErrorText =>
  sayInvalid(
    '--sign-with-env',
    undefined,
    'the name of an environment variable, not the secret, or NAME@host',
  );

/** Does not quote the secret. @param place the flag with its variable or file */
export const sayInvalidSigningSecret = (place: string): ErrorText => [
  `${place}: not a signing secret`,
  'accepted: whsec_ followed by 24 to 64 bytes in base64, for example whsec_$(openssl rand -base64 32); separate several secrets with spaces or line breaks',
];

export const sayVariableMissing = (flag: string, variable: string): ErrorText => [
  `${flag}: the variable ${variable} is not set`,
  `export ${variable}=…`,
];

export const sayInvalidSecret = (flag: string, variable: string): ErrorText => [
  `${flag}: the value of ${variable} must be one line of text without control characters`,
  'remove line breaks inside it',
];

export const INSPECTION_IS_ALONE =
  '--inspect delivers nothing: combine it only with --json, --export and flags for stderr output';

export const sayInspectRequired = (flags: readonly string[]): ErrorText =>
  sayRequires(flags, '--inspect', 'add --inspect <dir>');

export const sayNoSpool = (path: string): ErrorText => [
  `--inspect ${JSON.stringify(path)}: no spool there`,
  'pass the directory of --spool, or the directory of one sink in it',
];

export const saySeveralSpools = (directories: readonly string[]): ErrorText => [
  `--export: the directory contains the spools of ${directories.length} sinks`,
  `export one of them: ${directories.map((directory) => JSON.stringify(directory)).join(', ')}`,
];

/** Labels of the report of `--inspect`. */
export const LABELS = {
  pending: 'pending',
  firstEvent: 'first event',
  lastEvent: 'last event',
  written: 'last write',
  disk: 'on disk',
  cursor: 'cursor',
  missing: 'missing',
  damaged: 'damaged',
  damage: 'damage',
} as const;

export const INSPECTED = {
  none: 'none',
  noCursor: 'missing or damaged: the next run sends everything again',
  lostCursor: 'the cursor is missing or damaged: events that were already delivered are exported, too',
  pending: (events: number, lifecycle: number, bytes: number) =>
    `${formatCount(events, 'event')}, ${formatCount(lifecycle, 'lifecycle record')}, ${formatCount(bytes, 'byte')}`,
  disk: (segments: number, bytes: number) =>
    `${formatCount(segments, 'segment')}, ${formatCount(bytes, 'byte')}`,
  cursor: (acknowledged: number, inFlight: number) =>
    `${groupThousands(acknowledged)} acknowledged, ${groupThousands(inFlight)} in the batch in flight`,
  /** @param oldest undefined if nothing is pending */
  written: (oldest: string | undefined, last: string) =>
    oldest === undefined ? last : `${oldest} (first pending segment), ${last} (newest segment)`,
  ago: (wallMs: number, ageMs: number) =>
    `${formatMoment(wallMs)} (${formatDuration(Math.max(0, ageMs))} ago)`,
  event: (number: number, time: string, text: string) => `#${number}${time}  ${text}`,
  more: (count: number) => `and ${groupThousands(count)} more`,
} as const;

export const sayFoundInSpool = (message: string): StatusRecord => ({
  event: 'warning',
  level: 'warn',
  message,
});

export const sayExported = (events: number, durationMs: number, faults: number): StatusRecord => ({
  event: 'summary',
  level: 'info',
  message: `exported ${formatCount(events, 'event')} in ${formatDuration(durationMs)}, found ${formatCount(faults, 'damaged or missing part')}`,
  fields: { events, duration_ms: Math.round(durationMs), damaged: faults },
});

export const sayInvalidSecretFile = (flag: string, path: string): ErrorText => [
  `${flag}: ${JSON.stringify(path)} must contain exactly one line of text`,
  'accepted: a file with the value and nothing else',
];

export const IN_THE_FILE = 'set it in the configuration file';

export const sayConfigRequired = (): ErrorText =>
  sayRequires(['--check'], '--config', 'add --config <file>, the file to check');

export const THE_SOURCE = 'the source';

export const sayConfigValid = (path: string, sinks: number): StatusRecord => ({
  event: 'setting',
  level: 'info',
  message: `${JSON.stringify(path)} is valid: ${formatCount(sinks, 'sink')}`,
  fields: { path, sinks },
});

/** What a reload did, by the names of the sinks. */
export interface Changes {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: readonly string[];
}

export const sayReloaded = (changes: Changes): StatusRecord => {
  const { added, changed, removed, unchanged } = changes;
  const parts = Object.entries({ added, changed, removed, unchanged })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${names.join(', ')}`);
  return {
    event: 'setting',
    level: 'info',
    message: `configuration reloaded; ${parts.join('; ')}`,
    fields: {
      added: added.length,
      changed: changed.length,
      removed: removed.length,
      unchanged: unchanged.length,
    },
  };
};

export const sayNotReloaded = (error: { message: string; hint?: string | undefined }): StatusRecord => ({
  event: 'warning',
  level: 'error',
  message: `configuration not reloaded, the previous one stays in use: ${error.message}`,
  hint: error.hint,
});

export const sayRestartNeeded = (settings: readonly string[]): StatusRecord => ({
  event: 'warning',
  level: 'warn',
  message: `restart the relay to apply changes to ${settings.join(', ')}`,
});

export const HEALTH_IS_ALONE = 'use --health alone: it only queries another process';

/** @param page the URL that was requested */
export const sayUnhealthy = (page: string, [problem, hint]: ErrorText): StatusRecord => ({
  event: 'error',
  level: 'error',
  message: `${page} ${problem}`,
  hint,
  fields: { exit_code: EXIT.unreachable },
});

const SEE_LOG = 'check the log (stderr) of that process';
export const describeBadAnswer = (status: number | undefined, body: string): ErrorText => [
  `answered ${status}: ${body.trim()}`,
  SEE_LOG,
];
export const describeNoAnswer = (ms: number): ErrorText => [`did not answer within ${ms / 1_000} s`, SEE_LOG];
export const describeUnreachable = (why: string): ErrorText => [
  `cannot be reached: ${why}`,
  'check that the process is running, with this address as its --metrics-listen',
];
