// The form of an API key, and the only part of it that may be shown (contract P2).
//
// Errors say what is wrong and at which character, but never quote the text: a mistyped key is still a secret.
import { CredentialError } from '../errors.ts';
import { dropByteOrderMark, isUtf16, UTF8_HINT } from './text-encoding.ts';

/** In characters: far above any real key, far below the limit of a header. */
const MAX_KEY_LENGTH = 4096;

/** Length of the prefix that consoles and logs show (docs/protocol.md, "Keys"). */
const PREFIX_LENGTH = 16;

/** At least this many characters of a key stay hidden, however short the key is. */
const MIN_HIDDEN_LENGTH = 8;

const COPY_HINT =
  'a key starts with "ak_live_" and is shown once, when it is created in the console: copy all of it';

const ASCII_WHITESPACE_AROUND = /^[\t-\r ]+|[\t-\r ]+$/g;
const NOT_PRINTABLE_ASCII = /[^\x21-\x7e]/;

/** Where a key belongs; no flag takes one. */
export const KEY_SOURCES =
  'set ATLANTIS_API_KEY, pipe the key in with --key-stdin, or store it with `atlantis profile add <name>`';
/** For a key on the command line. */
export const KEY_IN_HISTORY = `${KEY_SOURCES}\nthe key is now in the history of your shell: delete it there, and replace the key if others use this machine`;

/** True for a word of the command line that probably is or contains a key, or the beginning of one. */
export function looksLikeKey(word: string): boolean {
  return /\bak_(?:live|test)_/.test(word);
}

/** What is wrong with a trimmed key, or undefined. Never quotes it. */
function findKeyFault(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (key.length > MAX_KEY_LENGTH) return `it is longer than ${MAX_KEY_LENGTH} characters`;
  const bad = NOT_PRINTABLE_ASCII.exec(key);
  if (bad !== null) {
    const where = `at character ${bad.index + 1}`;
    if (bad[0] === '\n' || bad[0] === '\r') return `it contains a line break ${where}`;
    if (bad[0] === ' ' || bad[0] === '\t') return `it contains a space ${where}`;
    return `it contains a character that is not printable ASCII ${where}`;
  }
  if (!key.startsWith('ak_') || key.length === 'ak_'.length) return 'it does not start with "ak_"';
  return undefined;
}

/** True if the text is a key without surrounding white space. */
export function isKey(text: string): boolean {
  return findKeyFault(text) === undefined;
}

/** The text of bytes that hold a key. @throws CredentialError for UTF-16, which would look like a damaged key */
export function decodeKey(bytes: Buffer, source: string): string {
  if (!isUtf16(bytes)) return bytes.toString('utf8');
  throw new CredentialError(`the key from ${source} cannot be used: it is UTF-16 text`, UTF8_HINT);
}

/**
 * Removes a byte order mark and ASCII white space around a key (such as a final CRLF) and checks the rest: `ak_` and
 * printable ASCII without spaces, at most 4096 characters. Other white space, such as a no-break space, is rejected
 * everywhere.
 *
 * @param source where the key came from, for the message: `ATLANTIS_API_KEY`, `--key-stdin`.
 * @param hint what to do about it.
 * @throws CredentialError that never echoes the text.
 */
export function parseKey(raw: string, source?: string, hint = COPY_HINT): string {
  const key = dropByteOrderMark(raw).replace(ASCII_WHITESPACE_AROUND, '');
  const fault = findKeyFault(key);
  if (fault === undefined) return key;
  throw new CredentialError(
    `the key${source === undefined ? '' : ` from ${source}`} cannot be used: ${fault}`,
    hint,
  );
}

/**
 * The part of a key that may be shown: its first 16 characters, fewer for a key so short that less than 8
 * characters would stay hidden.
 */
export function keyPrefix(key: string): string {
  return key.slice(0, Math.max(0, Math.min(PREFIX_LENGTH, key.length - MIN_HIDDEN_LENGTH)));
}

/** True if `announced`, the `key` of a welcome (contract C4), is the prefix of this key. */
export function hasPrefix(key: string, announced: string): boolean {
  return key.slice(0, PREFIX_LENGTH) === announced;
}
