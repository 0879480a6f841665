// Takes secrets out of every text that leaves the process other than the events themselves (contract P4).
//
// A key shrinks to its prefix, anything else to ***. A registered secret is found in plain, URL-escaped,
// JSON-escaped, hexadecimal and base64 form, the last also in the middle of a longer base64 text. What merely looks like
// a key, and userinfo in any URL, is taken out without being registered.
import { keyPrefix } from './key.ts';

/** One way to write a secret. */
interface Form {
  /** Finds the beginning. */
  readonly head: RegExp;
  /** What follows, one sticky pattern for each character. */
  readonly rest: readonly RegExp[];
  /** What belongs to the text around a secret that ends here. */
  readonly tail: RegExp | undefined;
}

/** A form, and a quick look that spares nearly every text the patterns: they take longer to make than to use. */
interface Suspect {
  /** Whether the secret could stand in the text in this form. */
  mayStandIn(text: string): boolean;
  makeForm(): Form;
}

/** Replaces one secret, in every form, in a text. */
type ReplaceSecret = (text: string) => string;

/** A secret is recognised by this many characters, more than the prefix of a key that may be shown. */
const HEAD_LENGTH = 24;

/** Fewer characters of base64 would match by chance. */
const MIN_BASE64_LENGTH = 4;

const hex = (code: number, digits: number): string =>
  code
    .toString(16)
    .padStart(digits, '0')
    .replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

const escapeForRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** One character: as it is, behind backslashes, as \uXXXX or as %XX; escaped up to three times over. */
function textPattern(char: string): string {
  const bytes = [...Buffer.from(char)].map((byte) => `%(?:25){0,2}${hex(byte, 2)}`).join('');
  const units = Array.from(char, (_, at) => `\\\\{1,7}u${hex(char.charCodeAt(at), 4)}`).join('');
  return `(?:\\\\{0,7}${escapeForRegExp(char)}|${units}|${bytes})`;
}

/** One character of base64 or base64url, which may stand in JSON or in a URL. */
function base64Pattern(char: string): string {
  if (char === '+') return '(?:[+-]|%2[bB])';
  if (char === '/') return '(?:\\\\{0,7}\\/|_|%2[fF])';
  return char;
}

/** As it is, or escaped. Without a backslash and a percent sign nothing is. */
function suspectText(secret: string): Suspect {
  const chars = [...secret];
  const head = chars.slice(0, HEAD_LENGTH).join('');
  return {
    mayStandIn: (text) => text.includes(head) || text.includes('\\') || text.includes('%'),
    makeForm: () => createForm(chars, textPattern, false),
  };
}

/** Pairs of hexadecimal digits in either case. */
function suspectHex(secret: string): Suspect {
  const bytes = Buffer.from(secret);
  const head = bytes.toString('hex', 0, HEAD_LENGTH);
  const pairs = (): string[] => Array.from(bytes, (byte) => hex(byte, 2));
  return {
    mayStandIn: (text) => text.toLowerCase().includes(head),
    makeForm: () => createForm(pairs(), (pair) => pair, false),
  };
}

function createForm(chars: readonly string[], pattern: (char: string) => string, isBase64: boolean): Form {
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

/** The secret as part of a base64 text, at each of the three places in a group where it can begin. */
function suspectBase64(secret: string): Suspect[] {
  return [0, 1, 2].flatMap((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]);
    const encoded = bytes.toString('base64').replace(/=+$/, '');
    // A character that also carries bits of what stands before or after the secret is not known.
    const core = encoded.slice([0, 2, 3][shift], bytes.length % 3 === 0 ? undefined : -1);
    if (core.length < MIN_BASE64_LENGTH) return [];
    // Up to the first character that is written in more than one way.
    const head = core.slice(0, HEAD_LENGTH).replace(/[+/].*/, '');
    return {
      mayStandIn: (text) => text.includes(head),
      makeForm: () => createForm([...core], base64Pattern, true),
    };
  });
}

function replaceForm(text: string, { head, rest, tail }: Form, replacement: string): string {
  let replaced = '';
  let from = 0;
  const follow = (pattern: RegExp): boolean => {
    pattern.lastIndex = head.lastIndex;
    const goesOn = pattern.test(text);
    if (goesOn) head.lastIndex = pattern.lastIndex;
    return goesOn;
  };
  head.lastIndex = 0;
  for (let found = head.exec(text); found !== null; found = head.exec(text)) {
    if (rest.every(follow) && tail !== undefined) follow(tail);
    replaced += text.slice(from, found.index) + replacement;
    from = head.lastIndex;
  }
  return from === 0 ? text : replaced + text.slice(from);
}

/** A function that replaces the secret wherever it is written plain, escaped for URLs or JSON, in base64 or in hex. */
function createReplacer(secret: string, replacement: string): ReplaceSecret {
  const suspects = [suspectText(secret), ...suspectBase64(secret), suspectHex(secret)];
  const forms = new Map<Suspect, Form>();
  const replace = (text: string, suspect: Suspect): string => {
    if (!suspect.mayStandIn(text)) return text;
    const form = forms.get(suspect) ?? suspect.makeForm();
    forms.set(suspect, form);
    return replaceForm(text, form, replacement);
  };
  return (text) => suspects.reduce(replace, text);
}

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
  let replacers: readonly ReplaceSecret[] | undefined;

  const add = (secret: string, replacement: string): void => {
    if (secret.length < MIN_SECRET_LENGTH || secrets.has(secret)) return;
    secrets.set(secret, replacement);
    replacers = undefined;
  };
  // Longest first, so that a secret that contains another one goes as a whole. Built when first needed: a
  // run that prints nothing pays nothing.
  const build = (): ReplaceSecret[] =>
    [...secrets]
      .sort(([a], [b]) => b.length - a.length)
      .map(([secret, replacement]) => createReplacer(secret, replacement));

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
      replacers ??= build();
      const clean = replacers.reduce((rest, replace) => replace(rest), text);
      return clean.replace(USERINFO, '$1***@').replace(LOOKS_LIKE_KEY, (key) => `${key.slice(0, 16)}…`);
    },
  };
}
