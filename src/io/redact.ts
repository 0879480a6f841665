// Removes secrets from every text that leaves the process, except the events (contract P4).
//
// A key becomes its prefix, and other secrets become ***. A registered secret is found in plain, URL-escaped,
// JSON-escaped, hexadecimal and base64 form. The userinfo of URLs, and text that looks like a key, need not be
// registered.
import { keyPrefix } from './key.ts';

interface SecretForm {
  readonly head: RegExp;
  /** One sticky pattern for each character after the head. */
  readonly rest: readonly RegExp[];
  /** Text after a secret that is removed together with the secret. */
  readonly tail: RegExp | undefined;
}

/** Compiled only after a quick check, because compiling takes longer than matching. */
interface LazyForm {
  mayMatch(text: string): boolean;
  compile(): SecretForm;
}

type ReplaceSecret = (text: string) => string;

/** A secret is recognized by this many characters at its start; the prefix of a key that may be shown is shorter. */
const HEAD_LENGTH = 24;

/** A shorter base64 text would match by chance. */
const MIN_BASE64_LENGTH = 4;

const hex = (code: number, digits: number): string =>
  code
    .toString(16)
    .padStart(digits, '0')
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

const escapeForRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** One character: plain, after backslashes, as \uXXXX or as %XX; escaped up to three times. */
function textPattern(char: string): string {
  const bytes = [...Buffer.from(char)].map((byte) => `%(?:25){0,2}${hex(byte, 2)}`).join('');
  const units = Array.from(char, (_, at) => `\\\\{1,7}u${hex(char.charCodeAt(at), 4)}`).join('');
  return `(?:\\\\{0,7}${escapeForRegExp(char)}|${units}|${bytes})`;
}

/** One character of base64 or base64url, possibly escaped for JSON or a URL. */
function base64Pattern(char: string): string {
  if (char === '+') return '(?:[+-]|%2[bB])';
  if (char === '/') return '(?:\\\\{0,7}\\/|_|%2[fF])';
  return char;
}

/** The secret, plain or escaped. Escapes contain a backslash or a percent sign. */
function createTextForm(secret: string): LazyForm {
  const chars = [...secret];
  const head = chars.slice(0, HEAD_LENGTH).join('');
  return {
    mayMatch: (text) => text.includes(head) || text.includes('\\') || text.includes('%'),
    compile: () => createForm(chars, textPattern, false),
  };
}

function createHexForm(secret: string): LazyForm {
  const bytes = Buffer.from(secret);
  const head = bytes.toString('hex', 0, HEAD_LENGTH);
  const pairs = (): string[] => Array.from(bytes, (byte) => hex(byte, 2));
  return {
    mayMatch: (text) => text.toLowerCase().includes(head),
    compile: () => createForm(pairs(), (pair) => pair, false),
  };
}

function createForm(
  chars: readonly string[],
  pattern: (char: string) => string,
  isBase64: boolean,
): SecretForm {
  const head = chars.slice(0, HEAD_LENGTH).map(pattern).join('');
  const sticky = new Map<string, RegExp>();
  const rest = chars.slice(HEAD_LENGTH).map((char) => {
    const known = sticky.get(char) ?? new RegExp(pattern(char), 'y');
    sticky.set(char, known);
    return known;
  });
  return {
    head: new RegExp(isBase64 ? `[A-Za-z0-9+/_-]{0,3}${head}` : head, 'g'),
    rest,
    tail: isBase64 ? /[A-Za-z0-9+/_-]{0,2}(?:=|%3[dD]){0,2}/y : undefined,
  };
}

/** The secret within a base64 text, at each of the three offsets in a group. */
function createBase64Forms(secret: string): LazyForm[] {
  return [0, 1, 2].flatMap((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]);
    const encoded = bytes.toString('base64').replace(/=+$/, '');
    // Without characters that also contain bits of the text before or after the secret.
    const core = encoded.slice([0, 2, 3][shift], bytes.length % 3 === 0 ? undefined : -1);
    if (core.length < MIN_BASE64_LENGTH) return [];
    // Up to the first character with more than one encoding.
    const head = core.slice(0, HEAD_LENGTH).replace(/[+/].*/, '');
    return {
      mayMatch: (text) => text.includes(head),
      compile: () => createForm([...core], base64Pattern, true),
    };
  });
}

