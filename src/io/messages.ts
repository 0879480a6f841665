// Messages about files, locks, stdout, keys and bugs, which all commands share.
import { dirname } from 'node:path';
import { type ErrorText, findNearest } from '../errors.ts';
import { systemCode } from './system-error.ts';

export const sayBug = (message: string, isVerbose: boolean): string =>
  `a bug in atlantis: ${message}; ${
    isVerbose
      ? 'please report it with the output of `atlantis version --verbose`'
      : 'run again with --verbose for the stack trace, and report it'
  }`;
export const UNPRINTABLE = 'a value that cannot be printed was thrown';

/** For a POSIX shell. */
export const quoteForShell = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EBADF: 'it is closed',
  EDQUOT: 'the disk quota is exceeded',
  EIO: 'the device reported an error',
  EISDIR: 'it is a directory',
  ELOOP: 'the path has too many levels of symbolic links',
  ENAMETOOLONG: 'the path is too long',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is not a directory',
  ENXIO: 'no program is reading from it',
  EROFS: 'the file system is read-only',
  ESTALE: 'the file server has lost the file',
};
const READ_REASONS = { ...REASONS, EFBIG: 'it is too large', ENOENT: 'it does not exist' };
const WRITE_REASONS = {
  ...REASONS,
  EFBIG: 'the file has reached its size limit',
  ENOENT: 'the directory does not exist',
};

const WRITE_ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'check the permissions of the file and its directory',
  EDQUOT: 'free some space, or raise the quota',
  EFBIG: 'raise the limit: see `ulimit -f`',
  EIO: 'check the disk',
  EISDIR: 'use the path of a file',
  ENOSPC: 'free some space on the disk',
  ENOTDIR: 'check the path',
  ENXIO: 'start the program that reads from it first',
  EROFS: 'use a path on another file system',
};

/** `the disk is full (ENOSPC)`, or the code alone. Errors of `io/safe-file.ts` have their reason as the code. */
function explain(reasons: Readonly<Record<string, string>>, error: unknown): string {
  const code = systemCode(error) ?? 'unknown error';
  return code in reasons ? `${reasons[code]} (${code})` : code;
}

const LISTEN_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine does not have this address',
  ENOTFOUND: 'unknown host name',
};

export const explainListenError = ({ code = '', message }: NodeJS.ErrnoException): string =>
  LISTEN_REASONS[code] ?? message;

export const explainReadError = (error: unknown): string => explain(READ_REASONS, error);
export const explainWriteError = (error: unknown): string => explain(WRITE_REASONS, error);

/** @param what the name of the file in the message, such as `the ready file` */
export const sayNotWritten = (what: string, path: string, error: unknown): ErrorText => [
  `${what} ${JSON.stringify(path)} could not be written: ${explainWriteError(error)}`,
  adviseOnWriting(path, error),
];

export const sayNotRead = (what: string, path: string, error: unknown): ErrorText => [
  `${what} ${JSON.stringify(path)} cannot be read: ${explainReadError(error)}`,
  (error as NodeJS.ErrnoException).code === UTF16
    ? UTF8_HINT
    : 'check the path, and that this user can read the file',
];

export const sayNotRegular = (flag: string, path: string): ErrorText => [
  `${flag} ${JSON.stringify(path)} is not a regular file`,
  'use the path of a regular file',
];

/** @param needed what the file should be, such as `a recording` */
export const sayExistsAndIsOther = (flag: string, path: string, needed: string): ErrorText => [
  `${flag} ${JSON.stringify(path)} exists and is not ${needed}`,
  'nothing was changed: use another name, or move the file away',
];

/** Directories are not created: a path may be misspelled, or a disk not mounted. */
export function adviseOnWriting(path: string, error: unknown): string | undefined {
  const code = systemCode(error) ?? '';
  if (code === UNSAFE.link) return 'use the path that the link points to';
  return code === 'ENOENT'
    ? `create the directory first: mkdir -p ${quoteForShell(dirname(path))}`
    : WRITE_ADVICE[code];
}

export const sayStdoutNotWritten = (error: unknown): ErrorText => [
  `stdout could not be written: ${explainWriteError(error)}`,
  WRITE_ADVICE[systemCode(error) ?? ''],
];

