// `--lag-field` → the paths where the time of an event is looked for.
import { UsageError } from '../errors.ts';
import { DEFAULT_LAG_PATHS } from '../events/event-time.ts';
import { ExpressionFault, type PathStep, parsePath } from '../events/path.ts';
import { sayInvalid } from '../flags/messages.ts';
import { A_LAG_PATH } from './messages.ts';

/** @param lagField as given. @throws UsageError */
export function parseLagPaths(lagField: string | undefined): readonly (readonly PathStep[])[] {
  return lagField === undefined ? DEFAULT_LAG_PATHS : [parseLagField(lagField)];
}

function parseLagField(text: string): readonly PathStep[] {
  try {
    const { steps, end } = parsePath(text);
    if (end === text.length) return steps;
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
  }
  throw new UsageError(...sayInvalid('--lag-field', text, A_LAG_PATH));
}
