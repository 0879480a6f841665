// NATS subjects out of a template such as `atlantis.{type}`. Pure.
//
// A type is whatever the service sends: what has a meaning in a subject, or none everywhere, becomes `_`, so that
// it stays one token and can never be a wildcard.
import { UsageError } from '../errors.ts';

/** Makes the subject of an event from its type. */
export type MakeSubject = (type: string | undefined) => string;

const PLACEHOLDER = '{type}';
const MAX_TOKEN_LENGTH = 64;
const KNOWN_TYPES = 256;

/** One token of a subject for a type; `_` where there is none. */
export function makeToken(type: string | undefined): string {
  const token = (type ?? '').slice(0, MAX_TOKEN_LENGTH).replace(/[^A-Za-z0-9_-]/g, '_');
  return token === '' ? '_' : token;
}

/** What may be in a template beside its placeholder; a leading `$` belongs to the server. */
const SUBJECT = /^(?!\$)[\x21-\x7e]+$/;

/** Reads a subject, which may be a template. @throws UsageError naming the flag */
export function parseSubject(flag: string, subject: string): string {
  const tokens = subject.split('.');
  const isGood =
    SUBJECT.test(subject) &&
    tokens.every((token) => token !== '') &&
    !/[*>{}]/.test(subject.replaceAll(PLACEHOLDER, ''));
  if (isGood) return subject;
  throw new UsageError(
    `invalid ${flag} "${subject.slice(0, 100)}"`,
    `accepted: a subject without wildcards, such as atlantis.events or atlantis.${PLACEHOLDER}`,
  );
}

/** A template as a function; types that come again are not looked at again. */
export function createSubjectMaker(template: string): MakeSubject {
  const known = new Map<string | undefined, string>();
  return (type) => {
    const subject = known.get(type);
    if (subject !== undefined) return subject;
    const made = template.replaceAll(PLACEHOLDER, makeToken(type));
    if (known.size < KNOWN_TYPES && (type ?? '').length <= MAX_TOKEN_LENGTH) known.set(type, made);
    return made;
  };
}

/** The subject under which a stream takes all that the template makes. */
export function widenTemplate(template: string): string {
  return template
    .split('.')
    .map((token) => (token.includes(PLACEHOLDER) ? '*' : token))
    .join('.');
}

/** Whether a stream of this subject, wildcards and all, takes everything under another one. */
export function coversSubject(pattern: string, subject: string): boolean {
  const [patterns, tokens] = [pattern.split('.'), subject.split('.')];
  for (const [i, one] of patterns.entries()) {
    if (one === '>') return tokens.length > i;
    const token = tokens[i];
    if (token === undefined || (one !== '*' && one !== token)) return false;
  }
  return patterns.length === tokens.length;
}
