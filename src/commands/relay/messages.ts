// Messages of `stream relay` about its flags; those about a delivery are in `delivery/messages.ts`.
import type { ErrorText } from '../../errors.ts';
import { sayInvalid, sayRequires } from '../../flags/messages.ts';

export const A_HEADER_NAME = 'the name of a header';
export const AN_ID_PATH = 'a path such as id, data.id or items[0].id';
export const ID_PATH_ADVICE = `accepted: ${AN_ID_PATH}`;
/** Why flags of a stream have no effect on --redeliver. */
export const NO_STREAM_IS_OPENED = 'all events of the file are sent, and no stream is opened';

export const NOT_A_DEAD_LETTER = 'it is not a dead letter';

export const sayToRequired = (): ErrorText => ['--to is required', 'accepted: nats://…, tls://…, https://…'];

export const sayNoStreamInTo = (host: string): ErrorText => [
  `--to ${host}: no stream in the URL`,
  'add --stream <name>, or /<name> to the URL',
];

export const saySinkTwice = (): ErrorText => ['--to names the same sink twice', 'list each sink only once'];

export const sayDeadLettersTwice = (): ErrorText => [
  '--dead-letter and --redeliver name the same file',
  'use another file for new dead letters',
];

export const sayNotRedeliverable = (path: string): ErrorText => [
  `--redeliver ${JSON.stringify(path)} is not a dead-letter file`,
  'nothing was sent: pass a file that --dead-letter wrote',
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
    'Header=NAME, where NAME is an environment variable that contains the value',
  );

/** Not repeated: it may be a secret. */
export const sayInvalidSecretVariable = (): ErrorText =>
  sayInvalid('--sign-with-env', undefined, 'the name of an environment variable, not the secret');

export const sayVariableMissing = (flag: string, variable: string): ErrorText => [
  `${flag}: the variable ${variable} is not set`,
  `export ${variable}=…`,
];
