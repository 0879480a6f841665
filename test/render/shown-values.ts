// Checks pretty output against the event with an independent reader: each value is shown once, exactly, after its name or in
// the headline. White space is ignored, since lines are wrapped.
import { makeVisible } from '../../src/render/sanitize.ts';
import { type PlainValue, readPlainJson, readPlainString } from '../helpers/plain-json.ts';

export interface ShownOptions {
  readonly isWide: boolean;
  /** On a terminal without --wide, minor fields may be hidden and counted. */
  readonly mayLeaveOut: boolean;
}

/** A `name value` pair of the event. */
interface Pair {
  /** Allowed forms. */
  readonly forms: readonly string[];
  /** A cut value ends in a mark with the length of the whole. */
  readonly cut?: { readonly before: string; readonly whole: string; readonly after: string };
  /** Numbers may be shown twice: with commas in the headline, and as sent. */
  readonly most: number;
  readonly isOptional: boolean;
}

const HEADLINE_TEXTS =
  /(^|\.)(type|event|chain|network|token|symbol|from|to|address|counterparty|label|hash)$/;
const HEADLINE_AMOUNTS = /(^|\.)amount$/;
const HEADLINE_CHAINS = /(^|\.)(chain|network)$/;
const HEADLINE_DOLLARS = /(^|\.)(amount_usd|usd)$/;
const FIGURE = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const HASH = /^(?=.*[a-z])(?=.*\d)[a-z0-9]{26,130}$/i;
const LABEL_IN_PARTY = /\.label$/;
const LONG = 160;

const squeeze = (text: string): string => text.replace(/\s+/g, '');
const showName = (name: string): string => (name === '' ? '""' : makeVisible(name));
const count = (length: number): string => length.toLocaleString('en-US');

/** What is wrong with the lines of an event; undefined if they show its values and nothing else. */
export function findFault(event: string, lines: string, options: ShownOptions): string | undefined {
  const raw = lines.replaceAll('\n', '').match(/[\x00-\x1f\x7f-\x9f]/);
  if (raw !== null) return `a raw ${JSON.stringify(raw[0])} is in the output`;
  const pairs = listPairs(readPlainJson(event.replace('\ufeff', '')), options.isWide ? 32 : 4, options);
  const shown = squeeze(lines);
  const note = options.mayLeaveOut ? /\+(\d+)$/.exec(shown) : null;
  const explain = (text: string, missing: number): boolean => new Explanation(text, pairs, missing).holds();
  if (note !== null && explain(shown.slice(0, note.index), Number(note[1]))) return undefined;
  return explain(shown, 0) ? undefined : `these are not the values of the event: ${shown}`;
}

/** Parses lines as a sequence of pairs, each at most as often as allowed. */
class Explanation {
  readonly #text: string;
  readonly #pairs: readonly Pair[];
  readonly #missing: number;
  readonly #used: number[];
  /** Correct text needs few tries; the limit stops the search for wrong text. */
  #triesLeft = 20_000;

  constructor(text: string, pairs: readonly Pair[], missing: number) {
    this.#text = text;
    this.#pairs = pairs;
    this.#missing = missing;
    this.#used = pairs.map(() => 0);
  }

