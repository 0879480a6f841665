// Messages about the profile store and the settings next to it. They never contain any part of a store (contract F4).
import type { AtlantisError, ErrorText } from '../errors.ts';
import * as say from '../io/messages.ts';

const STORE = 'the profile store';
const SETTINGS = 'the settings file';
const DIRECTORY = 'the profile directory';
const PARENT = 'a directory on the path to the profile store';
/** The checked files and directories, as messages name them. */
export const CHECKED = { store: STORE, settings: SETTINGS, directory: DIRECTORY, parent: PARENT } as const;

const OWN_DIRECTORY = 'set ATLANTIS_CONFIG_DIR to a directory of your own';

export const sayNoHomeDirectory = (): ErrorText => [
  'no home directory for the profiles',
  'set ATLANTIS_CONFIG_DIR',
];

export const sayConfigDirectoryRelative = (): ErrorText => [
  'ATLANTIS_CONFIG_DIR is not an absolute path',
  'accepted: the absolute path of a directory; nothing is read from the working directory',
];

export const sayWritableByOthers = (what: string, path: string, isRepairable: boolean): ErrorText => [
  `other users can write to ${what}: ${path}`,
  isRepairable ? `check its contents, then run: chmod go-w ${say.quoteForShell(path)}` : OWN_DIRECTORY,
];

export const sayBelongsToOther = (what: string, path: string, uid: number): ErrorText => [
  `${what} ${say.describeOwner(uid)}: ${path}`,
  OWN_DIRECTORY,
];

export const sayParentOfOther = (path: string, uid: number, isRoot: boolean): ErrorText => [
  `${PARENT} ${say.describeOwner(uid)}: ${path}`,
  isRoot ? `run atlantis as its owner, without sudo, or ${OWN_DIRECTORY}` : OWN_DIRECTORY,
];

export const sayNotADirectory = (path: string): ErrorText => [
  `${DIRECTORY} is not a directory: ${path}`,
  OWN_DIRECTORY,
];

export const NOT_A_STORE = {
  directory: 'is a directory',
  notRegular: 'is not a regular file',
  tooLarge: 'is larger than 1 MiB',
} as const;

export const sayNotAStore = (what: string, why: string, path: string): ErrorText => [
  `${what} ${why}: ${path}`,
  `move it away, or ${OWN_DIRECTORY}`,
];

export const sayStoreIsLink = (what: string, path: string): ErrorText => [
  `${what} is a symbolic link, which is not followed: ${path}`,
  'set ATLANTIS_CONFIG_DIR to the directory of the file that the link points to',
];

export const sayNotStorable = (directory: string): ErrorText => [
  `profiles cannot be stored in ${directory}`,
  OWN_DIRECTORY,
];

export const sayUnreadable = (
  what: string,
  path: string,
  error: unknown,
  repair: string | undefined,
): ErrorText => [
  `${what} cannot be read: ${say.explainReadError(error)}: ${path}`,
  ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')
    ? adviseOnDenial(repair, `make it readable for this user, or ${OWN_DIRECTORY}`)
    : `check the path and the disk, or ${OWN_DIRECTORY}`,
];

export const DAMAGE = {
  empty: 'it is empty',
  utf16: `it is ${say.UTF16}`,
  notUtf8: 'it is not UTF-8 text',
  notJson: (position: string) => `it is not valid JSON at ${position}`,
  notObject: 'it is not a JSON object',
  version: '"version" is not a positive integer',
  current: '"current" is not a string',
  profiles: '"profiles" is not an object',
  profile: (number: number, why: string) => `in profile number ${number}, ${why}`,
  profileName: 'the name is not valid',
  profileNotObject: 'the value is not an object',
  url: '"url" is not a string',
  bothKeys: 'there are both "key" and "keyCommand"',
  keyCommand: '"keyCommand" is not a list of strings',
  key: '"key" is not a valid key',
  settingsVersion: (version: number) => `"version" is not ${version}`,
  settings: '"settings" is not an object',
  setting: 'a value in "settings" is not a string',
} as const;

