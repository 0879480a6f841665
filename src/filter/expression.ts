// Parses the expressions of `--where` (docs/filters.md): comparisons joined by `and`, `or`, `not` and parentheses.
//
// Recursive descent with limited depth. Patterns are not compiled here, since their engine is loaded on demand.
import type { Operator } from '../events/match-value.ts';
import { ExpressionFault, type PathStep, parsePath, parseQuoted } from '../events/path.ts';
import { WHERE_FAULTS as FAULTS } from './messages.ts';

/** `raw` is the text of a value as written, and `at` the position of this text. */
interface Written {
  readonly raw: string;
  readonly at: number;
}
export interface WantedText extends Written {
  readonly kind: 'text';
  readonly text: string;
}
interface WantedSource extends Written {
  readonly kind: 'number' | 'literal';
  /** As in JSON. */
  readonly source: string;
}
export type Wanted = WantedText | WantedSource;

/** `path operator value`. `in` is `=` with several values; `!=`, `!~` and `not in` are the negations. */
export type Comparison = ComparisonBase &
  (
    | { readonly operator: Operator; readonly wanted: readonly Wanted[] }
    | { readonly operator: '~'; readonly wanted: readonly [WantedText] }
  );

interface ComparisonBase {
  readonly kind: 'comparison';
  /** As written. */
  readonly path: string;
  readonly steps: readonly PathStep[];
  /** A missing value satisfies a negated comparison. */
  readonly isNegated: boolean;
}

export type Expression =
  | Comparison
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression };

