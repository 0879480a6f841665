// What happened in a run: the summary at its end, and reports of discarded messages.
import { type Filtered, formatCount, formatDuration, formatFiltered } from './format.ts';
import type { StatusRecord } from './reporter.ts';

/** The numbers of a whole run (contract G3). */
export interface RunFigures {
  readonly events: number;
  readonly durationMs: number;
  readonly reconnects: number;
  /** Including one that is open at the end. */
  readonly gaps: number;
  readonly isGapOpen: boolean;
  /** Total time of all gaps, from the last byte before each. */
  readonly gapMs: number;
  readonly disconnectedMs: number;
  readonly pausedMs: number;
  readonly discarded: ReadonlyMap<string, number>;
  /** Undefined without filters, or without events. */
  readonly filtered: Filtered | undefined;
}

/** What happened, in one to three lines; gaps are always named. */
export function saySummary(run: RunFigures): StatusRecord {
  const total = sumCounts(run.discarded);
  const isCalm = run.gaps === 0 && run.reconnects === 0;
  const lines = [
    [formatEvents(run), isCalm ? 'no gaps' : ''],
    isCalm ? [] : [formatGaps(run), formatReconnects(run)],
    [
      run.pausedMs < MIN_PAUSE_MS ? '' : `paused for ${formatDuration(run.pausedMs)}`,
      total === 0 ? '' : `${formatCount(total, 'message')} discarded (${listDiscarded(run.discarded)})`,
    ],
  ].map((parts) => parts.filter((part) => part !== '').join(', '));
  const block = lines.filter((line) => line !== '');
  return {
    event: 'summary',
    level: 'info',
    message: block.join('; '),
    block,
    figures: {
      events: run.events,
      duration_ms: Math.round(run.durationMs),
      reconnects: run.reconnects,
      gaps: run.gaps,
      open_gap: run.isGapOpen,
      gap_ms: Math.round(run.gapMs),
      disconnected_ms: Math.round(run.disconnectedMs),
      paused_ms: Math.round(run.pausedMs),
      discarded: Object.fromEntries(run.discarded),
      ...run.filtered,
    },
  };
}

/** Shorter pauses are not worth a word. */
const MIN_PAUSE_MS = 1_000;

/** `3 events in 2 s, 3 of 10 events matched`. */
export function formatEvents({
  events,
  durationMs,
  filtered,
}: Pick<RunFigures, 'events' | 'durationMs' | 'filtered'>): string {
  const matched = filtered === undefined ? '' : `, ${formatFiltered(filtered)} matched`;
  return `${formatCount(events, 'event')} in ${formatDuration(durationMs)}${matched}`;
}

/** `no gaps`, `1 gap of 5.0 s`, `3 gaps of 1m 5s in total, one still open`. */
export function formatGaps({
  gaps,
  gapMs,
  isGapOpen,
}: Pick<RunFigures, 'gaps' | 'gapMs' | 'isGapOpen'>): string {
  if (gaps === 0) return 'no gaps';
  const total = gaps === 1 ? '' : ' in total';
  const open = !isGapOpen ? '' : gaps === 1 ? ', still open' : ', one still open';
  return `${formatCount(gaps, 'gap')} of ${formatDuration(gapMs)}${total}${open}`;
}

function formatReconnects({ reconnects, disconnectedMs }: RunFigures): string {
  return `${formatCount(reconnects, 'reconnect')}, disconnected for ${formatDuration(disconnectedMs)}`;
}

function sumCounts(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** `3 binary, 1 not JSON`. */
function listDiscarded(discarded: ReadonlyMap<string, number>): string {
  return [...discarded].map(([reason, count]) => `${count} ${reason}`).join(', ');
}

export function sayDiscarded(discarded: ReadonlyMap<string, number>): StatusRecord {
  const total = sumCounts(discarded);
  return {
    event: 'discarded',
    level: 'warn',
    message: `${formatCount(total, 'message')} discarded: ${listDiscarded(discarded)}`,
    figures: { discarded: Object.fromEntries(discarded) },
  };
}