export const sayDamagedSettings = (why: string, path: string): ErrorText => [
  `${SETTINGS} is damaged: ${why}: ${path}`,
  'repair it, or delete it',
];

export const sayDamaged = (why: string, path: string): ErrorText => [
  `${STORE} is damaged: ${why}: ${path}`,
  'repair it, or run `atlantis profile add`, which moves it aside and creates a new one',
];

export const sayNewerVersion = (path: string): ErrorText => [
  `${STORE} was written by a newer version of atlantis: ${path}`,
  'update atlantis',
];

/** @param repair from `findRepair`; undefined if no command helps, as for a mounted secret */
export const sayReadOnly = (what: string, path: string, repair: string | undefined): ErrorText => [
  `${what} belongs to root and is read-only: ${path}`,
  `${
    repair === undefined
      ? 'change it at its source, such as the mounted secret'
      : `if it was created with sudo, run: ${repair}`
  }; for a file of your own, ${OWN_DIRECTORY}`,
];

export const chownCommand = (uid: number | string | undefined, path: string): string =>
  `sudo chown -R ${uid} ${say.quoteForShell(path)}`;

const adviseOnDenial = (repair: string | undefined, otherwise: string): string =>
  repair === undefined
    ? otherwise
    : `it belongs to root, probably because atlantis was run with sudo; run: ${repair}`;

export const sayNotCreated = (directory: string, error: unknown, repair: string | undefined): ErrorText => [
  `${DIRECTORY} could not be created: ${say.explainWriteError(error)}: ${directory}`,
  adviseOnDenial(repair, OWN_DIRECTORY),
];

export const sayNotLockable = (
  what: string,
  path: string,
  error: unknown,
  repair: string | undefined,
): ErrorText => [
  `${what} could not be locked for writing: ${say.explainWriteError(error)}: ${path}`,
  adviseOnDenial(repair, OWN_DIRECTORY),
];

export const sayLockLost = (what: string): ErrorText => [
  `${what} is unchanged: another process took over its lock`,
  'run the command again',
];

export const sayUnchanged = (what: string, path: string, error: unknown): ErrorText => [
  `${what} could not be written and is unchanged: ${say.explainWriteError(error)}: ${path}`,
  say.adviseOnWriting(path, error),
];

export const sayNotSynced = (what: string, directory: string): ErrorText => [
  `${what} was written, but may not survive a power failure (EIO): ${directory}`,
  'check the disk, then run the command again',
];

export const sayReadableByOthers = (path: string): string =>
  `other users of this machine can read the keys in ${path}: run chmod 600 ${say.quoteForShell(path)}`;

export const sayOtherFiles = (directory: string): string =>
  `${directory} contains other files, so other users keep access to it: use a separate directory for profiles`;

export const sayCreatedWithSudo = (directory: string, sudoUid: string): string =>
  `${directory} was created with sudo and belongs to root; to use it without sudo, run: ${chownCommand(sudoUid, directory)}`;

export const sayMovedAside = (what: string, aside: string): string =>
  `${what} was damaged: it was moved to ${aside}`;

/** The names that a profile or a preset may have. */
export const NAME_RULE = '1 to 64 letters, digits, dots, dashes, underscores';

export const SETTING_SOURCES = { default: 'default', notSet: 'not set' } as const;

/** @param error of the flag that does not accept the value */
export const sayInvalidSetting = (name: string, path: string, error: AtlantisError): ErrorText => [
  `the setting ${name} in ${path} is not valid: ${error.message}`,
  `${error.hint ?? ''}\nset another value with \`atlantis config set ${name} <value>\``,
];

/** @param prefix of the names of presets among all settings */
export const sayNoPreset = (name: string, known: readonly string[], prefix: string): ErrorText => [
  `no preset "${name.slice(0, 64)}"`,
  known.length === 0
    ? `store one with \`atlantis config set ${prefix}${name} 'amount_usd > 1M'\``
    : say.withNearest(`presets: ${known.join(', ')}`, name, known),
];
