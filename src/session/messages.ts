// Messages about a run: its filters, its end and its summary.
import type { MergeFigures } from '../connection/follow-all.ts';
import { type AtlantisError, findNearest, isAtlantisError } from '../errors.ts';
import { suggestNearest, suggestWord } from '../io/messages.ts';
import type { EndSignal } from '../io/signals.ts';
import type { StopReason } from '../io/stop.ts';
import {
  type EventFigures,
  type Filtered,
  formatCount,
  formatDuration,
  formatEvents,
  formatFiltered,
  formatGaps,
  type GapFigures,
} from '../ui/format.ts';
import { describeMerge } from '../ui/messages.ts';
import type { StatusRecord } from '../ui/reporter.ts';
import type { Compared, EventSample, ValueKind } from './event-sample.ts';

const MIN_PAUSE_MS = 1_000;
export const NO_REASON = 'the stream ended without a reason';
export const THE_READY_FILE = 'the ready file';

/** Why a run is not ready, by its phase. */
export const PHASE_PROBLEMS = {
  starting: 'starting',
  connecting: 'connecting to the stream',
  lost: 'the connection to the stream is lost',
  retrying: 'not connected to the stream: waiting for the next attempt',
  stopping: 'stopping',
} as const;

/** @param where the flag, or the setting of a sink */
export function saySearchCut(where: string, outcome: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `${where}: a string is too long to search with this pattern; such events are ${outcome} (reported once)`,
    hint: 'use a shorter pattern',
  };
}

/** The numbers of a whole run (contract G3). */
export interface RunFigures extends EventFigures, GapFigures {
  readonly reconnects: number;
  readonly disconnectedMs: number;
  readonly pausedMs: number;
  readonly discarded: ReadonlyMap<string, number>;
  readonly merged?: MergeFigures | undefined;
}

/** One to three lines, which always include the gaps. */
export function saySummary(run: RunFigures): StatusRecord {
  const total = sumCounts(run.discarded);
  const isCalm = run.gaps === 0 && run.reconnects === 0;
  const lines = [
    [formatEvents(run), isCalm ? formatGaps(run) : ''],
    isCalm ? [] : [formatGaps(run), formatReconnects(run)],
    [
      run.pausedMs < MIN_PAUSE_MS ? '' : `paused for ${formatDuration(run.pausedMs)}`,
      total === 0 ? '' : `${formatCount(total, 'message')} discarded (${listDiscarded(run.discarded)})`,
      describeMerge(run.merged),
    ],
  ].map((parts) => parts.filter((part) => part !== '').join(', '));
  const block = lines.filter((line) => line !== '');
  return {
    event: 'summary',
    level: 'info',
    message: block.join('; '),
    block,
    fields: {
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
      ...run.merged,
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
    message: 'keys: p pauses and resumes, r retries now, q quits, ? shows this help',
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
    fields: { discarded: Object.fromEntries(discarded) },
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
    fields: { bytes_cut: bytesCut },
  };
}

export function sayFailure({ message, hint, exitCode }: AtlantisError): StatusRecord {
  return { event: 'error', level: 'error', message, hint, fields: { exit_code: exitCode } };
}

const SILENCE_HINT = 'check the subscriptions of the key, or allow more time';

interface EndConfig {
  readonly limit: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly maxSilenceMs: number | undefined;
}

export function saySignal(signal: EndSignal, why = ''): StatusRecord {
  return { event: 'signal', level: 'info', message: `stopped by ${signal}${why}`, fields: { signal } };
}

/** @param problem the first problem of the output, for the hint of a timeout */
export function sayEnd(reason: StopReason, config: EndConfig, events = 0, problem?: string): StatusRecord[] {
  const records: StatusRecord[] = [];
  const fail = (message: string, hint: string, exitCode: number): void => {
    records.push({ event: 'error', level: 'error', message, hint, fields: { exit_code: exitCode } });
  };
  if (reason.kind === 'signal') records.push(saySignal(reason.signal));
  if (reason.kind === 'output' && reason.failure === 'terminal-gone') {
    records.push(saySignal('SIGHUP', ': the terminal is gone'));
  }
  if (reason.kind === 'timeout') {
    const { limit } = config;
    const verb = events === limit ? 'were delivered' : 'arrived';
    const target = limit === undefined ? '' : ` before ${formatCount(limit, 'event')} ${verb}`;
    const hint = `${problem === undefined ? '' : `${problem}; `}allow more time${limit === undefined ? '' : ', or lower --limit'}`;
    fail(`--timeout: ${formatDuration(config.timeoutMs ?? 0)} passed${target}`, hint, 124);
  }
  if (reason.kind === 'silence') {
    const silence = formatDuration(config.maxSilenceMs ?? 0);
    fail(`--max-silence: connected, but no event for ${silence}`, SILENCE_HINT, 13);
  }
  if (reason.kind === 'gap') {
    fail('--fail-on-gap: events may have been missed', 'fetch the missing events from another source', 12);
  }
  if (reason.kind === 'output' && typeof reason.failure === 'object') {
    records.push(sayFailure(reason.failure));
  }
  if (reason.kind === 'fault' && isAtlantisError(reason.error)) {
    records.push(sayFailure(reason.error));
  }
  return records;
}

const SHOWN_TYPES = 8;
const SHOWN_PATHS = 30;

const KINDS: Readonly<Record<ValueKind, string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'an array',
  null: 'null',
};

