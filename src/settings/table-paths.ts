// The paths of `--by` and `--lag-field`.
import { UsageError } from '../errors.ts';
import { DEFAULT_LAG_PATHS } from '../events/event-time.ts';
import { type PathStep, readWholePath } from '../events/path.ts';
import { parseFieldList } from '../filter/field-list.ts';
import { sayInvalid } from '../flags/messages.ts';
import { ACCEPTED_LAG_PATH, AT_MOST_FOUR_PATHS } from './messages.ts';

const MAX_GROUP_PATHS = 4;

/** @throws UsageError */
export async function parseGroupPaths(text: string, name: string): ReturnType<typeof parseFieldList> {
  const paths = await parseFieldList(text, name);
  if (paths.length > MAX_GROUP_PATHS) throw new UsageError(...sayInvalid(name, text, AT_MOST_FOUR_PATHS));
  return paths;
}

/** @throws UsageError */
export function parseLagPaths(
  lagField: string | undefined,
  name = '--lag-field',
): readonly (readonly PathStep[])[] {
  if (lagField === undefined) return DEFAULT_LAG_PATHS;
  const steps = readWholePath(lagField);
  if (steps === undefined) throw new UsageError(...sayInvalid(name, lagField, ACCEPTED_LAG_PATH));
  return [steps];
}
