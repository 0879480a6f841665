// Messages of the library about its options and its use.
import type { ErrorText } from '../errors.ts';

/** The source of a value, for messages of `settings/`. */
export const nameOption = (name: string): string => `the option ${name}`;
export const OPTIONS_NAME = 'the options';
/** Names of the filters in messages, after "invalid". */
export const FILTER_OPTIONS = { type: 'value of the option type', where: 'value of the option where' };

export const ACCEPTED_STREAM_OPTIONS = {
  options: 'an object',
  url: 'the base URL that came with the key',
  signal: 'an AbortSignal',
  useEnvironment: 'true or false',
  systemCa: 'true or false',
  proxy: 'a URL',
  texts: 'a non-empty string, or a list of them',
  maxReconnects: 'an integer of at least 0, or Infinity',
  connections: (most: number) => `an integer from 1 to ${most}`,
  overlap: 'true or false',
  id: 'the path of a field, such as id or meta.id',
  duration: (least: number, most: number) => `a number of ms from ${least} to ${most} (a year)`,
  retryMaxMs: 'at least retryMinMs',
  callback: 'a function',
} as const;

/** Descriptions that messages show instead of a value. */
export const DESCRIPTIONS = {
  object: 'an object',
  notString: 'a value that is not a string',
  any: 'this value',
} as const;

export const sayInvalidOptions = (shown: string): ErrorText => [
  `the options of stream() cannot be ${shown}`,
  `accepted: ${ACCEPTED_STREAM_OPTIONS.options}`,
];

export const sayInvalidOption = (name: string, shown: string, accepted: string): ErrorText => [
  `${nameOption(name)} cannot be ${shown}`,
  `accepted: ${accepted}`,
];

export const sayUnknownOption = (name: string, known: readonly string[]): ErrorText => [
  `stream() has no option "${name.slice(0, 64)}"`,
  `accepted: ${known.join(', ')}`,
];

export const sayKeyOptionInvalid = (): ErrorText => [
  'the option key is neither a string nor a function',
  'accepted: the API key, or a function that returns it',
];

export const sayNoKeyReturned = (ms: number): ErrorText => [
  `the function in the option key returned no key within ${ms} ms`,
  'it must return a string; raise connectTimeoutMs to allow more time',
];

export const sayAlreadyIterated = (): ErrorText => [
  'this stream has already been iterated',
  'each stream is a single run; call stream() again for another one',
];

const OPTION_OF_FLAG: readonly (readonly [flag: string, option: string])[] = [
  ['--ca-cert <file>', 'the option ca'],
  ['--ca-cert', 'the option ca'],
  ['--system-ca', 'systemCa'],
  ['--connect-timeout', 'the option connectTimeoutMs'],
  ['--ping-interval and --pong-timeout', 'the options pingIntervalMs and pongTimeoutMs'],
  ['--ping-interval', 'pingIntervalMs'],
  ['--url', 'the option url'],
];

export function translateHint(hint: string): string {
  return OPTION_OF_FLAG.reduce((text, [flag, option]) => text.replaceAll(flag, option), hint);
}
