// The flags of `tail --record`.
import { UsageError } from '../../errors.ts';
import { parseFlags } from '../../flags/definition.ts';
import { RECORD_FLAGS, type RecordFlags } from './flags.ts';

/** What to record into; undefined members are without a bound. */
export interface RecordSettings {
  readonly path: string;
  readonly maxBytes: number | undefined;
  readonly maxAgeMs: number | undefined;
  readonly keep: number | undefined;
}

/** Undefined where nothing is to be recorded. @throws UsageError */
export function parseRecordFlags(flags: RecordFlags): RecordSettings | undefined {
  const { path, maxBytes, maxAgeMs, keep } = parseFlags(RECORD_FLAGS, flags);
  if (path === undefined) {
    if (maxBytes === undefined && maxAgeMs === undefined && keep === undefined) return undefined;
    throw new UsageError(
      '--record-max-size, --record-max-age and --record-keep need --record',
      'add --record <file>',
    );
  }
  if (path === '' || path === '-') {
    throw new UsageError(`invalid --record "${path}"`, 'accepted: the name of a file');
  }
  if (keep !== undefined && maxBytes === undefined && maxAgeMs === undefined) {
    throw new UsageError(
      '--record-keep needs --record-max-size or --record-max-age',
      'without them there is one file',
    );
  }
  return { path, maxBytes, maxAgeMs, keep };
}
