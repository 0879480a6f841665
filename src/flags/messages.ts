// Messages about the command line: commands, flags and their values.
import type { ErrorText } from '../errors.ts';
import { KEY_IN_HISTORY, KEY_SOURCES, withNearest } from '../io/messages.ts';

export const ACCEPTED_RATE = 'a number such as 5, 0.5 or 50000, or max';
export const ACCEPTED_RATE_ABOVE_ZERO = 'a number above 0, such as 5, 0.5 or 50000, or max';
export const ACCEPTED_SIZE = 'a size such as 500KB, 100M or 1GiB';
export const ACCEPTED_LISTEN_ADDRESS =
  'an address such as 127.0.0.1:9464, [::1]:9464 or :9464, or 0.0.0.0:9464 for all addresses';
export const ACCEPTED_SPEED = 'a factor such as 1x, 10x or 0.5x, or max';

/** In the help of commands with pretty output. */
export const ARROWS =
  'in pretty output, the arrow points to the receiver; for address_activity, the watched address is on the left';

export const UP_TO_A_YEAR = ', up to a year';
export const MORE_THAN_ZERO = ', more than zero';

/** @param zero what `0` means, if it is accepted */
export const describeDurations = (zero: string | undefined, limit = ''): string =>
  `a duration such as 500ms, 20s, 5m, 1h30m or 7d${limit}${zero === undefined ? '' : `; 0 ${zero}`}`;

/** @param more what else is accepted */
export const describeTimes = (more: string): string =>
  `a duration such as 10m,${more === '' ? ' or' : ''} a time such as 2026-01-31T12:00Z${more}`;

export const describeTimeModes = (modes: readonly string[]): string =>
  `${modes.join(', ')}, or a time zone such as Europe/Berlin`;

export const describeCounts = (min: number, max: number): string =>
  `a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`;

/** @param value undefined if it must not be shown */
export const sayInvalid = (flag: string, value: string | undefined, accepted: string): ErrorText => [
  value === undefined ? `invalid ${flag}` : `invalid ${flag} "${value.slice(0, 100)}"`,
  `accepted: ${accepted}`,
];

/** @param usage such as `-n, --limit <n>` */
export const sayValueMissing = (flag: string, usage: string, flagInstead?: string): ErrorText => [
  `${flag} needs a value${flagInstead === undefined ? '' : `, but ${flagInstead} is a flag`}`,
  `usage: ${usage}`,
];

export const sayNotCombinable = (one: string, other: string, hint = 'use only one of them'): ErrorText => [
  `${one} and ${other} cannot be combined`,
  hint,
];

/** @param flags that have no effect without `needed` */
export const sayRequires = (flags: readonly string[], needed: string, hint: string): ErrorText => [
  `${joinNames(flags)} ${flags.length === 1 ? 'requires' : 'require'} ${needed}`,
  hint,
];

/** `a, b and c`. */
function joinNames(names: readonly string[]): string {
  return names.length === 1 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Adds a line that refers to the help of a command. @param command its path */
export const withHelp = ([problem, hint]: ErrorText, command: string): ErrorText => [
  problem,
  `${hint === undefined ? '' : `${hint}\n`}see \`${command} --help\``,
];

export const sayUnknownCommand = (word: string, hint: string | undefined): ErrorText => [
  `unknown command "${word}"`,
  hint,
];

export const sayUnknownFlag = (flag: string, hint: string | undefined): ErrorText => [
  `unknown flag ${flag}`,
  hint,
];

export const sayNoValueTaken = (flag: string): ErrorText => [
  `${flag} takes no value`,
  `write ${flag} alone, or omit it`,
];

export const sayArgumentMissing = (argument: string, usage: string): ErrorText => [
  `missing argument <${argument}>`,
  `usage: ${usage}`,
];

export const sayTooManyArguments = (usage: string): ErrorText => ['too many arguments', `usage: ${usage}`];

export const sayNoCommand = (command: string, subcommands: readonly string[]): ErrorText => [
  'no command given',
  `commands of \`${command}\`: ${subcommands.join(', ')}`,
];

/** @param hasMore whether other commands have the flag, too */
export const suggestCommands = (flag: string, commands: readonly string[], hasMore: boolean): string =>
  `${flag} is a flag of ${commands.map((command) => `\`${command}\``).join(', ')}${hasMore ? ' and others' : ''}`;

export const suggestJsonArray = (flag: string): string =>
  `pass arguments that start with - as a JSON array: ${flag} '["sh","-c","…"]'`;

/** @param isGiven whether a key follows the flag */
export const sayKeyFlag = (flag: string, isGiven: boolean): ErrorText => [
  `unknown flag ${flag}: no flag takes a key`,
  isGiven ? KEY_IN_HISTORY : KEY_SOURCES,
];

export const sayKeyAsArgument = (): ErrorText => ['a key was given as an argument', KEY_IN_HISTORY];

export const sayNoTopic = (
  word: string,
  commands: readonly string[],
  topics: readonly string[],
): ErrorText => [
  `unknown command or topic "${word}"`,
  withNearest(`topics: ${topics.join(', ')}`, word, [...commands, ...topics]),
];

export const ACCEPTED_ID_PATH = 'a path such as id, data.id or items[0].id';
export const ID_PATH_ADVICE = `accepted: ${ACCEPTED_ID_PATH}`;

export const ENVELOPES_ARE_NDJSON = 'envelopes are NDJSON';
export const FIELDS_ARE_COLUMNS = 'fields are columns, tab-separated in a pipe, or CSV with --format csv';
export const HIGHLIGHTS_ARE_FOR_PRETTY = 'only pretty output can mark events';
export const NDJSON_IS_COMPLETE = 'NDJSON has every event as sent, in full';
export const CSV_IS_COMPLETE = 'CSV has every value in full';
export const STYLES_ARE_FOR_PRETTY = '--time, --links and --theme only change pretty output';

export const sayFieldsRequired = (flag: string): ErrorText =>
  sayRequires([flag], '--fields', 'for example: --fields type,chain,amount_usd,tx_hash');

export const sayHighlightRequired = (): ErrorText =>
  sayRequires(['--bell'], '--highlight', "for example: --highlight 'amount_usd > 1000000' --bell");