const OPERATOR = /\s*(==|!?[=~]|[<>]=?)\s*/y;
const IN = /\s+(not\s+)?in(?=[\s(]|$)\s*/iy;
const NOT = /not(?=\s*\(|\s+[^\s=!<>~])/iy;
const JOIN = { and: /\s*and(?=[\s(]|$)/iy, or: /\s*or(?=[\s(]|$)/iy };
const SPACES = /\s*/y;
/** Ends a value without quotes. */
const NEXT_JOIN = /\s+(?:and|or)(?=[\s(]|$)/iy;

/** RFC 8259 § 6. */
export const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** `1_000`, `1.5M`: underscores between digits, and a unit. */
const SHORT_NUMBER = /^(-?(?:0|[1-9]\d*(?:_\d+)*)(?:\.\d+(?:_\d+)*)?)([kKMG])?$/;
const EXPONENTS: Readonly<Record<string, string>> = { k: 'e3', K: 'e3', M: 'e6', G: 'e9' };
/** Looks like a number, but is not a valid one. As a text it would never match, so it is refused. */
const NEARLY_NUMBER = /^[+-]?(?:\d[\d_,']*\.?[\d_]*|\.\d+)(?:[eE][+-]?\d*)?n?$/;
const OTHER_UNIT = /^[+-]?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\s?[A-Za-z]$/;
const OTHER_JOIN = /\s(&&|\|\|)\s/;
const LITERALS = ['true', 'false', 'null'];

/** Protects the stack; no real expression is nested deeper. */
const MAX_DEPTH = 100;

/** @throws ExpressionFault */
export function parseExpression(text: string): Expression {
  return new Parser(text).parse();
}

/** In the order in which they are written. */
export function listComparisons(expression: Expression): Comparison[] {
  if (expression.kind === 'comparison') return [expression];
  return expression.kind === 'not'
    ? listComparisons(expression.part)
    : expression.parts.flatMap(listComparisons);
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #lastJoin: string | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Expression {
    const expression = this.#parseOr();
    this.#take(SPACES);
    if (this.#at === this.#text.length) return expression;
    const isClosing = this.#text[this.#at] === ')';
    throw new ExpressionFault(isClosing ? FAULTS.parenthesis : FAULTS.noJoin, this.#at);
  }

  #parseOr(): Expression {
    return this.#parseChain('or', () => this.#parseChain('and', () => this.#parseNot()));
  }

  #parseChain(kind: 'and' | 'or', parsePart: () => Expression): Expression {
    const first = parsePart();
    const parts = [first];
    while (this.#take(JOIN[kind]) !== undefined) {
      this.#lastJoin = kind;
      parts.push(parsePart());
    }
    return parts.length === 1 ? first : { kind, parts };
  }

  #parseNot(): Expression {
    this.#take(SPACES);
    const start = this.#at;
    const isNot = this.#take(NOT) !== undefined;
    if (!isNot && this.#text[start] !== '(') return this.#parseComparison();
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new ExpressionFault(FAULTS.tooDeep(MAX_DEPTH), start);
    const expression: Expression = isNot ? { kind: 'not', part: this.#parseNot() } : this.#parseGroup(start);
    this.#depth -= 1;
    return expression;
  }

  #parseGroup(start: number): Expression {
    this.#at += 1;
    const expression = this.#parseOr();
    this.#take(SPACES);
    if (this.#text[this.#at] !== ')') {
      throw new ExpressionFault(FAULTS.parenthesisOpen, start);
    }
    this.#at += 1;
    return expression;
  }

  #parseComparison(): Comparison {
    const start = this.#at;
    const { steps, end } = parsePath(this.#text, start);
    const target = { kind: 'comparison', path: this.#text.slice(start, end), steps } as const;
    this.#at = end;
    const list = this.#take(IN);
    if (list !== undefined) {
      return { ...target, isNegated: list[1] !== undefined, operator: '=', wanted: this.#parseList() };
    }
    const [, sign] = this.#take(OPERATOR) ?? [];
    if (sign === undefined) {
      this.#take(SPACES);
      throw new ExpressionFault(FAULTS.operator(this.#lastJoin), this.#at);
    }
    const isNegated = sign.startsWith('!');
    if (sign.endsWith('~')) {
      return { ...target, isNegated, operator: '~', wanted: [this.#parseText(true, false)] };
    }
    const operator = isNegated || sign === '==' ? '=' : (sign as Operator);
    return { ...target, isNegated, operator, wanted: [readValue(operator, this.#parseText(false, false))] };
  }

  #parseList(): Wanted[] {
    const opened = this.#at;
    if (this.#text[opened] !== '(') throw new ExpressionFault(FAULTS.noList, opened);
    const values: Wanted[] = [];
    do {
      this.#at += 1;
      this.#take(SPACES);
      values.push(readValue('=', this.#parseText(false, true)));
      this.#take(SPACES);
    } while (this.#text[this.#at] === ',');
    if (this.#text[this.#at] !== ')') throw new ExpressionFault(FAULTS.parenthesisOpen, opened);
    this.#at += 1;
    return values;
  }

  #parseText(isPattern: boolean, isInList: boolean): WantedText {
    const at = this.#at;
    const quoted = parseQuoted(this.#text, at);
    this.#at = quoted?.end ?? this.#findEndOfValue(isPattern, isInList);
    const raw = this.#text.slice(at, this.#at).trimEnd();
    if (raw === '') throw new ExpressionFault(FAULTS.noValue, at);
    if (quoted !== undefined && !this.#isAtEndOfValue(isInList)) {
      throw new ExpressionFault(FAULTS.afterQuote, quoted.end);
    }
    if (quoted === undefined && /^[=!<>~]/.test(raw)) {
      throw new ExpressionFault(FAULTS.sign(raw.charAt(0)), at);
    }
    return { kind: 'text', text: quoted?.value ?? raw, raw, at };
  }

  #isAtEndOfValue(isInList: boolean): boolean {
    const next = /\S/.exec(this.#text.slice(this.#at))?.[0] ?? ')';
    return next === ')' || (isInList && next === ',') || this.#matches(NEXT_JOIN);
  }

  /** A value without quotes may contain spaces and pairs of parentheses. */
  #findEndOfValue(isPattern: boolean, isInList: boolean): number {
    const text = this.#text;
    let depth = 0;
    let isInSet = false;
    for (let at = this.#at; at < text.length; at += 1) {
      const character = text[at] as string;
      if (isPattern && character === '\\') at += 1;
      else if (isInSet) isInSet = character !== ']';
      else if (isPattern && character === '[') {
        isInSet = true;
        // As the first character of a set, a closing bracket does not end it.
        at += /^\^?\]?/.exec(text.slice(at + 1, at + 3))?.[0].length ?? 0;
      } else if (character === '(') depth += 1;
      else if (character === ')') depth -= 1;
      if (depth < 0 || (depth === 0 && isInList && character === ',')) return at;
      if (depth === 0 && !isInSet && /\s/.test(character) && this.#matches(NEXT_JOIN, at)) return at;
    }
    return text.length;
  }

  #matches(pattern: RegExp, at = this.#at): boolean {
    pattern.lastIndex = at;
    return pattern.test(this.#text);
  }

  /** Moves on if the text continues with the pattern. */
  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match ?? undefined;
  }
}

/** What a text means without quotes: a number, a literal, or itself. */
function readValue(operator: Operator, text: WantedText): Wanted {
  const { raw, at } = text;
  if (raw !== text.text) return text;
  const isOrder = operator !== '=';
  if (LITERALS.includes(raw)) {
    if (isOrder) throw new ExpressionFault(FAULTS.noOrder(raw), at);
    return { kind: 'literal', source: raw, raw, at };
  }
  if (JSON_NUMBER.test(raw)) return { kind: 'number', source: raw, raw, at };
  const [, figure, unit = ''] = SHORT_NUMBER.exec(raw) ?? [];
  if (figure !== undefined) {
    const source = figure.replaceAll('_', '') + (EXPONENTS[unit] ?? '');
    return { kind: 'number', source, raw, at };
  }
  if (NEARLY_NUMBER.test(raw)) {
    throw new ExpressionFault(FAULTS.nearlyNumber, at);
  }
  if (isOrder && OTHER_UNIT.test(raw)) {
    throw new ExpressionFault(FAULTS.unit, at);
  }
  const join = OTHER_JOIN.exec(raw);
  if (join !== null) {
    const [, sign = ''] = join;
    throw new ExpressionFault(FAULTS.join(sign === '&&' ? 'and' : 'or', sign), at + join.index + 1);
  }
  return text;
}
