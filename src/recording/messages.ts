// Messages about recordings, as they are written and played.
import { type ErrorText, EXIT } from '../errors.ts';
import { sayRequires } from '../flags/messages.ts';
import { type Filtered, formatCount, formatDuration, formatFiltered } from '../ui/format.ts';
import type { StatusRecord } from '../ui/reporter.ts';

export const THE_RECORDING = 'the recording';

export const A_FILE_NAME = 'a file name';

export const sayRecordRequired = (): ErrorText =>
  sayRequires(['--record-max-size', '--record-max-age', '--record-keep'], '--record', 'add --record <file>');

export const sayRotationRequired = (): ErrorText =>
  sayRequires(
    ['--record-keep'],
    '--record-max-size or --record-max-age',
    'without them the recording is not rotated',
  );

const quote = (path: string): string => JSON.stringify(path);

export const sayRecordingIsOutput = (path: string): ErrorText => [
  `--record ${quote(path)} is also the file that stdout or stderr is redirected to`,
  'use another name',
];

export const sayNotRecordable = (path: string): ErrorText => [
  `--record ${quote(path)} is not a regular file`,
  'use the path of a regular file',
];

export const sayExistsAndIsOther = (path: string, isCompressed: boolean): ErrorText => [
  `--record ${quote(path)} exists and is not ${isCompressed ? 'a compressed recording' : 'a recording'}`,
  'nothing was changed: use another name, or move the file away',
];

/** What is locked, for `takeLock`. */
export const describeRecordingLock = (path: string) => ({
  what: `--record ${quote(path)}`,
  describeHolder: (pid: string) => `is in use by another run (process ${pid})`,
  hint: 'use a separate file for each run',
});

export const sayTakenOver = (path: string): ErrorText => [
  `another run is now recording into ${quote(path)}`,
  'use a separate file for each run',
];

export const sayTimesRequired = (): ErrorText => [
  '--since, --until and --max-pause require receive times, which plain NDJSON does not have',
  'play a recording of `tail --record`, or the output of `tail --envelope`',
];

/** Why there is nothing to play. */
export const NO_EVENTS = 'it contains no events';
export const IS_EMPTY = 'it is empty';

export const COMPACT_HINT = 'it was pretty-printed: put each value on one line, as `jq -c .` does';

export const sayNothingToPlay = (why: string, isPrettyPrinted: boolean): ErrorText => [
  `not a recording: ${why}`,
  isPrettyPrinted
    ? COMPACT_HINT
    : 'create one with `atlantis stream tail --record <file>`, or play the output of `tail --json`',
];

export const sayPlain = (): StatusRecord => ({
  event: 'recording',
  level: 'info',
  message: 'plain NDJSON without receive times: each line is an event and is played without a wait',
  hint: '--rate <n> plays n events per second',
});
export const sayUntilBeforeSince = (): ErrorText => ['--until is before --since', 'use a later --until'];

export function sayRecordingDamaged(): StatusRecord {
  return {
    event: 'error',
    level: 'error',
    message: '--strict: the recording is damaged',
    hint: 'without --strict, the rest of it is played',
    figures: { exit_code: EXIT.protocol },
  };
}

/** Why a line cannot be played. */
export const LINE_FAULTS = {
  truncated: 'it is truncated',
  noTime: 'its received_at is not a timestamp',
  notUtf8: 'it is not UTF-8',
  notJson: 'it is not JSON',
  notRecorded: 'it is plain JSON, not a recorded event',
  tooLong: 'it is longer than the largest event',
  dataTruncated: 'the compressed data is truncated',
  dataDamaged: 'the compressed data is damaged',
} as const;

export function sayDamagedLine(line: number, why: string, isLastNamed: boolean): StatusRecord {
  return {
    event: 'discarded',
    level: 'warn',
    message: `line ${line} is damaged: ${why}${isLastNamed ? '; further damaged lines are only counted' : ''}`,
    figures: { line, why },
  };
}

/** The summary of what was played. */
export function sayPlayed(
  events: number,
  durationMs: number,
  damaged: number,
  filtered: Filtered | undefined,
): StatusRecord {
  const matched = filtered === undefined ? '' : `, ${formatFiltered(filtered)} matched`;
  return {
    event: 'summary',
    level: 'info',
    message: `${formatCount(events, 'event')} in ${formatDuration(durationMs)}${matched}, ${formatCount(damaged, 'damaged line')}`,
    figures: { events, duration_ms: Math.round(durationMs), damaged, ...filtered },
  };
}

export function sayRecordingRepaired(path: string, bytes: number): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `removed an incomplete line of ${formatCount(bytes, 'byte')} at the end of ${THE_RECORDING} ${quote(path)}`,
    figures: { bytes_repaired: bytes },
  };
}

/** What another program did to the file, and what happens now. */
const CHANGES = {
  deleted: 'deleted by another program: a new file was started, and what was recorded before is lost',
  truncated: 'truncated by another program: the recording continues in the same file',
  moved: 'moved away: a new file was started',
};
export type RecordingChange = keyof typeof CHANGES;

export function sayChanged(path: string, change: RecordingChange): StatusRecord {
  return {
    event: 'recording',
    level: change === 'moved' ? 'info' : 'warn',
    message: `${THE_RECORDING} ${quote(path)} was ${CHANGES[change]}`,
    figures: { change },
  };
}

export function sayReopened(path: string): StatusRecord {
  return {
    event: 'recording',
    level: 'info',
    message: `SIGUSR1: ${THE_RECORDING} ${quote(path)} was reopened`,
  };
}