function replaceForm(text: string, { head, rest, tail }: SecretForm, replacement: string): string {
  let replaced = '';
  let from = 0;
  const follow = (pattern: RegExp): boolean => {
    pattern.lastIndex = head.lastIndex;
    const isMatch = pattern.test(text);
    if (isMatch) head.lastIndex = pattern.lastIndex;
    return isMatch;
  };
  head.lastIndex = 0;
  for (let found = head.exec(text); found !== null; found = head.exec(text)) {
    if (rest.every(follow) && tail !== undefined) follow(tail);
    replaced += text.slice(from, found.index) + replacement;
    from = head.lastIndex;
  }
  return from === 0 ? text : replaced + text.slice(from);
}

function createReplacer(secret: string, replacement: string): ReplaceSecret {
  const forms = [createTextForm(secret), ...createBase64Forms(secret), createHexForm(secret)];
  const compiled = new Map<LazyForm, SecretForm>();
  const replace = (text: string, lazy: LazyForm): string => {
    if (!lazy.mayMatch(text)) return text;
    const form = compiled.get(lazy) ?? lazy.compile();
    compiled.set(lazy, form);
    return replaceForm(text, form, replacement);
  };
  return (text) => forms.reduce(replace, text);
}

/** A shorter part of a key would match ordinary text by chance. */
const MIN_RUN = 8;

/** Replaces parts of a key, as in a key that was copied without its start. */
function createPartReplacer(key: string): ReplaceSecret {
  const hidden = key.slice(keyPrefix(key).length);
  const runs = new Set<string>();
  for (let end = MIN_RUN; end <= hidden.length; end++) runs.add(hidden.slice(end - MIN_RUN, end));
  return (text) => {
    let clean = '';
    let from = 0;
    for (let end = MIN_RUN; end <= text.length; end++) {
      const at = end - MIN_RUN;
      if (at < from || !runs.has(text.slice(at, end))) continue;
      while (end < text.length && runs.has(text.slice(end + 1 - MIN_RUN, end + 1))) end++;
      clean += `${text.slice(from, at)}…`;
      from = end;
    }
    return clean + text.slice(from);
  };
}

export interface Redactor {
  /** To be called before the secret is used. Ignores texts under 4 characters. */
  addSecret(secret: string): void;
  /** Registers the credentials of a proxy URL. Never throws. */
  addProxyUrl(url: string): void;
  /** Idempotent. */
  redact(text: string): string;
}

/** A shorter secret would match ordinary text by chance. */
const MIN_SECRET_LENGTH = 4;

/** A key that is not registered, such as one given instead of a name. */
const LOOKS_LIKE_KEY = /\bak_[A-Za-z0-9_]{14,}/g;
const USERINFO = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'<>]*@/gi;

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function createRedactor(): Redactor {
  const secrets = new Map<string, string>();
  let replacers: readonly ReplaceSecret[] | undefined;

  const add = (secret: string, replacement: string): void => {
    if (secret.length < MIN_SECRET_LENGTH || secrets.has(secret)) return;
    secrets.set(secret, replacement);
    replacers = undefined;
  };
  // Longest first, so that a secret that contains another one is replaced as a whole. Built on first use.
  const build = (): ReplaceSecret[] =>
    [...secrets]
      .sort(([a], [b]) => b.length - a.length)
      .flatMap(([secret, replacement]) => [
        createReplacer(secret, replacement),
        ...(secret.startsWith('ak_') ? [createPartReplacer(secret)] : []),
      ]);

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
        // A token is often a user name without a password.
        add(password === '' ? user : password, '***');
      }
    },
    redact(text) {
      replacers ??= build();
      const clean = replacers.reduce((rest, replace) => replace(rest), text);
      return clean.replace(USERINFO, '$1***@').replace(LOOKS_LIKE_KEY, (key) => `${key.slice(0, 16)}…`);
    },
  };
}
