// A key that must not leak, and the search for it: whole, in pieces, and in every form it could take.
import { inspect } from 'node:util';

/** The part of a key that may be shown (docs/protocol.md, "Keys": the first 16 characters). */
export const CANARY_PREFIX = 'ak_live_ca9a12e5';

/** An obviously fake key that occurs nowhere else. */
export const CANARY_KEY = `${CANARY_PREFIX}5ec2e7dead9e70d0c0ffee1badcafe42`;

/** A key that is valid (contract P2) and looks different in every form: escaped, encoded, quoted. */
export const AWKWARD_KEY = `${CANARY_PREFIX}"5e\\c2/e7+d%ea=d9&e7'0d`;

/**
 * Pieces of the secret part of this length count as a leak (contract F4: never a fragment). Shorter ones occur by
 * chance in the random hashes of a long run of the simulator.
 */
const FRAGMENT_LENGTH = 12;

/**
 * The forms in which `key` occurs in `text`, such as `['plain', 'base64']`; empty when it does not leak.
 * 'fragment' is any 12 consecutive characters after the 16 that may be shown.
 */
export function findKeyIn(text: string | Uint8Array, key = CANARY_KEY): string[] {
  const haystack = typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
  const forms = known.get(key) ?? formsOf(key);
  known.set(key, forms);
  const found = [...forms].filter(([, needles]) => needles.some((needle) => haystack.includes(needle)));
  return found.map(([form]) => form);
}

const known = new Map<string, ReturnType<typeof formsOf>>();

function formsOf(key: string): Map<string, string[]> {
  const bytes = Buffer.from(key);
  const percentEncoded = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const secret = key.slice(16);
  const fragments: string[] = [];
  for (let at = 0; at + FRAGMENT_LENGTH <= secret.length; at++) {
    fragments.push(secret.slice(at, at + FRAGMENT_LENGTH));
  }
  const base64 = [0, 1, 2].map((shift) => encodeInside(bytes, shift));
  return new Map([
    ['plain', [key]],
    ['fragment', fragments],
    ['url-escaped', [encodeURIComponent(key), percentEncoded, percentEncoded.toUpperCase()]],
    ['json-escaped', [JSON.stringify(key).slice(1, -1)]],
    ['inspected', [inspect(key).slice(1, -1)]],
    ['base64', base64],
    ['base64url', base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))],
    ['hex', [bytes.toString('hex'), bytes.toString('hex').toUpperCase()]],
  ]);
}

/** The base64 characters of these bytes at an offset of `shift` bytes after a multiple of three. */
function encodeInside(bytes: Buffer, shift: number): string {
  const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
  const whole = padded.subarray(0, padded.length - (padded.length % 3)).toString('base64');
  return whole.slice(shift === 0 ? 0 : 4);
}
