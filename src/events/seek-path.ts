// Follows a path through the bytes of an event, down to the scalars that it leads to.
import type { Step } from './path.ts';
import { NOWHERE, OPEN_ARRAY, OPEN_OBJECT } from './scan-constants.ts';
import { makeNames, type Names, seekFirstItem, seekMembers, seekNextItem, skipValue } from './seek.ts';
import type { ValueTest } from './value-test.ts';

/** A step of a path, its name ready to be compared with keys. */
export type SeekStep =
  | { readonly kind: 'member'; readonly names: Names }
  | Exclude<Step, { readonly kind: 'member' }>;

const place = new Int32Array(1);

export function prepareSteps(steps: readonly Step[]): readonly SeekStep[] {
  return steps.map((step) => (step.kind === 'member' ? { ...step, names: makeNames([step.name]) } : step));
}

/**
 * True if `matches` takes one of the scalars to which the steps from `first` on lead, out of the value at
 * `at`; arrays and objects match nothing. Recursion is as deep as there are `[*]` in the path.
 */
export function hasMatch(
  view: DataView,
  at: number,
  end: number,
  steps: readonly SeekStep[],
  first: number,
  matches: ValueTest,
): boolean {
  for (let i = first; i < steps.length && at !== NOWHERE; i++) {
    const step = steps[i] as SeekStep;
    if (view.getUint8(at) !== (step.kind === 'member' ? OPEN_OBJECT : OPEN_ARRAY)) return false;
    if (step.kind === 'member') {
      seekMembers(view, at, end, step.names, place);
      at = place[0] as number;
      continue;
    }
    let item = seekFirstItem(view, at, end);
    if (step.kind === 'item') {
      for (let left = step.index; left > 0 && item !== NOWHERE; left--) item = seekNextItem(view, item, end);
      at = item;
      continue;
    }
    for (; item !== NOWHERE; item = seekNextItem(view, item, end)) {
      if (hasMatch(view, item, end, steps, i + 1, matches)) return true;
    }
    return false;
  }
  if (at === NOWHERE) return false;
  const byte = view.getUint8(at);
  return byte !== OPEN_OBJECT && byte !== OPEN_ARRAY && matches(view, at, skipValue(view, at, end));
}
