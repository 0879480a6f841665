// Messages of the profile commands. They show only the prefix of a key, and only the program of a key command.
import type { ErrorText } from '../../errors.ts';
import { sayInvalid } from '../../flags/messages.ts';
import { KEY_IN_HISTORY } from '../../io/messages.ts';
import { NAME_RULE } from '../../profiles/messages.ts';
import { nameProfile, shortenName } from '../../settings/messages.ts';

export const BASE_URL_PROMPT = 'Base URL: ';
export const KEY_PROMPT = 'API key (not shown): ';
export const THE_BASE_URL = 'the base URL';

export const askToRemove = (name: string, what: string): string =>
  `Remove profile ${name} and ${what}? [y/N] `;

/** What is removed together with a profile. */
export const SECRETS = {
  key: (prefix: string) => `its key ${prefix}…`,
  command: 'its key command',
  keychain: (keychain: string) => `its key in ${keychain}`,
} as const;

export const sayNoAnswer = (): ErrorText => [
  'the prompt was not answered',
  'run the command again, or pass the values as flags',
];

export const sayNoTerminal = (flags: readonly string[]): ErrorText => [
  'cannot prompt without a terminal',
  `pass ${flags.join(' and ')}`,
];

export const KEY_STDIN_OR_COMMAND = '--key-stdin (or --key-command <argv...>)';

export const KEYCHAIN_STORES_A_KEY = '--keychain stores a key that is typed or read with --key-stdin';

export const sayCommandNotSplit = (): ErrorText => [
  '--key-command: the command and its arguments were given as a single argument, which is not split',
  `pass the command and its arguments separately: --key-command op read op://dev/key, or as one JSON array: --key-command '["sh","-c","…"]'`,
];

export const sayRelativeArgument = (argument: string, cwd: string): ErrorText => [
  `--key-command: the argument ${JSON.stringify(argument)} is a path in this directory, but key commands run in ${cwd}`,
  'use an absolute path; if the argument is not a path, run this command in another directory',
];

export const sayInvalidCommand = (): ErrorText =>
  sayInvalid(
    '--key-command',
    undefined,
    'a program and its arguments, or one JSON array: \'["op","read","op://dev/key"]\'',
  );

export const sayNameTaken = (name: string): ErrorText => [
  `${nameProfile(name)} already exists`,
  'use --force to replace it',
];

export const sayNewNameTaken = (name: string): ErrorText => [
  `${nameProfile(name)} already exists`,
  'remove it first, or choose another name',
];

export const sayKeyAsName = (): ErrorText => ['a key was given instead of a profile name', KEY_IN_HISTORY];

export const sayInvalidName = (name: string): ErrorText =>
  sayInvalid('profile name', shortenName(name), NAME_RULE);

export const KEY_WORKS = 'the key works';
export const NOTHING_REMOVED = 'nothing removed';
export const NO_PROFILES = 'no profiles yet: add one with `atlantis profile add <name>`';

export const sayStored = (name: string, url: string, key: string, isActive: boolean): string =>
  `profile ${name} stored: ${url}, key ${key}${isActive ? ', active' : ''}`;

export const sayActive = (name: string): string => `profile ${name} is now active`;

export const sayRenamed = (from: string, to: string): string => `profile ${from} renamed to ${to}`;

export const sayRemoved = (name: string, needsChoice: boolean): string =>
  needsChoice
    ? `profile ${name} removed; no profile is active now: select one with \`atlantis profile use <name>\``
    : `profile ${name} removed`;

/** Cells of `profile list` and `profile show`. */
export const CELLS = {
  invalidUrl: '(invalid URL)',
  noHome: 'no home directory',
  unusedForLoopback: 'not used for this machine',
  keychain: (keychain: string) => `in ${keychain}`,
  command: (program = '') => `command ${program}`,
} as const;