/** What is probably wrong with expressions that too few events match, one line for each. */
export function listMistakes(sample: EventSample): string[] {
  const misfits = sample.listMisfits(1).map((one) => sayMisfit(one, sample.paths).message);
  return [...misfits, ...suggestNames(sample)];
}

export function sayMisfit({ comparison, misfit, text }: Compared, paths: readonly string[]): StatusRecord {
  const { operator, isNegated, wanted } = comparison;
  const { kind, source } = misfit ?? { kind: 'null', source: 'null' };
  const [first] = wanted;
  const wantedKind =
    operator === '~' ? 'regular expression' : first?.kind === 'text' ? 'string' : first?.kind;
  const values = wanted.map(({ raw }) => raw).join(' or ');
  const isContainer = kind === 'object' || kind === 'array';
  const found = KINDS[kind];
  const shown = isContainer ? found : `${found}, such as ${source}`;
  const outcome = isNegated ? 'which is true for every event' : 'which never matches';
  return {
    event: 'warning',
    level: 'warn',
    message: `the filter compares ${text} with the ${wantedKind ?? 'value'} ${values}, ${outcome}: ${text} is ${shown}`,
    hint: isContainer ? suggestMembers(text, paths) : suggestValue(wantedKind, kind),
  };
}

function suggestMembers(path: string, paths: readonly string[]): string {
  const members = paths.filter((one) => one.startsWith(path) && /^[.[]/.test(one.slice(path.length)));
  return members.length === 0
    ? `compare a value inside it, such as ${path}.name or ${path}[0]`
    : `compare a value inside it: ${listShown(members, SHOWN_PATHS)}`;
}

function suggestValue(wanted: string | undefined, kind: string): string {
  if (kind === 'number') return 'write a plain number, without quotes: 1000, 1_000, 1.5M';
  if (kind === 'boolean') return 'write true or false, without quotes';
  return `to compare strings, put the ${wanted ?? 'value'} in quotes: "…"`;
}

/** @param globs the values of `--type` */
export function sayUnmatched(seen: Filtered, sample: EventSample, globs: readonly string[]): StatusRecord {
  const { paths } = sample;
  const types = sample.types.list();
  const names = types.map(({ type }) => type);
  const counted = types.map(({ type, count }) => `${type} ${count}`);
  const lines = globs.flatMap((glob) => {
    const nearest = findNearest(glob, names);
    return nearest === undefined || nearest === glob
      ? []
      : `no event of type ${glob}: ${suggestWord(nearest)}`;
  });
  lines.push(...suggestNames(sample), `types seen: ${listShown(counted, SHOWN_TYPES)}`);
  if (sample.compared.length > 0) lines.push(`fields seen: ${listShown(paths, SHOWN_PATHS)}`);
  return {
    event: 'warning',
    level: 'info',
    message: `no event has matched the filters so far: ${formatFiltered(seen)}`,
    hint: lines.join('\n'),
    fields: { ...seen, types: Object.fromEntries(types.map(({ type, count }) => [type, count])) },
  };
}

/** Lines about paths that no event has, and about compared texts that resemble one that arrived. */
function suggestNames({ compared, paths }: EventSample): string[] {
  const lines = compared.filter(({ isPresent }) => !isPresent).map(({ text }) => sayMissing(text, paths));
  for (const { comparison, texts } of compared) {
    const { operator, wanted, path } = comparison;
    for (const one of operator === '=' ? wanted : []) {
      const nearest =
        one.kind === 'text' && !texts.has(one.text) ? suggestNearest(one.text, texts) : undefined;
      if (nearest !== undefined) lines.push(`${path} = ${one.raw}: ${nearest}`);
    }
  }
  return lines;
}

export function sayMissingFields(
  flag: string,
  missing: readonly string[],
  paths: readonly string[],
): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `${flag}: no event so far has ${missing.join(', ')}`,
    hint: [
      ...missing.map((path) => sayMissing(path, paths)),
      `fields seen: ${listShown(paths, SHOWN_PATHS)}`,
    ].join('\n'),
  };
}

function sayMissing(path: string, paths: readonly string[]): string {
  const nearest = suggestNearest(path, paths);
  return `no event has ${path}${nearest === undefined ? '' : `: ${nearest}`}`;
}

function listShown(all: readonly string[], max: number): string {
  const more = all.length - max;
  return [...all.slice(0, max), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
