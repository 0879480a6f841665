// Checks pretty output against the event with an independent reader: each value is shown once, in full or visibly cut,
// in a column or after its name. Nothing is rounded. White space is ignored.
import { escapeCommands } from '../../src/render/ci-commands.ts';
import { makeVisible } from '../../src/render/sanitize.ts';
import { type PlainValue, readPlainJson, readPlainString } from '../helpers/plain-json.ts';

/** `grid`: cut to the terminal, fields may be hidden. `line`: one line without a terminal. `card`: --wide. */
export type ShownForm = 'grid' | 'line' | 'card';

/** A way to show a value; both texts are without white space. */
interface Form {
  /** The name of the field, or empty in a column. */
  readonly before: string;
  /** The value in full. */
  readonly whole: string;
  readonly kind: 'text' | 'number' | 'json';
}

/** A value of the event. */
interface Shown {
  readonly forms: readonly Form[];
  /** May be left out without being counted. */
  readonly isOptional: boolean;
}

const CELL_TEXTS =
  /(^|\.)(type|event|chain|network|token|symbol|from|to|address|counterparty|label|hash|tx_hash)$/;
const CELL_AMOUNTS = /(^|\.)amount$/;
const CELL_CHAINS = /(^|\.)(chain|network)$/;
const CELL_DOLLARS = /(^|\.)(amount_usd|usd)$/;
const MINOR = /(^|\.)(id|timestamp|block|decimals|amount_raw)($|\[)/;
const FIGURE = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const LABEL_IN_PARTY = /\.label$/;

const squeeze = (text: string): string => text.replace(/\s+/g, '');
const showName = (name: string): string => (name === '' ? '""' : makeVisible(name));

/** What is wrong with the lines of an event; undefined if they show its values and nothing else. */
export function findFault(event: string, lines: string, form: ShownForm): string | undefined {
  const raw = lines.replaceAll('\n', '').match(/[\x00-\x1f\x7f-\x9f]/);
  if (raw !== null) return `a raw ${JSON.stringify(raw[0])} is in the output`;
  const values = listValues(readPlainJson(event.replace('\ufeff', '')), form);
  const shown = squeeze(lines);
  // Digits after the number of hidden fields may belong to the next value.
  const notes =
    form === 'grid' ? [/\+\d/g, /\+\d\d/g].flatMap((pattern) => [...shown.matchAll(pattern)]) : [];
  for (const { index, 0: note } of notes) {
    const without = shown.slice(0, index) + shown.slice(index + note.length);
    if (new Explanation(without, values, Number(note.slice(1)), form).holds()) return undefined;
  }
  const holds = new Explanation(shown, values, 0, form).holds();
  return holds ? undefined : `these are not the values of the event: ${shown}`;
}

/** Parses lines as a sequence of values, each at most once. */
class Explanation {
  readonly #text: string;
  readonly #values: readonly Shown[];
  readonly #missing: number;
  readonly #form: ShownForm;
  readonly #isUsed: boolean[];
  /** Correct text needs few tries; the limit stops the search for wrong text. */
  #triesLeft = 40_000;

  constructor(text: string, values: readonly Shown[], missing: number, form: ShownForm) {
    this.#text = text;
    this.#values = values;
    this.#missing = missing;
    this.#form = form;
    this.#isUsed = values.map(() => false);
  }

  holds(at = 0): boolean {
    if (this.#triesLeft-- < 0) return false;
    if (at === this.#text.length && this.#isComplete()) return true;
    for (const [i, value] of this.#values.entries()) {
      if (this.#isUsed[i]) continue;
      this.#isUsed[i] = true;
      for (const end of this.#findEnds(value, at)) if (this.holds(end)) return true;
      this.#isUsed[i] = false;
    }
    // The arrow between two parties.
    return /[→↔]/.test(this.#text[at] ?? '') && this.holds(at + 1);
  }

  #findEnds({ forms }: Shown, at: number): number[] {
    return forms.flatMap((form) =>
      this.#text.startsWith(form.before, at) ? this.#findFormEnds(form, at) : [],
    );
  }

  #findFormEnds({ before, whole, kind }: Form, at: number): number[] {
    const start = at + before.length;
    const isWhole = whole !== '' && this.#text.startsWith(whole, start);
    const ends = isWhole ? [start + whole.length] : [];
    const mark = this.#form === 'grid' ? this.#text.indexOf('…', start) : -1;
    if (mark < 0) return ends;
    const kept = this.#text.slice(start, mark);
    if (kind === 'number') return [...ends, ...this.#findCutNumber(whole, kept, mark + 1)];
    if (!whole.startsWith(kept) || (kind === 'json' && isInsideOfFigure(whole, kept.length))) return ends;
    ends.push(mark + 1);
    // A hash is cut in the middle.
    if (this.#text.startsWith(whole.slice(-4), mark + 1)) ends.push(mark + 5);
    return ends;
  }

  /** A number is cut after its point, or to its leading digits and its power of ten. */
  #findCutNumber(whole: string, kept: string, end: number): number[] {
    const grouped = groupDigits(whole.replaceAll(',', ''));
    if (!/e/i.test(whole) && grouped.startsWith(kept) && kept.includes('.')) return [end];
    const [power = ''] = /^e-?\d+/.exec(this.#text.slice(end)) ?? [];
    if (power === '' || !/^-?\d(\.\d+)?$/.test(kept)) return [];
    // The digits may be too large for a JavaScript number; the exponent is not.
    const [sign, digits, exponent] = readFigure(whole.replaceAll(',', ''));
    const isSame = kept.startsWith('-') === (sign === '-') && digits.startsWith(kept.replace(/[-.]/g, ''));
    // Digits that follow the power belong to the next value.
    const expected = `e${exponent}`;
    return isSame && power.startsWith(expected) ? [end + expected.length] : [];
  }

  #isComplete(): boolean {
    const missing = this.#values.filter((_value, i) => !this.#isUsed[i]);
    const required = missing.filter(({ isOptional }) => !isOptional);
    return required.length <= this.#missing && this.#missing <= missing.length;
  }
}

/** Sign, digits without leading zeros, and the power of ten of the first one. */
function readFigure(figure: string): [string, string, number] {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(figure) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const zeros = whole.length + fraction.length - digits.length;
  return [sign, digits, whole.length - zeros - 1 + Number(power)];
}

/** JSON is not cut inside a number: `12` is not `123`. */
function isInsideOfFigure(whole: string, at: number): boolean {
  return /(^|[[:,])"?-?\d[\d.eE+-]*$/.test(whole.slice(0, at)) && /[\d.eE+-]/.test(whole[at] ?? '');
}

function listValues(root: PlainValue, form: ShownForm): Shown[] {
  const depth = form === 'grid' ? 4 : 32;
  const values: Shown[] = [];
  const addScalar = (path: string, value: PlainValue): void => {
    const isText = value.token.startsWith('"');
    const text = isText ? readPlainString(value.token) : value.token;
    const whole = squeeze(showScalar(value));
    const before = squeeze(path);
    const isFigure = FIGURE.test(text);
    const forms: Form[] = [{ before, whole, kind: isText ? 'text' : 'number' }];
    if (isText && isFigure) forms.push({ before, whole, kind: 'number' });
    if (form === 'card') {
      // A card shows the type in its title, without a name.
      if (isText && /(^|\.)(type|event)$/.test(path)) forms.push({ before: '', whole, kind: 'text' });
    } else {
      if ((isText && CELL_TEXTS.test(path)) || CELL_CHAINS.test(path))
        forms.push({ before: '', whole, kind: 'text' });
      if (isFigure && CELL_AMOUNTS.test(path))
        forms.push({ before: '', whole: groupDigits(text), kind: 'number' });
      if (isFigure && CELL_DOLLARS.test(path)) {
        const sign = text.startsWith('-') ? '-$' : '$';
        forms.push({ before: sign, whole: groupDigits(text.replace(/^-/, '')), kind: 'number' });
      }
      if (path.endsWith('direction') && /^(in|out)$/.test(text))
        forms.push({ before: '', whole: text === 'in' ? '←' : '→', kind: 'text' });
    }
    const isNull = value.token === 'null';
    const isOptional = form === 'grid' ? isNull || MINOR.test(path) : isNull && LABEL_IN_PARTY.test(path);
    values.push({ forms, isOptional });
  };
  const addPair = (path: string, value: string): void =>
    void values.push({
      forms: [{ before: squeeze(path), whole: squeeze(value), kind: 'json' }],
      isOptional: form === 'grid' && MINOR.test(path),
    });
  /** A member of the event or of an object in it. */
  const addField = (path: string, value: PlainValue, level: number): void => {
    const { token, entries } = value;
    if (token === '{' && entries.length > 0 && level < depth) {
      for (const [name, member] of entries) addField(`${path}.${showName(name)}`, member, level + 1);
    } else if (token === '{' || token === '[') addNested(path, value, level + 1);
    else addScalar(path, value);
  };
  /** The values of an array, or of an object below the depth limit. */
  const addNested = (path: string, value: PlainValue, level: number): void => {
    const { token, entries } = value;
    const isContainer = (one: PlainValue): boolean => one.token === '{' || one.token === '[';
    if (!isContainer(value)) addScalar(path, value);
    else if (level >= depth) addPair(path, showSource(value));
    else if (token === '[' && !entries.some(([, item]) => isContainer(item))) {
      addPair(path, `[${entries.map(([, item]) => showScalar(item)).join(',')}]`);
    } else if (entries.length === 0) addPair(path, '{}');
    else {
      for (const [i, [name, item]] of entries.entries()) {
        const step = token === '[' ? `[${i}]` : `${path === '' ? '' : '.'}${showName(name)}`;
        addNested(path + step, item, level + 1);
      }
    }
  };
  if (root.token === '[') addNested('', root, 0);
  else if (FIGURE.test(root.token)) addScalar('', root);
  else if (root.token !== '{') addPair('', showSource(root));
  else if (root.entries.length === 0) addPair('', showSource(root));
  else for (const [name, member] of root.entries) addField(showName(name), member, 0);
  return values;
}

/** As sent, with control and invisible characters escaped. */
function showSource({ source }: PlainValue): string {
  return source.replace(/"(?:[^"\\]|\\.)*"/g, makeVisible);
}

function showScalar({ token }: PlainValue): string {
  if (!token.startsWith('"')) return token;
  const text = readPlainString(token);
  return text === '' ? '""' : escapeCommands(makeVisible(text));
}

function groupDigits(figure: string): string {
  if (/e/i.test(figure)) return figure;
  const [whole = '', fraction] = figure.split('.');
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction === undefined ? '' : `.${fraction}`);
}
