// What `top` shows of its data: the source, the totals and the table.
import type { Clock } from '../../clock.ts';
import type { Sort } from '../../flags/table-flags.ts';
import { escapeCommands } from '../../render/ci-commands.ts';
import { type LogStyle, NO_PAINT } from '../../render/paint.ts';
import { makeVisible } from '../../render/sanitize.ts';
import type { Signs } from '../../render/signs.ts';
import { joinPieces, type Piece } from '../../render/text-width.ts';
import { formatCount, formatDuration, formatFiltered, formatMoment, formatTime } from '../../ui/format.ts';
import { STATUS } from '../../ui/messages.ts';
import { drawBars, formatRate } from '../../ui/rate.ts';
import { formatLagPercentile, formatRounded } from './cells.ts';
import type { ConnectionState } from './connection-state.ts';
import { STATES, TOTALS } from './messages.ts';
import type { Ranking } from './ranking.ts';
import { layoutTable, selectRows, type TableStyle } from './table.ts';
import type { Timeline } from './timeline.ts';

export interface TopData {
  readonly by: readonly string[];
  readonly ranking: Ranking;
  readonly timeline: Timeline;
  readonly connection: ConnectionState;
  /** The host, or the path of a recording. */
  readonly source: string;
  readonly isFile: boolean;
}

interface FrameChoice {
  readonly sort: Sort;
  readonly isReversed: boolean;
  readonly isPaused: boolean;
  /** The run has ended, so the frame shows neither `connecting` nor `retrying`. */
  readonly isFinal: boolean;
  readonly columns: number;
  readonly maxRows: number;
}

export interface FrameParts {
  readonly clock: Clock;
  readonly signs: Signs;
  readonly style: TableStyle & Pick<LogStyle, 'live' | 'waiting'>;
  readonly widths: Map<string, number>;
}

const TREND_BARS = 20;
/** A sign of one column, a space and `live`. */
const LIVE_WIDTH = 6;
const SECOND_MS = 1_000;
const DAY_MS = 24 * 3_600_000;

export function renderFrame(data: TopData, choice: FrameChoice, parts: FrameParts): string[] {
  const { ranking, timeline, by } = data;
  const { columns, sort, isReversed, maxRows } = choice;
  const { signs, style, widths } = parts;
  const fit = { ellipsis: signs.ellipsis, skips: true };
  const selection = selectRows(ranking, timeline, choice, maxRows);
  const formatLast = createLastFormat(data, parts.clock);
  const table = layoutTable(selection, ranking.total, {
    by,
    sort,
    isReversed,
    columns,
    signs,
    style,
    formatLast,
    hasTimes: timeline.hasTimes,
    widths,
  });
  return [
    joinPieces(describeSource(data, choice, parts), columns, fit),
    joinPieces(describeTotals(data, parts), columns, fit),
    '',
    ...table,
  ];
}

function describeSource(
  { connection, source, isFile, ranking, timeline }: TopData,
  choice: FrameChoice,
  parts: FrameParts,
): Piece[] {
  const { clock, signs, style } = parts;
  const { state, gaps, isGapOpen } = connection;
  const end: Piece[] = [
    { text: STATES.gaps(gaps, isGapOpen), paint: gaps > 0 ? style.waiting : NO_PAINT, isKept: true },
    ...(choice.isPaused ? [{ text: STATES.paused, paint: style.waiting, isKept: true }] : []),
  ];
  const name = escapeCommands(makeVisible(source));
  if (isFile) {
    const { lastSeenMs } = ranking.total;
    const from = formatMoment(lastSeenMs - timeline.spanMs);
    const times =
      ranking.total.events === 0 || !timeline.hasTimes
        ? []
        : [{ text: STATES.period(from, formatMoment(lastSeenMs)) }];
    return [{ text: name }, ...times, ...end];
  }
  const up = formatDuration(Math.max(0, clock.wallMs() - connection.startedAtMs));
  if (choice.isFinal) {
    const isLost = state.kind !== 'live' && connection.connections > 0;
    return [
      { text: name },
      { text: up },
      ...(isLost ? [{ text: STATUS.disconnected, paint: style.waiting }] : []),
      ...end,
    ];
  }
  if (state.kind === 'live') {
    const { roundTripMs } = state.stream;
    const trip = roundTripMs === undefined ? [] : [{ text: STATUS.roundTrip(roundTripMs) }];
    return [
      { text: `${signs.live} ${STATUS.live}`, width: LIVE_WIDTH, paint: style.live },
      { text: name },
      { text: up },
      ...trip,
      ...end,
    ];
  }
  if (state.kind === 'retrying') {
    const text = STATES.retrying(state.atMs - clock.monotonicMs(), state.attempt);
    return [{ text, paint: style.waiting }, { text: name }, ...end];
  }
  return [{ text: STATUS.connecting(name), paint: style.waiting }, ...end];
}

function describeTotals({ ranking, connection, timeline }: TopData, { signs, style }: FrameParts): Piece[] {
  const { total } = ranking;
  const { received } = connection;
  const { ratePerSecond, dollarsPerMinute } = total.series;
  const lag = total.readLag();
  const matched = total.events;
  const pieces: Piece[] = [
    { text: received === undefined ? formatCount(matched, 'event') : formatFiltered({ matched, received }) },
  ];
  if (ratePerSecond !== undefined && timeline.hasTimes) {
    pieces.push({ text: STATUS.rate(formatRate(ratePerSecond)) });
    const text = drawBars(total.series.readTrend(TREND_BARS), signs.bars);
    if (text !== '') pieces.push({ text, width: text.length, paint: style.chart });
  }
  if (total.amounts > 0 && dollarsPerMinute !== undefined && timeline.hasTimes)
    pieces.push({ text: TOTALS.dollars(formatRounded(dollarsPerMinute)) });
  if (lag !== undefined)
    pieces.push({ text: TOTALS.lag(formatLagPercentile(lag.p50), formatLagPercentile(lag.p99)) });
  return pieces;
}

function createLastFormat({ isFile, timeline }: TopData, clock: Clock): (lastSeenMs: number) => string {
  if (!isFile) {
    const nowMs = clock.wallMs();
    return (lastSeenMs) => (nowMs - lastSeenMs < SECOND_MS ? 'now' : formatDuration(nowMs - lastSeenMs));
  }
  return timeline.spanMs < DAY_MS
    ? (lastSeenMs) => formatTime(lastSeenMs).replace(/\.\d+$/, '')
    : (lastSeenMs) => formatMoment(lastSeenMs).slice(5);
}
