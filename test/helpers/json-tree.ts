// Reads JSON without losing anything: numbers keep their source text, duplicate keys and key order stay. What the
// command reads out of bytes is compared with the tree that this makes.
//
// It throws a SyntaxError on the faults that it meets in text that is not JSON, and need not meet all. No
// recursion: any nesting is read. Keys are data and never property names, so `__proto__` is a key like any other.
import { decodeString } from '../../src/protocol/json-string.ts';
import type { Step } from '../../src/protocol/path.ts';

/** A string: `raw` is its source text, quotes included. `decodeString(raw)` is its value. */
interface JsonString {
  readonly kind: 'string';
  readonly raw: string;
}

/** A number: `raw` is its source text (`1e400`, `-0`, a hundred digits). */
interface JsonNumber {
  readonly kind: 'number';
  readonly raw: string;
}

interface JsonLiteral {
  readonly kind: 'literal';
  readonly raw: 'true' | 'false' | 'null';
}

export interface JsonArray {
  readonly kind: 'array';
  readonly items: JsonNode[];
}

/** An object: `values[i]` belongs to `keys[i]`. Keys are decoded; they come as sent, duplicates too. */
export interface JsonObject {
  readonly kind: 'object';
  readonly keys: string[];
  readonly values: JsonNode[];
}

export type JsonNode = JsonString | JsonNumber | JsonLiteral | JsonArray | JsonObject;

const BYTE_ORDER_MARK = 0xfeff;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LETTER_E = 0x65;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const LITERALS: readonly JsonLiteral[] = [
  { kind: 'literal', raw: 'true' },
  { kind: 'literal', raw: 'false' },
  { kind: 'literal', raw: 'null' },
];

/** The member named `key`: the last of them if there are several, as for `JSON.parse`. */
export function findMember(object: JsonObject, key: string): JsonNode | undefined {
  const index = object.keys.lastIndexOf(key);
  return index < 0 ? undefined : object.values[index];
}

/** The tree of a JSON text, with or without a byte order mark. Throws a SyntaxError if it is not JSON. */
export function parseLossless(text: string): JsonNode {
  const reader = new Reader(text);
  const outer: Container[] = [];
  let container: Container | undefined;
  for (;;) {
    if (container?.kind === 'object') container.keys.push(reader.readKey());
    let node = reader.readStart();
    if ((node.kind === 'object' || node.kind === 'array') && !reader.skip(closingOf(node))) {
      if (container !== undefined) outer.push(container);
      container = node;
      continue;
    }
    // The node is whole: it goes into its container, which may end here in turn.
    for (;;) {
      if (container === undefined) {
        reader.expectEnd();
        return node;
      }
      if (container.kind === 'object') container.values.push(node);
      else container.items.push(node);
      if (reader.skip(COMMA)) break;
      reader.expect(closingOf(container));
      node = container;
      container = outer.pop();
    }
  }
}

type Container = JsonArray | JsonObject;

function closingOf(container: Container): number {
  return container.kind === 'object' ? CLOSE_OBJECT : CLOSE_ARRAY;
}

/** A place in the text, and the tokens read from it. */
class Reader {
  private readonly text: string;
  private at: number;

  constructor(text: string) {
    this.text = text;
    this.at = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
  }

  /** A whole scalar, or an array or object without its content. */
  readStart(): JsonNode {
    const code = this.peek();
    const start = this.at;
    if (code === QUOTE) {
      this.skipString();
      return { kind: 'string', raw: this.text.slice(start, this.at) };
    }
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      this.at++;
      return code === OPEN_OBJECT ? { kind: 'object', keys: [], values: [] } : { kind: 'array', items: [] };
    }
    if (code === MINUS || isDigit(code)) {
      this.skipNumber();
      return { kind: 'number', raw: this.text.slice(start, this.at) };
    }
    for (const literal of LITERALS) {
      if (!this.text.startsWith(literal.raw, start)) continue;
      this.at += literal.raw.length;
      return literal;
    }
    throw notJson();
  }

  /** A key, decoded, and the colon behind it. */
  readKey(): string {
    if (this.peek() !== QUOTE) throw notJson();
    const start = this.at;
    const hasEscape = this.skipString();
    const key = hasEscape
      ? decodeString(this.text.slice(start, this.at))
      : this.text.slice(start + 1, this.at - 1);
    this.expect(COLON);
    return key;
  }

  /** Moves behind `code` if it is the next token. */
  skip(code: number): boolean {
    if (this.peek() !== code) return false;
    this.at++;
    return true;
  }

  expect(code: number): void {
    if (!this.skip(code)) throw notJson();
  }

  expectEnd(): void {
    this.peek();
    if (this.at < this.text.length) throw notJson();
  }

  /** Moves to the next token and returns its first character; NaN at the end of the text. */
  private peek(): number {
    let code = this.text.charCodeAt(this.at);
    while (code === SPACE || code === LF || code === CR || code === TAB) {
      this.at++;
      code = this.text.charCodeAt(this.at);
    }
    return code;
  }

  private skipNumber(): void {
    let code = 0;
    do {
      this.at++;
      code = this.text.charCodeAt(this.at);
    } while (isDigit(code) || code === DOT || code === MINUS || code === PLUS || (code | 0x20) === LETTER_E);
  }

  /** Moves behind a string; true if there is an escape in it. */
  private skipString(): boolean {
    const text = this.text;
    let hasEscape = false;
    for (let at = this.at + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.at = at + 1;
        return hasEscape;
      }
      if (code === BACKSLASH) {
        hasEscape = true;
        at++;
      }
    }
    throw notJson();
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Says nothing of the text, which may hold anything. */
function notJson(): SyntaxError {
  return new SyntaxError('not JSON');
}

/** Every value that the path leads to; none where it leads nowhere, more than one only through `[*]`. */
export function findValues(root: JsonNode, steps: readonly Step[]): readonly JsonNode[] {
  let found: JsonNode[] = [root];
  for (const step of steps) {
    const next: JsonNode[] = [];
    for (const node of found) {
      if (step.kind === 'member') {
        const member = node.kind === 'object' ? findMember(node, step.name) : undefined;
        if (member !== undefined) next.push(member);
      } else if (node.kind === 'array') {
        if (step.kind === 'every') for (const item of node.items) next.push(item);
        else if (node.items[step.index] !== undefined) next.push(node.items[step.index] as JsonNode);
      }
    }
    found = next;
    if (found.length === 0) break;
  }
  return found;
}
