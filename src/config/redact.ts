// Takes secrets out of every text that leaves the process other than the events themselves (contract P4).
//
// A key shrinks to its prefix, anything else to ***. A registered secret is found in plain, URL-escaped,
// JSON-escaped and base64 form, the last also in the middle of a longer base64 text. What merely looks like
// a key, and userinfo in any URL, is taken out without being registered.

import { keyPrefix } from './key.ts';

/** Removes the secrets that were added to it from texts. */
export interface Redactor {
  /** Registers a secret, such as a key, before anything else is done with it. Empty texts are ignored. */
  addSecret(secret: string): void;
  /** Registers the credentials of a proxy URL, if it has any. Never throws. */
  addProxyUrl(url: string): void;
  /** The text without the secrets. Applying it again changes nothing. */
  redact(text: string): string;
}

/** A secret shorter than this would match by chance all over ordinary text. */
const MIN_SECRET_LENGTH = 4;

/** A key of the service that nobody registered, for instance one given where a name belongs. */
const LOOKS_LIKE_KEY = /\bak_[A-Za-z0-9_]{14,}/g;
const USERINFO = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'<>]*@/gi;

const hex = (code: number, digits: number): string =>
  code
    .toString(16)
    .padStart(digits, '0')
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

const escapeForRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** A pattern for one character: as it is, backslash-escaped, \uXXXX or %XX, escaped up to three times. */
function charPattern(char: string): string {
  const code = char.charCodeAt(0);
  const bytes = [...Buffer.from(char)].map((byte) => `%(?:25){0,2}${hex(byte, 2)}`).join('');
  return `(?:\\\\{0,7}${escapeForRegExp(char)}|\\\\{1,7}u${hex(code, 4)}|${bytes})`;
}

const textPattern = (text: string): string => [...text].map(charPattern).join('');

/** A pattern for the secret as part of a base64 or base64url text, wherever in it the secret begins. */
function base64Patterns(secret: string): string[] {
  const patterns: string[] = [];
  for (let shift = 0; shift < 3; shift++) {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]);
    const encoded = bytes.toString('base64').replace(/=+$/, '');
    // A character that also carries bits of what stands before or after the secret is not known.
    const from = [0, 2, 3][shift] ?? 0;
    const core = encoded.slice(from, bytes.length % 3 === 0 ? undefined : -1);
    if (core.length < MIN_SECRET_LENGTH) continue;
    const chars = [...core].map((char) => {
      if (char === '+') return `(?:[+-]|%2[bB])`;
      if (char === '/') return `(?:\\\\{0,7}\\/|_|%2[fF])`;
      return char;
    });
    patterns.push(`[A-Za-z0-9+/_-]{0,3}${chars.join('')}[A-Za-z0-9+/_-]{0,2}(?:=|%3[dD]){0,2}`);
  }
  return patterns;
}

/** Decodes percent escapes; a text with broken ones is returned as it is. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A redactor that knows no secret yet, only what keys and userinfo look like. */
export function createRedactor(): Redactor {
  const secrets = new Map<string, string>();
  let patterns: { pattern: RegExp; replacement: string }[] | undefined;

  const add = (secret: string, replacement: string): void => {
    if (secret.length < MIN_SECRET_LENGTH || secrets.has(secret)) return;
    secrets.set(secret, replacement);
    patterns = undefined;
  };
  // Longest first, so that a secret that contains another one goes as a whole. Built when first needed: a
  // run that prints nothing pays nothing.
  const compile = (): { pattern: RegExp; replacement: string }[] =>
    [...secrets]
      .sort(([a], [b]) => b.length - a.length)
      .map(([secret, replacement]) => ({
        pattern: new RegExp([textPattern(secret), ...base64Patterns(secret)].join('|'), 'g'),
        replacement,
      }));

  return {
    addSecret(secret) {
      add(secret, secret.startsWith('ak_') ? `${keyPrefix(secret)}…` : '***');
    },
    addProxyUrl(url) {
      const userinfo = /^(?:[a-z][a-z0-9+.-]*:)?\/*([^/?#]*)@/i.exec(url.trim())?.[1];
      if (userinfo === undefined) return;
      const colon = userinfo.indexOf(':');
      const rawUser = colon < 0 ? userinfo : userinfo.slice(0, colon);
      const rawPassword = colon < 0 ? '' : userinfo.slice(colon + 1);
      for (const decode of [(text: string) => text, decodePercent]) {
        const [user, password] = [decode(rawUser), decode(rawPassword)];
        add(`${user}:${password}`, '***');
        // A token is often given as a user name without a password.
        add(password === '' ? user : password, '***');
      }
    },
    redact(text) {
      patterns ??= compile();
      let clean = text;
      for (const { pattern, replacement } of patterns) clean = clean.replace(pattern, () => replacement);
      return clean.replace(USERINFO, '$1***@').replace(LOOKS_LIKE_KEY, (key) => `${key.slice(0, 16)}…`);
    },
  };
}
