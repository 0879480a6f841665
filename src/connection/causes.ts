// What ended an attempt or a connection, and the two sentences that a user reads about it.
import { CAUSES, type CauseKind } from './cause-table.ts';

/** What ended an attempt or a connection. Texts from outside are not yet made visible. */
export interface Cause {
  readonly kind: CauseKind;
  /** Host and port as in the URL. */
  readonly host: string;
  /** Figures and the other side's own words, for the brackets. */
  readonly detail: string;
  /** Host and port of the proxy in use, never its credentials. */
  readonly proxy?: string;
  readonly httpStatus?: number;
  /** `error.code` of the API's envelope. */
  readonly errorCode?: string;
  readonly requestId?: string;
  /** What `Retry-After` asked for, in ms. */
  readonly retryAfterMs?: number;
  readonly closeCode?: number;
  /** Where the key came from, in causes that are about it. */
  readonly keyOrigin?: KeyOrigin;
}

/** Where a key came from, so that a user whose key is refused knows which one it was. */
export interface KeyOrigin {
  readonly kind: keyof typeof RENEWALS;
  /** In the user's words: `ATLANTIS_API_KEY`, `profile "main"`. */
  readonly source: string;
  /** Name of the profile, where it has to do with one. */
  readonly profile?: string;
}

/** How another key is put in the place of one; `{profile}` is filled in. */
export const RENEWALS = {
  environment: 'set a valid one there',
  stdin: 'pipe in a valid one',
  file: 'put a valid one into that file',
  profile: 'replace it with `atlantis profile add {profile} --force`',
  command: 'have the command print a valid one',
  keychain: 'replace it with `atlantis profile add {profile} --force --keychain`',
  option: 'give a valid one',
} as const;
const RENEWAL_OF_ANY = 'store a valid one with `atlantis profile add`';

/** Adds where the key came from to a cause whose words speak of it. */
export function addKeyOrigin(cause: Cause, keyOrigin: KeyOrigin | undefined): Cause {
  const isAboutKey = CAUSES[cause.kind].happened.includes('{key}');
  return keyOrigin === undefined || !isAboutKey ? cause : { ...cause, keyOrigin };
}

/** The two sentences of a cause, filled in. */
export function describeCause(cause: Cause): { happened: string; remedy: string } {
  const row = CAUSES[cause.kind];
  const { keyOrigin } = cause;
  const words: Readonly<Record<string, string>> = {
    host: cause.host,
    proxy: cause.proxy ?? 'in use',
    detail: cause.detail,
    key: keyOrigin === undefined ? 'the key' : `the key from ${keyOrigin.source}`,
    renew: keyOrigin === undefined ? RENEWAL_OF_ANY : RENEWALS[keyOrigin.kind],
    profile: keyOrigin?.profile ?? '',
  };
  const fillOnce = (text: string): string => text.replace(/\{(\w+)\}/g, (all, name) => words[name] ?? all);
  // What a way to renew a key says of its profile is filled in before words of others come in.
  return {
    happened: fillOnce(row.happened),
    remedy: fillOnce(row.remedy.replace('{renew}', () => words['renew'] ?? '')),
  };
}
