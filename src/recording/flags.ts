// The flags that play a recording, for `replay` and `top`.
import { UsageError } from '../errors.ts';
import { type Flags, optional, parseFlags, text, toggle, withDefault } from '../flags/definition.ts';
import { sayNotCombinable } from '../flags/messages.ts';
import { parseDuration, parsePlayRate, parseSpeed, parseTime } from '../flags/values.ts';
import { sayUntilBeforeSince } from './messages.ts';
import type { PlayPace } from './play.ts';

export const PLAY_FLAGS = {
  speed: withDefault(
    '--speed <speed>',
    'playback speed: 1x, 10x, 0.5x, or max for no pauses',
    parseSpeed,
    '1x',
  ),
  ratePerSecond: optional(
    '--rate <n>',
    'play n events per second (or max), regardless of their times',
    parsePlayRate,
  ),
  maxPauseMs: optional('--max-pause <dur>', 'wait at most this long between two events', parseDuration),
  since: text('--since <time>', 'start at this receive time: a timestamp, or 10m for 10 minutes ago'),
  until: text('--until <time>', 'stop at this receive time; takes the same forms as --since'),
  isStrict: toggle('--strict', 'exit 8 at the first damaged line'),
};

/** As commander parses them: text, not yet checked. */
export type PlayFlags = Flags<typeof PLAY_FLAGS>;

export interface ReplayConfig extends PlayPace {
  readonly isStrict: boolean;
}

/** @throws UsageError */
export function parsePlayFlags(flags: PlayFlags, nowMs: number): ReplayConfig {
  const { since, until, ...values } = parseFlags(PLAY_FLAGS, flags);
  if (values.ratePerSecond !== undefined && (flags.speed ?? flags.maxPause) !== undefined) {
    const other = flags.speed === undefined ? '--max-pause' : '--speed';
    throw new UsageError(...sayNotCombinable('--rate', other));
  }
  if (values.speed === Number.POSITIVE_INFINITY && values.maxPauseMs !== undefined) {
    throw new UsageError(...sayNotCombinable('--speed max', '--max-pause'));
  }
  const sinceMs = since === undefined ? undefined : parseTime('--since', since, nowMs);
  const untilMs = until === undefined ? undefined : parseTime('--until', until, nowMs);
  if (sinceMs !== undefined && untilMs !== undefined && untilMs < sinceMs) {
    throw new UsageError(...sayUntilBeforeSince());
  }
  return { ...values, sinceMs, untilMs };
}
