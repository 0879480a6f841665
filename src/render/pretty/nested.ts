// Arrays, and objects nested deeper than is looked, as `name value` pairs: `items[0].x 1`.
//
// Bounded in depth and number, so that no event floods the screen; what is left out is said.
import { type JsonLevel, readLevel } from '../../events/json-level.ts';
import { groupDigits } from './figures.ts';
import { cutEnd } from './shorten.ts';
import { showScalar, showSource, type ValueView } from './values.ts';

/** Both texts are visible; a pair without a name is a value, or a remark, of its own. */
export interface Pair {
  readonly name: string;
  readonly value: string;
}

/** What is shown of one event at most. */
export interface NestedBounds {
  /** Levels that are opened. */
  readonly depth: number;
  /** Pairs, of an array's scalars, and of its other items. */
  readonly pairs: number;
  readonly scalars: number;
  readonly containers: number;
  /** Characters of a name with all that is above it. */
  readonly pathLength: number;
}

const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;

/** Lists what is in the array or object from `start` to `end`; `depth` counts the levels above it. */
export function listNested(
  view: ValueView,
  bounds: NestedBounds,
  name: string,
  start: number,
  end: number,
  depth: number,
): Pair[] {
  const pairs: Pair[] = [];
  const { ellipsis } = view.signs;
  const open = (path: string, from: number, to: number, level: number): void => {
    if (pairs.length >= bounds.pairs) return;
    if (!isContainer(view, from)) pairs.push({ name: path, value: showScalar(view, from, to) });
    else if (level >= bounds.depth) pairs.push({ name: path, value: showSource(view, from, to) });
    else openContainer(path, readLevel(view.text, from), level);
  };
  const openContainer = (path: string, found: JsonLevel, level: number): void => {
    const { isArray, names, starts, ends } = found;
    const count = starts.length;
    if (count === 0 || (isArray && !starts.some((at) => isContainer(view, at)))) {
      pairs.push({ name: path, value: isArray ? listScalars(view, found, bounds.scalars) : '{}' });
      return;
    }
    const shown = isArray ? Math.min(count, bounds.containers) : count;
    for (let i = 0; i < shown && pairs.length < bounds.pairs; i++) {
      const step = isArray ? `[${i}]` : `${path === '' ? '' : '.'}${names[i] === '' ? '""' : names[i]}`;
      const inner = cutEnd(path + step, bounds.pathLength, ellipsis);
      open(inner, starts[i] ?? 0, ends[i] ?? 0, level + 1);
    }
    if (pairs.length >= bounds.pairs) pairs.push({ name: '', value: ellipsis });
    else if (shown < count) pairs.push({ name: path, value: sayMore(count - shown, ellipsis) });
  };
  open(name, start, end, depth);
  return pairs;
}

function isContainer({ text }: ValueView, at: number): boolean {
  const first = text.charCodeAt(at);
  return first === OPEN_OBJECT || first === OPEN_ARRAY;
}

function listScalars(view: ValueView, { starts, ends }: JsonLevel, most: number): string {
  const shown = Math.min(starts.length, most);
  const items: string[] = [];
  for (let i = 0; i < shown; i++) items.push(showScalar(view, starts[i] ?? 0, ends[i] ?? 0));
  if (shown < starts.length) items.push(sayMore(starts.length - shown, view.signs.ellipsis));
  return `[${items.join(', ')}]`;
}

function sayMore(count: number, ellipsis: string): string {
  return `${ellipsis} ${groupDigits(String(count))} more`;
}
