// Escapes characters that control a terminal or are invisible, in untrusted text that people read (contract O2).
//
// Each UTF-16 unit becomes `\uXXXX`, as in JSON. Invisible characters are escaped because `US<zero-width space>DC` must
// not look like `USDC`. Inside an emoji the joiner U+200D and the variation selectors U+FE0E and U+FE0F stay.
import { UNSAFE_CHARACTER } from '../events/message-text.ts';

/** The fast path: printable ASCII and the ellipsis need no escape. */
const NOT_SURELY_VISIBLE = /[^ -~…]/;

interface Patterns {
  readonly hidden: RegExp;
  /** Matches what `hidden` matches, and captures it unless it is part of an emoji. */
  readonly toEscape: RegExp;
}

let patterns: Patterns | undefined;

/** Created on first use, since Unicode classes take a millisecond to compile. */
function makePatterns(): Patterns {
  // The last range: interlinear annotation marks.
  const hidden = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{fff9}-\u{fffb}]/u;
  const toEscape = new RegExp(
    [
      '(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic})',
      '(?<=\\p{Extended_Pictographic})[\\ufe0e\\ufe0f]',
      '(?<=[0-9#*])\\ufe0f(?=\\u20e3)',
      `(${hidden.source})`,
    ].join('|'),
    'gu',
  );
  return { hidden, toEscape };
}

/** Escapes control and invisible characters as `\uXXXX`. */
export function makeVisible(text: string): string {
  if (!NOT_SURELY_VISIBLE.test(text)) return text;
  patterns ??= makePatterns();
  if (!patterns.hidden.test(text)) return text;
  return text.replace(patterns.toEscape, (match, hidden: string | undefined) =>
    hidden === undefined ? match : escapeUnits(hidden),
  );
}

const UNSAFE = new RegExp(UNSAFE_CHARACTER, 'g');

/** Escapes unsafe characters in JSON text, whose value stays the same. */
export function escapeUnsafe(json: string): string {
  return json.replace(UNSAFE, escapeUnits);
}

/** A value as one line of JSON that is safe on a terminal. */
export function stringifySafe(value: unknown): string {
  return escapeUnsafe(JSON.stringify(value));
}

/** `makeVisible`, cut to at most `maxCharacters` code points with `…` at the end. Escapes are never split. */
export function truncateVisible(text: string, maxCharacters: number): string {
  // A character has at most two units, so everything after these is cut anyway.
  const visible = makeVisible(text.slice(0, 2 * maxCharacters + 2));
  const pieces = visible.match(/\\u[0-9a-f]{4}|./gsu) ?? [];
  let kept = '';
  let length = 0;
  let keptBeforeEllipsis = '';
  for (const piece of pieces) {
    length += piece.length > 2 ? piece.length : 1;
    if (length > maxCharacters)
      return maxCharacters < 1 ? '' : `${keptBeforeEllipsis.replace(/\u200d$/, '')}…`;
    kept += piece;
    if (length < maxCharacters) keptBeforeEllipsis = kept;
  }
  return kept;
}

/** In valid JSON, raw tabs and line breaks are only between tokens. */
export function joinRawLines(json: string): string {
  return json.replace(/[\t\r\n]+/g, ' ');
}

export function escapeUnits(character: string): string {
  let escaped = '';
  for (let unit = 0; unit < character.length; unit++) {
    escaped += `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}
