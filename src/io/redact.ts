// Takes secrets out of every text that leaves the process other than the events themselves (contract P4).
//
// A key shrinks to its prefix, anything else to ***. A registered secret is found in plain, URL-escaped,
// JSON-escaped, hexadecimal and base64 form, the last also in the middle of a longer base64 text. What merely looks like
// a key, and userinfo in any URL, is taken out without being registered.
import { keyPrefix } from './key.ts';
import { createReplacer, type ReplaceSecret } from './secret-forms.ts';

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
