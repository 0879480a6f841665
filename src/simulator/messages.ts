// Messages of the simulator: its options, scenarios, scripts and address.
import type { ErrorText } from '../errors.ts';
import { explainListenError, withNearest } from '../io/messages.ts';

export const ONLY_WEBSOCKET = 'This path only speaks WebSocket.';

export const ACCEPTED_SIMULATOR_OPTIONS = {
  port: '0 to 65535',
  ratePerSecond: 'events per second, 0 or more',
  count: 'a whole number of at least 0, or Infinity',
  types: (maxCharacters: number) => `one or more, of 1 to ${maxCharacters} characters`,
  keys: 'one or more; omit the option to accept any well-formed key',
} as const;

export const AN_EMPTY_LIST = 'an empty list';

export const saySimulatorOption = (name: string, value: unknown, accepted: string): ErrorText => [
  `the simulator's ${name} cannot be ${value}`,
  `accepted: ${accepted}`,
];

const listScenarios = (names: readonly string[]): string =>
  `scenarios: ${names.join(', ')} (a code from 1000 to 4999)`;

export const sayUnknownScenario = (name: unknown, known: readonly string[]): ErrorText => [
  `unknown scenario ${showValue(name)}`,
  withNearest(listScenarios(known), String(name), known),
];

export const DEFAULT_SUMMARY = 'a script';

export const ACCEPTED_IN_SCRIPTS = {
  nothing: 'no members',
  rate: 'a number from 0 to 1e9, or "max"',
  duration: 'a string such as "500ms", "20s" or "1m30s"',
  flag: 'true or false',
  hex: 'bytes as pairs of hexadecimal digits',
  text: (maxBytes: number) => `a string of at most ${maxBytes} bytes`,
  string: 'a string',
  refusal: 'an object such as {"status":503}',
  step: 'a step, such as {"do":"welcome"}',
  steps: 'an array of steps',
  depth: (levels: number) => `at most ${levels} levels`,
  entry: (names: readonly string[]) => `an object with one of ${names.join(', ')}`,
  oneOf: (names: readonly string[]) => `one of ${names.join(', ')}`,
  entries: 'an array with at least one entry',
  script: 'an object with "connections"',
} as const;

/** A path in a script, for messages that otherwise begin with the name of a flag. */
export const nameInScript = (path: string): string => `${path} in the script:`;

export const SCRIPT_FAULTS = {
  missing: 'it is missing',
  noAct: 'it has no action',
  unknownMember: 'unknown member',
  tooDeep: 'it is nested too deeply',
  unknownStep: (name: unknown) => `unknown step ${showValue(name)}`,
  notCombinable: (names: readonly string[]) => `${names.join(' and ')} cannot be combined`,
  invalid: (value: unknown) => `${showValue(value)} is not valid`,
  notObject: (value: unknown) => `${showValue(value)} is not an object`,
  notArray: (value: unknown) => `${showValue(value)} is not an array`,
  notString: (value: unknown) => `${showValue(value)} is not a string`,
  notRate: (value: unknown) => `${showValue(value)} is not a rate`,
  notDuration: (value: unknown) => `${showValue(value)} is not a duration`,
} as const;

/** Adds the path in the script to the message about a scenario. */
export const sayScenarioInScript = (path: string, message: string, hint: string | undefined): ErrorText => [
  `invalid script at ${path}: ${message}`,
  hint,
];

export const sayInvalidScript = (path: string, fault: string, accepted: string): ErrorText =>
  sayScenarioInScript(path, fault, `accepted: ${accepted}`);

function showValue(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const LISTEN_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: '--port 0 (in a program: port: 0) picks a free one',
  EACCES: 'use a port from 1024 up, or --port 0 (in a program: port: 0) for a free one',
  EADDRNOTAVAIL: 'use 0.0.0.0 for all addresses of the machine',
  ENOTFOUND: 'use an address of this machine',
};

export const saySimulatorCannotListen = (address: string, error: NodeJS.ErrnoException): ErrorText => [
  `the simulator cannot listen on ${address}: ${explainListenError(error)}`,
  LISTEN_ADVICE[error.code ?? ''],
];