  holds(at = 0): boolean {
    if (this.#triesLeft-- < 0) return false;
    if (at === this.#text.length && this.#isComplete()) return true;
    for (const [i, pair] of this.#pairs.entries()) {
      const used = this.#used[i] as number;
      if (used >= pair.most) continue;
      this.#used[i] = used + 1;
      for (const end of this.#findEnds(pair, at)) if (this.holds(end)) return true;
      this.#used[i] = used;
    }
    // Between two parties.
    return /[→↔]/.test(this.#text[at] ?? '') && this.holds(at + 1);
  }

  #findEnds({ forms, cut }: Pair, at: number): number[] {
    const ends = forms
      .filter((form) => form !== '' && this.#text.startsWith(form, at))
      .map((form) => at + form.length);
    const mark = cut === undefined ? -1 : this.#text.indexOf(cut.after, at);
    if (cut === undefined || mark < 0) return ends;
    const { before, whole, after } = cut;
    const kept = this.#text.slice(at + before.length, mark);
    const isCutHere =
      this.#text.startsWith(before, at) && whole.startsWith(kept) && !isInsideOfFigure(whole, kept.length);
    return isCutHere ? [...ends, mark + after.length] : ends;
  }

  #isComplete(): boolean {
    const missing = this.#pairs.filter((_pair, i) => this.#used[i] === 0);
    const required = missing.filter(({ isOptional }) => !isOptional);
    return required.length <= this.#missing && this.#missing <= missing.length;
  }
}

/** JSON is not cut inside a number: `12` is not `123`. */
function isInsideOfFigure(whole: string, at: number): boolean {
  return /(^|[[:,])"?-?\d[\d.eE+-]*$/.test(whole.slice(0, at)) && /[\d.eE+-]/.test(whole[at] ?? '');
}

function listPairs(root: PlainValue, depth: number, options: ShownOptions): Pair[] {
  const pairs: Pair[] = [];
  const addScalar = (path: string, container: string, value: PlainValue): void => {
    const shown = showScalar(value, options.isWide);
    const name = squeeze(path);
    const isText = value.token.startsWith('"');
    const figure = isText ? readPlainString(value.token) : value.token;
    const forms = [name + shown];
    if (isText && HEADLINE_TEXTS.test(path)) forms.push(shown, squeeze(container) + shown);
    if (!isText && HEADLINE_CHAINS.test(path)) forms.push(shown);
    const isAmount = FIGURE.test(figure) && HEADLINE_AMOUNTS.test(path);
    const isDollars = FIGURE.test(figure) && HEADLINE_DOLLARS.test(path);
    if (isAmount) forms.push(groupDigits(figure));
    if (isDollars) forms.push(signDollars(groupDigits(figure)));
    if (path.endsWith('direction') && /^(in|out)$/.test(figure)) forms.push(figure === 'in' ? '←' : '→');
    const isOptional = value.token === 'null' && LABEL_IN_PARTY.test(path);
    pairs.push({ forms, most: isAmount || isDollars ? 2 : 1, isOptional });
  };
  const addPair = (path: string, value: string): void => {
    const before = squeeze(path);
    const whole = squeeze(value);
    // Line breaks become spaces before the length is counted.
    const source = value.replace(/[\t\r\n]+/g, ' ');
    const cut = { before, whole, after: `…(${count([...source].length)}characters)` };
    const isLong = source.length > LONG && !options.isWide;
    pairs.push({ forms: [before + whole], most: 1, isOptional: false, ...(isLong ? { cut } : {}) });
  };
  /** A member of the event or of an object in it. */
  const addField = (path: string, container: string, value: PlainValue, level: number): void => {
    const { token, entries } = value;
    if (token === '{' && entries.length > 0 && level < depth) {
      for (const [name, member] of entries) addField(`${path}.${showName(name)}`, path, member, level + 1);
    } else if (token === '{' || token === '[') addNested(path, value, level + 1);
    else addScalar(path, container, value);
  };
  /** The values of an array, or of an object below the depth limit. */
  const addNested = (path: string, value: PlainValue, level: number): void => {
    const { token, entries } = value;
    const isContainer = (one: PlainValue): boolean => one.token === '{' || one.token === '[';
    if (!isContainer(value)) addScalar(path, '', value);
    else if (level >= depth) addPair(path, showSource(value));
    else if (token === '[' && !entries.some(([, item]) => isContainer(item))) {
      addPair(path, `[${entries.map(([, item]) => showScalar(item, options.isWide)).join(',')}]`);
    } else if (entries.length === 0) addPair(path, '{}');
    else {
      for (const [i, [name, item]] of entries.entries()) {
        const step = token === '[' ? `[${i}]` : `${path === '' ? '' : '.'}${showName(name)}`;
        addNested(path + step, item, level + 1);
      }
    }
  };
  if (root.token === '[') addNested('', root, 0);
  else if (root.token !== '{' || root.entries.length === 0) addPair('', showSource(root));
  else for (const [name, member] of root.entries) addField(showName(name), '', member, 0);
  return pairs;
}

/** As sent, with control and invisible characters escaped. */
function showSource({ source }: PlainValue): string {
  return source.replace(/"(?:[^"\\]|\\.)*"/g, makeVisible);
}

function showScalar({ token }: PlainValue, isWide: boolean): string {
  if (!token.startsWith('"')) return token;
  const text = readPlainString(token);
  if (HASH.test(text) && !isWide) return `${text.slice(0, text[1] === 'x' ? 6 : 4)}…${text.slice(-4)}`;
  if (text.length > LONG && !isWide) return `${text.slice(0, LONG - 1)}…(${count(text.length)}characters)`;
  return text === '' ? '""' : squeeze(makeVisible(text));
}

function groupDigits(figure: string): string {
  if (/e/i.test(figure)) return figure;
  const [whole = '', fraction] = figure.split('.');
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction === undefined ? '' : `.${fraction}`);
}

function signDollars(figure: string): string {
  return figure.startsWith('-') ? `-$${figure.slice(1)}` : `$${figure}`;
}
