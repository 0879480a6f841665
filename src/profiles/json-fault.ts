// Finds the position of the first JSON syntax error (RFC 8259).
//
// JSON.parse is not used for this: its messages quote the text around the error, which may be a key in a damaged
// profile store (contract F4).

const WHITESPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
const STRING_RUN = /[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

type ExpectedToken = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or end';

function skip(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  return pattern.test(text) ? pattern.lastIndex : index;
}

/** The index after the string that begins at `start`, or `-1 - index` of the error in it. */
function skipString(text: string, start: number): number {
  let index = start + 1;
  for (;;) {
    if (text[index] === '"') return index + 1;
    const next = skip(STRING_RUN, text, index);
    if (next === index) return -index - 1;
    index = next;
  }
}

/**
 * The index of the first character that cannot be JSON; undefined for JSON. Not recursive, so that nesting cannot
 * overflow the stack.
 */
export function findJsonFault(text: string): number | undefined {
  const closers: string[] = [];
  let expected = 'value' as ExpectedToken;
  let index = 0;
  for (;;) {
    index = skip(WHITESPACE, text, index);
    const char = text[index];
    if (char === undefined) return expected === ', or end' && closers.length === 0 ? undefined : index;

    if (expected === ', or end') {
      const closer = closers.at(-1);
      if (closer !== undefined && char === ',') expected = closer === ']' ? 'value' : 'name';
      else if (closer !== undefined && char === closer) closers.pop();
      else return index;
      index++;
    } else if (expected === ':') {
      if (char !== ':') return index;
      expected = 'value';
      index++;
    } else if ((char === ']' && expected === 'value or ]') || (char === '}' && expected === 'name or }')) {
      closers.pop();
      expected = ', or end';
      index++;
    } else if (char === '"') {
      const next = skipString(text, index);
      if (next < 0) return -next - 1;
      expected = expected === 'name' || expected === 'name or }' ? ':' : ', or end';
      index = next;
    } else if (expected === 'name' || expected === 'name or }') {
      return index;
    } else if (char === '{' || char === '[') {
      closers.push(char === '{' ? '}' : ']');
      expected = char === '{' ? 'name or }' : 'value or ]';
      index++;
    } else {
      const next = skip(SCALAR, text, index);
      if (next === index) return index;
      expected = ', or end';
      index = next;
    }
  }
}

/** `line 3, column 14`, both from 1. */
export function describePosition(text: string, index: number): string {
  const before = text.slice(0, index);
  const line = before.split('\n').length;
  return `line ${line}, column ${index - before.lastIndexOf('\n')}`;
}
