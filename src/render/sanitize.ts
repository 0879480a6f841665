// Makes foreign text visible instead of obeyed, wherever it is printed for people (contract O2).
//
// One form for everything: `\uXXXX` in lower-case hex, one for each UTF-16 unit, as JSON would write it. It
// replaces what steers a terminal or cannot be seen: all control characters (tab and line breaks too, DEL,
// C1), line and paragraph separators, lone surrogates, and the characters that Unicode gives no shape of
// their own (Default_Ignorable_Code_Point: bidi controls, zero-width characters, fillers, tag characters,
// U+FEFF), because `US<zero-width space>DC` must not pass for `USDC`. Inside an emoji the joiner U+200D and
// the variation selectors U+FE0E and U+FE0F stay, as do all letters, marks and spaces that have a width.

/** Printable ASCII has nothing to hide, and is most of what comes; nor has the mark that something was cut. */
const NOT_SURELY_VISIBLE = /[^ -~…]/;

interface Patterns {
  readonly hidden: RegExp;
  /** The same, but for what holds an emoji together. */
  readonly toEscape: RegExp;
}

let patterns: Patterns | undefined;

/** Made when first needed: classes of Unicode take a millisecond of every start. */
function makePatterns(): Patterns {
  // Cc, Cs, Zl, Zp, invisible characters, and the interlinear annotation marks.
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

/** The text with everything invisible or obeyed by a terminal written as `\uXXXX`; the same string if none. */
export function makeVisible(text: string): string {
  if (!NOT_SURELY_VISIBLE.test(text)) return text;
  patterns ??= makePatterns();
  if (!patterns.hidden.test(text)) return text;
  return text.replace(patterns.toEscape, (match, hidden: string | undefined) =>
    hidden === undefined ? match : escapeUnits(hidden),
  );
}

/**
 * `makeVisible` of a text that may be long, cut to at most `maxCharacters` code points with `…` as the last.
 * An escape is kept whole or left out.
 */
export function truncateVisible(text: string, maxCharacters: number): string {
  // No character needs more than two units, so what is beyond these can only be cut away.
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

function escapeUnits(character: string): string {
  let escaped = '';
  for (let unit = 0; unit < character.length; unit++) {
    escaped += `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}
