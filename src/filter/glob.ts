// Globs of `--type`, as in a shell: `*`, `?`, `[a-z]`, `[!a-z]`, `{one,other}`, `\` to escape a character.
//
// Matching is case-sensitive, and a dot is an ordinary character. The server chooses the length of a type, so the time
// is at most proportional to this length times the length of the glob.
import { ExpressionFault } from '../events/path.ts';
import { GLOB_FAULTS } from './messages.ts';

/** Tests one character; `ANY_RUN` matches any number of characters. */
type CharacterTest = (codePoint: number) => boolean;

const ANY_RUN: CharacterTest = () => true;
const ANY_ONE: CharacterTest = () => true;
/** Alternatives multiply: `{a,b}{c,d}` has four. */
const MAX_ALTERNATIVES = 1_000;

/** Tests whole texts. @throws ExpressionFault */
export function parseGlob(glob: string): (text: string) => boolean {
  const alternatives = readAlternatives(glob);
  return (text) => alternatives.some((tokens) => matchesGlob(tokens, text));
}

function readAlternatives(glob: string): CharacterTest[][] {
  let whole: CharacterTest[][] = [[]];
  let choices: CharacterTest[][] | undefined;
  let openedAt = 0;
  let at = 0;
  while (at < glob.length) {
    const character = String.fromCodePoint(glob.codePointAt(at) ?? 0);
    let token: CharacterTest | undefined;
    let next = at + character.length;
    if (character === '{') {
      if (choices !== undefined) throw new ExpressionFault(GLOB_FAULTS.nested, at);
      choices = [[]];
      openedAt = at;
    } else if (character === ',' && choices !== undefined) {
      choices.push([]);
    } else if (character === '}' && choices !== undefined) {
      if (whole.length * choices.length > MAX_ALTERNATIVES) {
        throw new ExpressionFault(GLOB_FAULTS.alternatives(MAX_ALTERNATIVES), openedAt);
      }
      const ends = choices;
      whole = whole.flatMap((begin) => ends.map((end) => [...begin, ...end]));
      choices = undefined;
    } else if (character === '[') {
      [token, next] = readSet(glob, at);
    } else if (character === '\\') {
      const escaped = glob.codePointAt(next);
      if (escaped === undefined) throw new ExpressionFault(GLOB_FAULTS.backslash, next);
      token = (codePoint) => codePoint === escaped;
      next += String.fromCodePoint(escaped).length;
    } else {
      token = readPlain(character);
    }
    if (token !== undefined) {
      const open = choices === undefined ? whole : choices.slice(-1);
      for (const tokens of open) tokens.push(token);
    }
    at = next;
  }
  if (choices !== undefined) throw new ExpressionFault(GLOB_FAULTS.braceOpen, openedAt);
  return whole;
}

function readPlain(character: string): CharacterTest {
  if (character === '*') return ANY_RUN;
  if (character === '?') return ANY_ONE;
  const wanted = character.codePointAt(0);
  return (codePoint) => codePoint === wanted;
}

function readSet(glob: string, at: number): [CharacterTest, number] {
  const set = /\[([!^]|(?![!^]))((?:\\.|[^\\\]])+)\]/suy;
  set.lastIndex = at;
  const [, not = '', members = ''] = set.exec(glob) ?? [];
  if (members === '') throw new ExpressionFault(GLOB_FAULTS.set, at);
  const ranges: (readonly [number, number])[] = [];
  const one = /\\?(.)(?:-\\?(.))?/gsu;
  for (const [range, low = '', high = low] of members.matchAll(one)) {
    const bounds = [low.codePointAt(0) ?? 0, high.codePointAt(0) ?? 0] as const;
    if (bounds[0] > bounds[1]) throw new ExpressionFault(GLOB_FAULTS.range(range), at);
    ranges.push(bounds);
  }
  const isIn: CharacterTest = (codePoint) =>
    ranges.some(([low, high]) => codePoint >= low && codePoint <= high);
  return [not === '' ? isIn : (codePoint) => !isIn(codePoint), set.lastIndex];
}

/** On a mismatch only the last `*` takes one more character; the part before it need not be tried again. */
function matchesGlob(tokens: readonly CharacterTest[], text: string): boolean {
  let at = 0;
  let next = 0;
  let run = -1;
  let runEnd = 0;
  while (at < text.length) {
    const token = tokens[next];
    if (token === ANY_RUN) {
      run = next;
      runEnd = at;
      next += 1;
      continue;
    }
    const codePoint = text.codePointAt(at) ?? 0;
    if (token?.(codePoint)) {
      at += countUtf16Units(codePoint);
      next += 1;
      continue;
    }
    if (run < 0) return false;
    runEnd += countUtf16Units(text.codePointAt(runEnd) ?? 0);
    at = runEnd;
    next = run + 1;
  }
  while (tokens[next] === ANY_RUN) next += 1;
  return next === tokens.length;
}

function countUtf16Units(codePoint: number): number {
  return codePoint > 0xffff ? 2 : 1;
}