export const describeOwner = (uid: number): string => `belongs to another user (uid ${uid})`;

export const UNSAFE = {
  linkOfOther: (uid: number) => `it is a link that ${describeOwner(uid)}`,
  link: 'it is a symbolic link',
  notRegular: 'it is not a regular file',
  notDirectory: 'it is not a directory',
  ofOther: (uid: number) => `it ${describeOwner(uid)}`,
  hardLink: 'it is a hard link to another file',
  writable: 'every user can write to it',
} as const;

export const OWN_DIRECTORY_OR_OWNER = 'use a directory of your own, or run atlantis as its owner';
export const adviseOnMode = (path: string): string => `run: chmod o-w ${quoteForShell(path)}`;

/** The code of an error for a file in UTF-16. */
export const UTF16 = 'UTF-16 text instead of UTF-8';
export const describeOpenPipe = (ms: number): string =>
  `the pipe was not closed by its writer within ${ms / 1_000} s`;
export const UTF8_HINT =
  'save it as UTF-8; Windows PowerShell writes UTF-16 with > and Out-File: use Set-Content -Encoding utf8';

const COPY_HINT =
  'a key starts with "ak_live_" and is shown once, when it is created in the console: copy all of it';

export const KEY_FAULTS = {
  empty: 'it is empty',
  prefix: 'it does not start with "ak_"',
  utf16: `it is ${UTF16}`,
  lineBreak: (at?: number) => `it contains a line break${atCharacter(at)}`,
  space: (at: number) => `it contains a space${atCharacter(at)}`,
  notPrintable: (at: number) => `it contains a character that is not printable ASCII${atCharacter(at)}`,
  tooLong: (limit: number) => `it is longer than ${limit} characters`,
} as const;

const atCharacter = (at: number | undefined): string => (at === undefined ? '' : ` at character ${at}`);

/** @param source of the key; undefined if the user has just typed it */
export const sayKeyUnusable = (
  source: string | undefined,
  fault: string,
  hint: string = COPY_HINT,
): ErrorText => [`the key${source === undefined ? '' : ` from ${source}`} cannot be used: ${fault}`, hint];

export const describeHolder = (pid: string | undefined): string =>
  `is locked by another process${pid === undefined ? '' : ` (${pid})`}`;

/** @param holder from `describeHolder` */
export const sayWaitingForHolder = (what: string, holder: string, ms: number): string =>
  `${what} ${holder} in another container or on another machine: waiting for up to ${ms / 1_000} s to see whether it is still running`;

/** @param hint default: how to remove the lock by hand */
export const sayLocked = (what: string, holder: string, path: string, hint?: string): ErrorText => [
  `${what} ${holder}`,
  hint ?? `if no other atlantis is running, remove ${path}`,
];

export const NOT_A_LOCK = {
  link: 'is a symbolic link',
  notDirectory: 'is not a directory',
  ofOther: (uid: number) => describeOwner(uid),
  unreadable: 'cannot be read by this user',
  otherFiles: 'contains other files',
} as const;

export const sayNotALock = (what: string, why: string, path: string): ErrorText => [
  `the lock of ${what} ${why}: ${path}`,
  'nothing was changed: remove it or move it away',
];

/** Where a key belongs; no flag takes one. */
export const KEY_SOURCES =
  'set ATLANTIS_API_KEY, pipe the key in with --key-stdin, or store it with `atlantis profile add <name>`';
export const KEY_IN_HISTORY = `${KEY_SOURCES}\nthe key is now in the history of your shell: delete it there, and replace the key if others use this machine`;

export const suggestWord = (word: string): string => `did you mean ${word}?`;

export function suggestNearest(word: string, candidates: Iterable<string>): string | undefined {
  const nearest = findNearest(word, candidates);
  return nearest === undefined ? undefined : suggestWord(nearest);
}

/** Puts the nearest candidate before a hint. */
export function withNearest(hint: string, word: string, candidates: Iterable<string>): string {
  const nearest = suggestNearest(word, candidates);
  return nearest === undefined ? hint : `${nearest}\n${hint}`;
}
