// Messages of `stream relay` about its flags; those about a delivery are in `delivery/messages.ts`.
import { type ErrorText, EXIT } from '../../errors.ts';
import { sayInvalid, sayRequires } from '../../flags/messages.ts';
import { COMPACT_HINT } from '../../recording/messages.ts';
import type { StatusRecord } from '../../ui/reporter.ts';

export const A_HEADER_NAME = 'the name of a header';
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

export const sayUrlFileUnreadable = (path: string, code: string): ErrorText => [
  `--to-file: "${path}" cannot be read (${code})`,
  'accepted: a file with one URL',
];

/** @param hosts those of all HTTP sinks */
export const saySecretForHosts = (flag: string, variable: string, hosts: readonly string[]): ErrorText => [
  `${flag}: ${variable} would be sent to ${hosts.join(' and ')}`,
  `say which of them it is for: ${variable}@${hosts[0]}`,
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

export const sayVariableMissing = (flag: string, variable: string): ErrorText => [
  `${flag}: the variable ${variable} is not set`,
  `export ${variable}=…`,
];

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
