// Messages of `stream relay` about its flags; those about a delivery are in `delivery/messages.ts`.
import type { Damage, Hole } from '../../delivery/spool/inspect.ts';
import { type ErrorText, EXIT } from '../../errors.ts';
import { sayInvalid, sayRequires } from '../../flags/messages.ts';
import { COMPACT_HINT } from '../../recording/messages.ts';
import { formatCount, formatDuration, formatMoment, groupThousands } from '../../ui/format.ts';
import type { StatusRecord } from '../../ui/reporter.ts';

export const AN_EVENT_SOURCE =
  'a URI reference of at most 200 characters, such as https://example.com/stream or /atlantis/stream';
export const AN_ID_PATH = 'a path such as id, data.id or items[0].id';
export const ID_PATH_ADVICE = `accepted: ${AN_ID_PATH}`;
/** Why flags of a stream have no effect on --redeliver. */
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

/** Not repeated: it may be a secret. */
export const sayInvalidUrlVariable = (): ErrorText =>
  sayInvalid('--to-env', undefined, 'the name of an environment variable, not the URL');

export const ONE_URL = 'one URL';
export const SIGNING_SECRETS = 'signing secrets';

/** @param content such as ONE_URL */
export const sayFileUnreadable = (flag: string, path: string, code: string, content: string): ErrorText => [
  `${flag}: "${path}" cannot be read (${code})`,
  `accepted: a file with ${content}`,
];

/**
 * @param place the variable or file of the secret
 * @param hosts those of all HTTP sinks
 */
export const saySecretForHosts = (flag: string, place: string, hosts: readonly string[]): ErrorText => [
  `${flag}: ${place} would be sent to ${hosts.join(' and ')}`,
  `say which of them it is for: ${place}@${hosts[0]}`,
];

export const saySecretForUnknownHost = (flag: string, host: string, hosts: readonly string[]): ErrorText => [
  `${flag}: no HTTP sink has the host ${host}`,
  hosts.length === 0 ? 'add an https:// sink' : `the sinks have ${hosts.join(', ')}`,
];

export const sayDeadLettersTwice = (): ErrorText => [
  '--dead-letter and --redeliver name the same file',
  'use another file for new dead letters',
];

export const sayNotRedeliverable = (path: string, isPrettyPrinted: boolean): ErrorText => [
  `--redeliver ${JSON.stringify(path)} is not a dead-letter file`,
  isPrettyPrinted ? COMPACT_HINT : 'nothing was sent: pass a file that --dead-letter wrote',
];

/** @param needed the term of a flag, such as `--spool <dir>` */
export const sayFlagRequired = (flags: readonly string[], needed: string): ErrorText =>
  sayRequires(flags, needed.replace(/ .*/, ''), `add ${needed}`);

export const sayCreateRequired = (): ErrorText =>
  sayRequires(
    ['--stream-max-age', '--stream-max-bytes', '--stream-replicas', '--dedupe-window'],
    '--create',
    'they apply only to a new stream',
  );

export const sayDedupeWindowTooLong = (): ErrorText => [
  '--dedupe-window is longer than --stream-max-age',
  'a deleted message cannot be recognized as a duplicate',
];

/** Not repeated: it may be a secret. */
export const sayInvalidHeaderVariable = (): ErrorText =>
  sayInvalid(
    '--header-env',
    undefined,
    'Header=NAME, where NAME is an environment variable that contains the value, or Header=NAME@host',
  );

/** Not repeated: it may be a secret. */
export const sayInvalidSecretVariable = (): ErrorText =>
  sayInvalid(
    '--sign-with-env',
    undefined,
    'the name of an environment variable, not the secret, or NAME@host',
  );

/**
 * Not repeated: it is a secret.
 *
 * @param place the flag with its variable or file
 */
export const sayInvalidSigningSecret = (place: string): ErrorText => [
  `${place}: not a signing secret`,
  'accepted: whsec_ and the base64 of 24 to 64 bytes, for example whsec_$(openssl rand -base64 32); several are separated by spaces or line breaks',
];

export const sayVariableMissing = (flag: string, variable: string): ErrorText => [
  `${flag}: the variable ${variable} is not set`,
  `export ${variable}=…`,
];

export const INSPECTION_IS_ALONE =
  'an inspection delivers nothing: pass --json or --export, and flags for stderr';

export const sayInspectRequired = (flags: readonly string[]): ErrorText =>
  sayRequires(flags, '--inspect', 'add --inspect <dir>');

export const sayNoSpool = (path: string): ErrorText => [
  `--inspect ${JSON.stringify(path)}: no spool there`,
  'pass the directory of --spool, or the directory of one sink in it',
];

export const saySeveralSpools = (folders: readonly string[]): ErrorText => [
  `--export: there are spools of ${folders.length} sinks`,
  `export one of them: ${folders.map((folder) => JSON.stringify(folder)).join(', ')}`,
];

/** Labels of the report of `--inspect`. */
export const LABELS = {
  pending: 'pending',
  firstEvent: 'first event',
  lastEvent: 'last event',
  written: 'written',
  disk: 'on disk',
  cursor: 'cursor',
  hole: 'missing',
  damage: 'damaged',
  healthy: 'damage',
} as const;

export const INSPECTED = {
  none: 'none',
  noCursor: 'missing or damaged: a relay sends everything again',
  pending: (events: number, lifecycle: number, bytes: number) =>
    `${formatCount(events, 'event')}, ${formatCount(lifecycle, 'lifecycle record')}, ${formatCount(bytes, 'byte')}`,
  disk: (segments: number, bytes: number) =>
    `${formatCount(segments, 'segment')}, ${formatCount(bytes, 'byte')}`,
  cursor: (acknowledged: number, inFlight: number) =>
    `${groupThousands(acknowledged)} acknowledged, ${groupThousands(inFlight)} in flight as one unit`,
  written: (oldest: string, last: string) => `first pending segment ${oldest}, last write ${last}`,
  ago: (wallMs: number, ageMs: number) =>
    `${formatMoment(wallMs)} (${formatDuration(Math.max(0, ageMs))} ago)`,
  event: (number: number, time: string, text: string) => `#${number}${time}  ${text}`,
  hole: ({ first, records }: Hole) =>
    `${formatCount(records, 'message')}, #${first} to #${first + records - 1}: the segment is missing`,
  damage: ({ file, offset, bytes, records, kind }: Damage) =>
    `${file}, ${formatCount(bytes, 'byte')} at offset ${offset}: ${DAMAGE[kind]}${records === 0 ? '' : `, ${formatCount(records, 'message')} lost`}`,
  more: (count: number) => `and ${groupThousands(count)} more`,
} as const;

const DAMAGE = {
  unreadable: 'cannot be read',
  incomplete: 'an incomplete record, which the next relay removes',
  'not-a-segment': 'not a segment of a spool',
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
  figures: { events, duration_ms: Math.round(durationMs), damaged: faults },
});
export const HEALTH_IS_ALONE = 'it only asks another process';

/** @param page the URL that was asked */
export const sayUnhealthy = (page: string, problem: string): StatusRecord => ({
  event: 'error',
  level: 'error',
  message: `${page} ${problem}`,
  hint: 'see the stderr of that process',
  figures: { exit_code: EXIT.unreachable },
});

export const describeBadAnswer = (status: number | undefined, body: string): string =>
  `answered ${status}: ${body.trim()}`;
export const describeNoAnswer = (ms: number): string => `did not answer within ${ms / 1_000} s`;
export const describeUnreachable = (why: string): string => `cannot be reached: ${why}`;
