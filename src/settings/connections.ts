// The flags for several connections and for deduplication.
import { type ConnectionsConfig, MERGE_DEFAULTS } from '../connection/config.ts';
import { UsageError } from '../errors.ts';
import { createEventIdentifier, DEFAULT_ID_STEPS, parseIdSteps } from '../events/event-id.ts';
import type { PathStep } from '../events/path.ts';
import { type Flags, parseFlags } from '../flags/definition.ts';
import { ACCEPTED_ID_PATH, ID_PATH_ADVICE, sayInvalid } from '../flags/messages.ts';
import { DEDUPE_FLAGS, REDUNDANCY_FLAGS } from '../flags/shared-flags.ts';

/** Parses the value of `--id`. @throws UsageError with a caret under the mistake */
export async function parseIdPath(path: string): Promise<readonly PathStep[]> {
  const { parseWithCaret } = await import('../filter/point-at-fault.ts');
  return parseWithCaret(
    '--id',
    path,
    (text) => {
      const steps = parseIdSteps(text);
      if (steps === undefined) throw new UsageError(...sayInvalid('--id', path, ACCEPTED_ID_PATH));
      return steps;
    },
    ID_PATH_ADVICE,
  );
}

/**
 * @param idSteps undefined: duplicates are recognized by their text only
 * @throws UsageError
 */
export function parseRedundancyFlags(
  flags: Flags<typeof REDUNDANCY_FLAGS>,
  idSteps: readonly PathStep[] | undefined,
  windowMs: number | undefined,
): ConnectionsConfig {
  const { connections, noOverlap } = parseFlags(REDUNDANCY_FLAGS, flags);
  const identify = createEventIdentifier(idSteps);
  return {
    connections,
    hasOverlap: !noOverlap,
    merge: { ...MERGE_DEFAULTS, ...(windowMs === undefined ? {} : { windowMs }), identify },
  };
}

/** @throws UsageError */
export async function parseMergeFlags(
  flags: Flags<typeof REDUNDANCY_FLAGS> & Flags<typeof DEDUPE_FLAGS>,
): Promise<ConnectionsConfig> {
  const { id, dedupeWindowMs } = parseFlags(DEDUPE_FLAGS, flags);
  const idSteps = id === undefined ? DEFAULT_ID_STEPS : await parseIdPath(id);
  return parseRedundancyFlags(flags, idSteps, dedupeWindowMs);
}
