// Messages of `stream simulate`.
import type { ErrorText } from '../../errors.ts';
import { explainWriteError } from '../../io/messages.ts';
import type { StatusRecord } from '../../ui/reporter.ts';

export const THE_SCRIPT = 'the script';
export const RATE_HINT = 'to set the pace of a scenario, use --rate';
export const ACCEPTED_MADE_UP_KEY = 'a made-up key: "ak_" and printable ASCII without spaces';

export const sayScriptNotJson = (path: string, position: string): ErrorText => [
  `${THE_SCRIPT} ${JSON.stringify(path)} is not JSON: ${position}`,
  'see docs/scenario.schema.json for the format',
];

export const sayCertificateNotWritten = (directory: string, error: unknown): ErrorText => [
  `the certificate could not be written to ${directory}: ${explainWriteError(error)}`,
  'set TMPDIR to a directory that this user can write to',
];

export const sayReplayFromStdin = (): ErrorText => [
  '--replay requires a file',
  'write the events to a file first: stdin can only be read once, not for every client',
];

export const sayReplayNotAFile = (path: string): ErrorText => [
  `the recording ${JSON.stringify(path)} is not a regular file`,
  'write it to a file first, because every client reads it from the start',
];

export const nameReplay = (path: string): string => `the recording ${path}`;

export function sayRecordingGone(path: string): StatusRecord {
  return {
    event: 'error',
    level: 'error',
    message: `the recording ${JSON.stringify(path)} no longer exists: rejected a client with 500`,
    hint: 'put it back, or start the simulator again with another recording',
  };
}

/** A line that begins with a space is not wrapped. */
export function describeReadySimulator(
  url: string,
  host: string,
  certificate: string | undefined,
  command: readonly string[],
  { isForAll, isOpen }: { readonly isForAll: boolean; readonly isOpen: boolean },
): string[] {
  return [
    `Simulator ready at ${url}`,
    ...(certificate === undefined ? [] : [`Certificate: ${certificate}`]),
    'Tail it from another terminal:',
    ...command.map((line) => `  ${line}`),
    ...(isForAll ? [`It listens on every address of this machine (${host}).`] : []),
    ...(isOpen ? ['Other machines on the network can connect with any key that it accepts.'] : []),
    ...(isOpen && certificate === undefined
      ? ['`tail` refuses an unencrypted server that is not on loopback: start the simulator with --tls.']
      : []),
    'Press Ctrl-C to stop.',
  ];
}
