// The form of an API key, and the only part of it that may be shown (contract P2).
//
// Errors never quote the text: a mistyped key is still a secret.
import { KEY_PREFIX_LENGTH } from '../connection/config.ts';
import { CredentialError } from '../errors.ts';
import { KEY_FAULTS, sayKeyUnusable, UTF8_HINT } from './messages.ts';
import { dropByteOrderMark, isUtf16 } from './text-encoding.ts';

/** Far above any real key, and far below the limit of a header. */
const MAX_KEY_LENGTH = 4096;

const MIN_HIDDEN_LENGTH = 8;

const ASCII_WHITESPACE_AROUND = /^[\t-\r ]+|[\t-\r ]+$/g;
const NOT_PRINTABLE_ASCII = /[^\x21-\x7e]/;

/** True for a word of the command line that probably contains a key or its beginning. */
export function looksLikeKey(word: string): boolean {
  return /\bak_(?:live|test)_/.test(word);
}

/** @param key trimmed */
function findKeyFault(key: string): string | undefined {
  if (key === '') return KEY_FAULTS.empty;
  if (key.length > MAX_KEY_LENGTH) return KEY_FAULTS.tooLong(MAX_KEY_LENGTH);
  const bad = NOT_PRINTABLE_ASCII.exec(key);
  if (bad !== null) {
    const at = bad.index + 1;
    if (bad[0] === '\n' || bad[0] === '\r') return KEY_FAULTS.lineBreak(at);
    return bad[0] === ' ' || bad[0] === '\t' ? KEY_FAULTS.space(at) : KEY_FAULTS.notPrintable(at);
  }
  if (!key.startsWith('ak_') || key.length === 'ak_'.length) return KEY_FAULTS.prefix;
  return undefined;
}

export function isKey(text: string): boolean {
  return findKeyFault(text) === undefined;
}

/** @throws CredentialError for UTF-16, which would look like a damaged key */
export function decodeKey(bytes: Buffer, source: string): string {
  if (!isUtf16(bytes)) return bytes.toString('utf8');
  throw new CredentialError(...sayKeyUnusable(source, KEY_FAULTS.utf16, UTF8_HINT));
}

/**
 * Removes a byte order mark and ASCII white space around a key. The rest must be `ak_` and printable ASCII without
 * spaces, at most 4096 characters.
 *
 * @throws CredentialError that never echoes the text
 */
export function parseKey(raw: string, source?: string, hint?: string): string {
  const key = dropByteOrderMark(raw).replace(ASCII_WHITESPACE_AROUND, '');
  const fault = findKeyFault(key);
  if (fault === undefined) return key;
  throw new CredentialError(...sayKeyUnusable(source, fault, hint));
}

/** The part of a key that may be shown: at most 16 characters, and at least 8 stay hidden. */
export function keyPrefix(key: string): string {
  return key.slice(0, Math.max(0, Math.min(KEY_PREFIX_LENGTH, key.length - MIN_HIDDEN_LENGTH)));
}

/** True if `announced`, the `key` of a welcome (contract C4), is the prefix of this key. */
export function hasPrefix(key: string, announced: string): boolean {
  return key.slice(0, KEY_PREFIX_LENGTH) === announced;
}
