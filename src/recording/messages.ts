// Messages about writing and playing recordings.
import { type ErrorText, EXIT } from '../errors.ts';
import type { Reformatting } from '../events/json-line.ts';
import { sayRequires } from '../flags/messages.ts';
import { sayExistsAndIsOther, sayNotRegular } from '../io/messages.ts';
import { type EventFigures, formatCount, formatEvents, formatGaps } from '../ui/format.ts';
import type { StatusRecord } from '../ui/reporter.ts';

export const THE_RECORDING = 'the recording';

export const ACCEPTED_FILE_NAME = 'a file name';

export const sayRecordRequired = (): ErrorText =>
  sayRequires(['--record-max-size', '--record-max-age', '--record-keep'], '--record', 'add --record <file>');

export const sayRotationRequired = (): ErrorText =>
  sayRequires(
    ['--record-keep'],
    '--record-max-size or --record-max-age',
    'add one of them: otherwise the recording is not rotated',
  );

const quote = (path: string): string => JSON.stringify(path);

export const sayRecordingIsOutput = (path: string): ErrorText => [
  `--record ${quote(path)} is also the file that stdout or stderr is redirected to`,
  'use another name',
];

export const sayNotRecordable = (path: string): ErrorText => sayNotRegular('--record', path);

export const sayOtherRecording = (path: string, isCompressed: boolean): ErrorText =>
  sayExistsAndIsOther('--record', path, isCompressed ? 'a compressed recording' : 'a recording');

/** Texts for `takeLock`. */
export const describeRecordingLock = (path: string) => ({
  what: `--record ${quote(path)}`,
  describeHolder: (pid: string) => `is in use by another run (process ${pid})`,
  hint: 'use a separate file for each run',
});

export const sayTakenOver = (path: string): ErrorText => [
  `another run is now recording to ${quote(path)}`,
  'use a separate file for each run',
];

export const sayTimesRequired = (): ErrorText => [
  '--since, --until and --max-pause require receive times, which plain NDJSON does not have',
  'play a recording made by `tail --record`, or the output of `tail --envelope`',
];

export const NO_EVENTS = 'it contains no events';
export const IS_EMPTY = 'it is empty';

export const IS_ONE_LINE = 'it is a single line';

export const REFORMATTED_HINTS: Readonly<Record<Reformatting, string>> = {
  'pretty-printed':
    "it was pretty-printed: put each value on one line, as `jq -c .` does, or `jq -c '.[]'` for an array",
  'one-array': "it is one JSON array: put each element on one line, as `jq -c '.[]'` does",
};

const STDIN = 'stdin';

/** @param path `-` for stdin */
export const sayNothingToPlay = (
  why: string,
  path: string,
  reformatting: Reformatting | undefined,
): ErrorText => [
  `${path === '-' ? STDIN : path} is not a recording: ${why}`,
  reformatting !== undefined
    ? REFORMATTED_HINTS[reformatting]
    : 'create one with `atlantis stream tail --record <file>`, or play the output of `tail --json`',
];

export const sayPlain = (): StatusRecord => ({
  event: 'recording',
  level: 'info',
  message: 'plain NDJSON without receive times: each line is an event and is played without a delay',
  hint: '--rate <n> plays n events per second',
});
export const sayUntilBeforeSince = (): ErrorText => ['--until is before --since', 'use a later --until'];

export function sayRecordingDamaged(): StatusRecord {
  return {
    event: 'error',
    level: 'error',
    message: '--strict: the recording is damaged',
    hint: 'without --strict, the rest of it is played',
    fields: { exit_code: EXIT.protocol },
  };
}

export const LINE_FAULTS = {
  truncated: 'it is truncated',
  noTime: 'its received_at is not a timestamp',
  notUtf8: 'it is not UTF-8',
  notJson: 'it is not JSON',
  notRecorded: 'it is plain JSON, not a recorded event',
  tooLong: 'it exceeds the maximum size of an event',
  dataTruncated: 'the compressed data is truncated',
  dataDamaged: 'the compressed data is damaged',
} as const;

export function sayDamagedLine(line: number, why: string, isLastReported: boolean): StatusRecord {
  return {
    event: 'discarded',
    level: 'warn',
    message: `line ${line} is damaged: ${why}${isLastReported ? '; further damaged lines are only counted' : ''}`,
    fields: { line, why },
  };
}

/** The gaps are undefined if they are not counted. */
export interface PlayFigures extends EventFigures {
  readonly gaps?: number;
  readonly gapMs?: number;
}

export function sayPlayed(figures: PlayFigures, damaged: number): StatusRecord {
  const { events, durationMs, filtered, gaps, gapMs = 0 } = figures;
  const parts = [formatEvents(figures)];
  if (gaps !== undefined) parts.push(formatGaps({ gaps, gapMs, isGapOpen: false }));
  if (damaged > 0) parts.push(formatCount(damaged, 'damaged line'));
  const gapFigures = gaps === undefined ? {} : { gaps, gap_ms: Math.round(gapMs) };
  return {
    event: 'summary',
    level: 'info',
    message: parts.join(', '),
    fields: { events, duration_ms: Math.round(durationMs), ...gapFigures, damaged, ...filtered },
  };
}

export function sayRecordingRepaired(path: string, bytes: number): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `removed an incomplete line of ${formatCount(bytes, 'byte')} at the end of ${THE_RECORDING} ${quote(path)}`,
    fields: { bytes_repaired: bytes },
  };
}

const CHANGES = {
  deleted: 'deleted by another program: a new file was started, and the events recorded before are lost',
  truncated: 'truncated by another program: the recording continues in the same file',
  moved: 'moved away: a new file was started',
};
export type RecordingChange = keyof typeof CHANGES;

export function sayChanged(path: string, change: RecordingChange): StatusRecord {
  return {
    event: 'recording',
    level: change === 'moved' ? 'info' : 'warn',
    message: `${THE_RECORDING} ${quote(path)} was ${CHANGES[change]}`,
    fields: { change },
  };
}

export function sayReopened(path: string): StatusRecord {
  return {
    event: 'recording',
    level: 'info',
    message: `SIGUSR1: ${THE_RECORDING} ${quote(path)} was reopened`,
  };
}
