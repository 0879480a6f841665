// Messages about a run: its filters, its end and its summary.
import { type AtlantisError, isAtlantisError } from '../errors.ts';
import type { EndSignal } from '../io/signals.ts';
import type { StopReason } from '../io/stop.ts';
import {
  type EventFigures,
  formatCount,
  formatDuration,
  formatEvents,
  formatFiltered,
  formatGaps,
  type GapFigures,
} from '../ui/format.ts';
import type { StatusRecord } from '../ui/reporter.ts';

/** A bug. */
export const NO_REASON = 'the stream ended without a reason';

export const THE_READY_FILE = 'the ready file';

export function sayPatternCut(): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: '--where: a text is too long to search with this pattern; such events are kept (reported once)',
    hint: 'use a shorter pattern',
  };
}

/** The numbers of a whole run (contract G3). */
export interface RunFigures extends EventFigures, GapFigures {
  readonly reconnects: number;
  readonly disconnectedMs: number;
  readonly pausedMs: number;
  readonly discarded: ReadonlyMap<string, number>;
}

/** Shorter pauses are not worth a word. */
const MIN_PAUSE_MS = 1_000;

/** What happened, in one to three lines; gaps are always named. */
export function saySummary(run: RunFigures): StatusRecord {
  const total = sumCounts(run.discarded);
  const isCalm = run.gaps === 0 && run.reconnects === 0;
  const lines = [
    [formatEvents(run), isCalm ? formatGaps(run) : ''],
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

function formatReconnects({ reconnects, disconnectedMs }: RunFigures): string {
  const away = `disconnected for ${formatDuration(disconnectedMs)}`;
  return reconnects === 0 ? away : `${formatCount(reconnects, 'reconnect')}, ${away}`;
}

export function sayKeys(): StatusRecord {
  return {
    event: 'setting',
    level: 'info',
    message: 'keys: p pauses and continues, r retries now, q quits, ? shows this',
  };
}

export function sayUnmatched(received: number): StatusRecord {
  const filtered = { received, matched: 0 };
  return {
    event: 'warning',
    level: 'info',
    message: `no event has matched the filters so far: ${formatFiltered(filtered)}`,
    figures: { ...filtered },
  };
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

export function sayPaused(): StatusRecord {
  return {
    event: 'paused',
    level: 'info',
    message: 'the reader of stdout is not keeping up: paused reading from the server; nothing is lost',
  };
}

export function sayCut(bytesCut: number): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `stdout was blocked at the end of the run: up to ${formatCount(bytesCut, 'byte')} could not be written, and the last line may be incomplete`,
    figures: { bytes_cut: bytesCut },
  };
}

export function sayFailure({ message, hint, exitCode }: AtlantisError): StatusRecord {
  return { event: 'error', level: 'error', message, hint, figures: { exit_code: exitCode } };
}

const SILENCE_HINT = 'check the subscriptions of the key, or allow more time';

interface EndConfig {
  readonly limit: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly maxSilenceMs: number | undefined;
}

export function saySignal(signal: EndSignal, why = ''): StatusRecord {
  return { event: 'signal', level: 'info', message: `stopped by ${signal}${why}`, figures: { signal } };
}

/** The signal or the errors that ended the run; none after a normal end. */
export function sayEnd(reason: StopReason, config: EndConfig): StatusRecord[] {
  const records: StatusRecord[] = [];
  const fail = (message: string, hint: string, exitCode: number): void => {
    records.push({ event: 'error', level: 'error', message, hint, figures: { exit_code: exitCode } });
  };
  if (reason.kind === 'signal') records.push(saySignal(reason.signal));
  if (reason.kind === 'output' && reason.failure === 'terminal-gone') {
    records.push(saySignal('SIGHUP', ': the terminal is gone'));
  }
  if (reason.kind === 'timeout') {
    const target = config.limit === undefined ? '' : ` before ${formatCount(config.limit, 'event')} arrived`;
    const hint = config.limit === undefined ? 'allow more time' : 'allow more time, or lower --limit';
    fail(`--timeout: ${formatDuration(config.timeoutMs ?? 0)} passed${target}`, hint, 124);
  }
  if (reason.kind === 'silence') {
    const silence = formatDuration(config.maxSilenceMs ?? 0);
    fail(`--max-silence: connected, but no event for ${silence}`, SILENCE_HINT, 13);
  }
  if (reason.kind === 'gap') {
    fail('--fail-on-gap: events may have been missed', 'fetch them another way', 12);
  }
  if (reason.kind === 'output' && typeof reason.failure === 'object') {
    records.push(sayFailure(reason.failure));
  }
  if (reason.kind === 'fault' && isAtlantisError(reason.error)) {
    records.push(sayFailure(reason.error));
  }
  return records;
}
