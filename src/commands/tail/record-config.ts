// The flags of `tail --record`.
import { UsageError } from '../../errors.ts';
import { parseCount, parseDuration, parseSize } from '../../flags/values.ts';

/** As the command line gives them. */
export interface RecordFlags {
  readonly record?: string;
  readonly recordMaxSize?: string;
  readonly recordMaxAge?: string;
  readonly recordKeep?: string;
}

/** What to record into; undefined members are without a bound. */
export interface RecordSettings {
  readonly path: string;
  readonly maxBytes: number | undefined;
  readonly maxAgeMs: number | undefined;
  readonly keep: number | undefined;
}

/** Undefined where nothing is to be recorded. @throws UsageError */
export function parseRecordFlags(flags: RecordFlags): RecordSettings | undefined {
  const { record, recordMaxSize, recordMaxAge, recordKeep } = flags;
  const maxBytes = recordMaxSize === undefined ? undefined : parseSize('--record-max-size', recordMaxSize);
  const maxAgeMs = recordMaxAge === undefined ? undefined : parseDuration('--record-max-age', recordMaxAge);
  const keep = recordKeep === undefined ? undefined : parseCount('--record-keep', recordKeep, 0);
  if (record === undefined) {
    if (maxBytes === undefined && maxAgeMs === undefined && keep === undefined) return undefined;
    throw new UsageError(
      '--record-max-size, --record-max-age and --record-keep need --record',
      'add --record <file>',
    );
  }
  if (record === '' || record === '-') {
    throw new UsageError(`invalid --record "${record}"`, 'accepted: the name of a file');
  }
  if (keep !== undefined && maxBytes === undefined && maxAgeMs === undefined) {
    throw new UsageError(
      '--record-keep needs --record-max-size or --record-max-age',
      'without them there is one file',
    );
  }
  return { path: record, maxBytes, maxAgeMs, keep };
}
