// Hostile texts, and what may be left of them where they are printed (contract O2).
import { expect } from '@jest/globals';
import { seededRandom } from './random-json.ts';

/** Our colors: `ESC [ n m`, and the fixed ones of a terminal with 256. */
export const COLORS = /\x1b\[(?:[0-37]|2[237]|3[0-79]|38;5;\d{1,3})m/g;
/** Our links. */
export const LINKS = /\x1b\]8;;(?:https:\/\/[\w./#-]+)?\x1b\\/g;
/** The sequences that ora draws with: to the first column, erase to the end, up one line, and synchronized output. */
export const DRAWING = /\x1b\[1G|\x1b\[0?[KJ]|\x1b\[1A|\x1b\[\?2026[hl]/g;

const PIECES = [
  ...[
    '\x1b[2J',
    '\x1b]0;title\x07',
    '\x1b[31m',
    '\x1bP',
    '\x1b',
    '\x07',
    '\x08',
    '\x00',
    '\x7f',
    '\r',
    '\n',
    '\t',
  ],
  ...['\u009b31m', '\u0085', '\u0090', '\u009d', '\u009c', '\u2028', '\u2029', '\u202e', '\u2066', '\u200b'],
  ...['\ufeff', '\u{e0041}', '\ud800', '\udfff', '\u061c', '\u00ad', '\u3164', '\ufffa', '\u200d', '\ufe0f'],
  ...[
    '漢',
    '🎈',
    '👩‍🚀',
    'e\u0301',
    '\u0301\u0301',
    'ключ',
    '"',
    '\\',
    '\\u001b',
    '…',
    '→',
    ' ',
    '  ',
    '0x',
    '%s',
  ],
  ...['atlantis: ', 'word', '123456', '9'.repeat(30), `0x${'ab12'.repeat(10)}`, ',', '{', ']'],
] as const;

const random = seededRandom(424_242);
let made = 0;

/** How many hostile strings were made so far. */
export function countHostile(): number {
  return made;
}

/** A text of controls, marks, odd characters and innocent ones. */
export function makeHostile(): string {
  made += 1;
  let text = '';
  for (let left = 1 + Math.floor(random() * 8); left > 0; left--) {
    text += PIECES[Math.floor(random() * PIECES.length)] ?? '';
  }
  return text;
}

/** A JSON string whose characters are raw or escaped at random; those that JSON requires to be escaped always are. */
function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return random() < 0.5
    ? quoted
    : quoted.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const NAMES = ['type', 'chain', 'amount', 'token', 'from', 'to', 'tx_hash', 'direction', 'text'] as const;

/** An event as a line of a recording. */
export function makeRecordedLine(seq: number, event: string): string {
  return `{"received_at":"2026-01-01T12:00:00.000Z","seq":${seq},"connection":1,"event":${event}}`;
}

/** An event with about ten hostile strings, as names and as values. */
export function makeHostileEvent(): string {
  const hostile = (): string => quote(makeHostile());
  const known = NAMES.filter(() => random() < 0.5).map((name) => {
    if (random() < 0.2) return `"${name}":{"address":${hostile()},"label":${hostile()},${hostile()}:1}`;
    return `"${name}":${hostile()}`;
  });
  return `{${[...known, `${hostile()}:${hostile()}`, `"list":[${hostile()},{${hostile()}:${hostile()}}]`]}}`;
}

/** What may be shown on a screen: line ends, and characters that are visible, or unassigned and may become so. */
const ALLOWED =
  /^(?:\n|[\u200d\ufe0e\ufe0f]|(?!\p{Default_Ignorable_Code_Point}|\ufffd)[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\p{Co}\p{Cn}])*$/u;
/** What NDJSON may not contain. Unlike a screen, it may contain invisible characters that control nothing. */
const FORBIDDEN_IN_LINES = /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

function takeAway(text: string, ours: readonly RegExp[]): string {
  return ours.reduce((left, pattern) => left.replace(pattern, ''), text);
}

/** Fails with the unsafe lines. `expect` is called only then: 100,000 calls would take most of the time of a test. */
export function assertSafe(text: string, ours: readonly RegExp[] = []): void {
  const rest = takeAway(text, ours);
  if (ALLOWED.test(rest)) return;
  const odd = rest.split('\n').filter((line) => !ALLOWED.test(line));
  expect(JSON.stringify(odd.slice(0, 3))).toBe('safe');
}

/** The same for lines of NDJSON. */
export function assertSafeLines(text: string, ours: readonly RegExp[] = []): void {
  const rest = takeAway(text, ours);
  if (FORBIDDEN_IN_LINES.test(rest)) expect(JSON.stringify(rest)).toBe('safe');
}
