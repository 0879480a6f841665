// Flags of `stream top` → its configuration.
import { UsageError } from '../../errors.ts';
import type { PathStep } from '../../events/path.ts';
import { parseFieldList } from '../../filter/field-list.ts';
import { listGiven, parseFlags, pick } from '../../flags/definition.ts';
import { type Sort, TABLE_FLAGS } from '../../flags/table-flags.ts';
import type { Io } from '../../io/io.ts';
import { hasEscapes } from '../../io/terminal.ts';
import { parsePlayFlags, type ReplayConfig } from '../../recording/flags.ts';
import type { WatchedPath } from '../../session/event-sample.ts';
import { FROM_FLAGS } from '../../settings/flags.ts';
import { parseGroupPaths, parseLagPaths } from '../../settings/table-paths.ts';
import type { ParsedPath } from './event-facts.ts';
import { DEFAULT_FILE_SPEED, FILE_FLAGS, LIVE_ONLY_FLAGS, type TopFlags } from './flags.ts';
import { sayFileRequired, sayNoScreen, sayNotForFiles, sayOnceRequired } from './messages.ts';

/** `service` is also the simulator. */
type TopSource =
  | { readonly kind: 'service' }
  | { readonly kind: 'jetstream' }
  | { readonly kind: 'file'; readonly path: string; readonly pace: ReplayConfig };

export interface TopConfig {
  readonly by: readonly ParsedPath[];
  readonly sort: Sort;
  /** Infinity: as many as fit. */
  readonly rows: number;
  readonly dollars: readonly (readonly PathStep[])[];
  readonly time: readonly (readonly PathStep[])[];
  /** Paths that the user has named, and that events should have. */
  readonly watchedPaths: readonly WatchedPath[];
  /** Undefined: the table is drawn until the run ends. */
  readonly once: { readonly withinMs: number | undefined; readonly isJson: boolean } | undefined;
  readonly source: TopSource;
}

const DEFAULT_ROWS = 20;
const DEFAULT_WITHIN_MS = 10_000;

/** @param path of a recording, `-` for stdin. @throws UsageError */
export async function parseTopFlags(path: string | undefined, flags: TopFlags, io: Io): Promise<TopConfig> {
  const values = parseFlags(TABLE_FLAGS, flags);
  const source = parseSource(path, flags, io);
  if (!values.isOnce) {
    const [alone] = listGiven(pick(TABLE_FLAGS, 'withinMs', 'isJson'), flags);
    if (alone !== undefined) throw new UsageError(...sayOnceRequired(alone));
    if (!io.stdout.isTty || !hasEscapes(io)) throw new UsageError(...sayNoScreen());
  }
  const by = await parseGroupPaths(values.by, '--by');
  const dollars = await parseFieldList(values.usdField, '--usd-field');
  const time = parseLagPaths(values.lagField);
  const { withinMs = source.kind === 'file' ? undefined : DEFAULT_WITHIN_MS, isJson } = values;
  return {
    by,
    sort: values.sort,
    rows: values.rows ?? (values.isOnce ? DEFAULT_ROWS : Number.POSITIVE_INFINITY),
    dollars: dollars.map(({ steps }) => steps),
    time,
    watchedPaths: [
      // An event may have its type in several fields.
      ...listWatched(
        '--by',
        flags.by,
        by.filter(({ text }) => text !== 'type'),
      ),
      // An event needs only one of several amount fields.
      ...listWatched('--usd-field', flags.usdField, dollars.length > 1 ? [] : dollars),
      ...listWatched(
        '--lag-field',
        flags.lagField,
        time.map((steps) => ({ text: flags.lagField ?? '', steps })),
      ),
    ],
    once: values.isOnce ? { withinMs, isJson } : undefined,
    source,
  };
}

/** Without the flag, no path is watched, since not every stream has the fields of the defaults. */
function listWatched(flag: string, given: string | undefined, paths: readonly ParsedPath[]): WatchedPath[] {
  return given === undefined ? [] : paths.map((path) => ({ ...path, flag }));
}

/** @throws UsageError for flags that have no effect on this source */
function parseSource(path: string | undefined, flags: TopFlags, io: Io): TopSource {
  if (path !== undefined) {
    const [other] = listGiven(LIVE_ONLY_FLAGS, flags);
    if (other !== undefined) throw new UsageError(...sayNotForFiles(other));
    const isPaced = (flags.speed ?? flags.rate) !== undefined;
    const pace = parsePlayFlags(isPaced ? flags : { ...flags, speed: DEFAULT_FILE_SPEED }, io.clock.wallMs());
    return { kind: 'file', path, pace };
  }
  const { since: _since, ...playFlags } = FILE_FLAGS;
  const [alone] = listGiven(playFlags, flags);
  if (alone !== undefined) throw new UsageError(...sayFileRequired(alone));
  return { kind: listGiven(FROM_FLAGS, flags).length > 0 ? 'jetstream' : 'service' };
}
