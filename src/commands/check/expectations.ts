// Counts the events that arrive against what `--expect` and `--max-lag` ask for. Keeps types and counts, never an
// event.
import type { Clock } from '../../clock.ts';
import { type Batch, textsOf } from '../../events/batch.ts';
import { createTypeReader } from '../../events/event-type.ts';
import { copyText, decodeString } from '../../events/message-text.ts';
import type { PathStep } from '../../events/path.ts';
import { createSourceReader } from '../../events/seek-path.ts';
import type { StreamItem } from '../../stream/items.ts';

/** One `--expect`: its text, and the filter that it compiles to. */
export interface Expectation {
  readonly expression: string;
  readonly select: (batch: Batch) => Batch;
}

export interface Expected {
  readonly expectations: readonly Expectation[];
  /** Events that each of them needs. */
  readonly min: number;
  /** Ms from the welcome within which they must arrive. */
  readonly withinMs: number;
  /** Events that arrive later than this after their time, in ms, do not count; undefined: all do. */
  readonly maxLagMs: number | undefined;
  /** Paths to the time of an event; the first one with a value counts. */
  readonly lagPaths: readonly (readonly PathStep[])[];
}

/** What arrived for one expectation. */
export interface Count {
  readonly expression: string;
  readonly min: number;
  /** Events that count. */
  readonly matched: number;
  /** Events that match, but arrived later than `--max-lag` allows. */
  readonly late: number;
  /** Events that match, but have no time that can be read. */
  readonly untimed: number;
}

export interface ExpectationCounter {
  /** Takes the items of a stream in order. Events count if they arrive within `withinMs` of the welcome. */
  take(item: StreamItem): void;
  /** Ms that are left of `withinMs`; negative when the time is over. */
  readonly remainingMs: number;
  /** Whether every expectation has its events. */
  readonly isMet: boolean;
  /** Resolves as soon as `isMet`. */
  readonly met: Promise<void>;
  readonly counts: readonly Count[];
  /** Messages that arrived at any time, those that were discarded included. */
  readonly heard: number;
  /** Events in time, until all were met. */
  readonly events: number;
  /** Messages in time, until all were met, that are not events. */
  readonly discarded: number;
  /** Events that arrived too late for `withinMs`. */
  readonly overdue: number;
  /** Types and how often they came, most frequent first; types are cut to 64 characters. */
  readonly types: readonly { readonly type: string; readonly count: number }[];
}

/** The limit of the service (docs/protocol.md); the next one is for servers that send random types. */
const MAX_TYPE_CHARACTERS = 64;
const MAX_TYPES = 50;
const NO_TYPE = '(no type)';
const OTHER_TYPES = '(other types)';

/** Fields that are tried where `--lag-field` is not given; the first one there counts. */
export const DEFAULT_LAG_FIELDS = ['timestamp', 'ts', 'created_at'] as const;

/** The last moment that a Date can hold (ECMA-262, Time Values). */
const MAX_DATE_MS = 8.64e15;

/** RFC 3339 § 5.6; a time without a zone is taken as UTC. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?) ?([Zz]|[+-]\d\d:?\d\d)?$/;

/** @param expected undefined where only the number of events matters */
export function createExpectationCounter(expected: Expected | undefined, clock: Clock): ExpectationCounter {
  const counts = (expected?.expectations ?? []).map(({ expression }) => ({
    expression,
    min: expected?.min ?? 1,
    matched: 0,
    late: 0,
    untimed: 0,
  }));
  const types = new Map<string, number>();
  const readType = createTypeReader();
  const readTimestamp = createTimestampReader(expected?.lagPaths ?? []);
  let heard = 0;
  let events = 0;
  let discarded = 0;
  let overdue = 0;
  /** Monotonic ms; set by the welcome. */
  let untilMs = 0;
  let resolveMet: () => void = () => {};
  const met = new Promise<void>((resolve) => {
    resolveMet = resolve;
  });

  const count = (batch: Batch, maxLagMs: number | undefined, at: number): void => {
    const tally = counts[at];
    if (tally === undefined) return;
    for (const text of textsOf(batch)) {
      if (maxLagMs === undefined) {
        tally.matched += 1;
        continue;
      }
      const sentAtMs = readTimestamp(text);
      if (sentAtMs === undefined) tally.untimed += 1;
      else if (batch.receivedAtMs - sentAtMs > maxLagMs) tally.late += 1;
      else tally.matched += 1;
    }
  };

  const countEvents = (batch: Batch): void => {
    heard += batch.count;
    if (expected === undefined || counter.isMet) return;
    if (counter.remainingMs < 0) {
      overdue += batch.count;
      return;
    }
    events += batch.count;
    for (const text of textsOf(batch)) noteType(types, readType(text));
    for (const [at, { select }] of expected.expectations.entries()) {
      count(select(batch), expected.maxLagMs, at);
    }
    if (counter.isMet) resolveMet();
  };

  const countDiscarded = (messages: number): void => {
    heard += messages;
    if (expected !== undefined && !counter.isMet && counter.remainingMs >= 0) discarded += messages;
  };

  const counter: ExpectationCounter = {
    take(item) {
      if (item.kind === 'connected') untilMs = clock.monotonicMs() + (expected?.withinMs ?? 0);
      else if (item.kind === 'discarded') countDiscarded(item.reasons.length);
      else if (item.kind === 'events') countEvents(item.batch.received);
    },
    get remainingMs() {
      return untilMs - clock.monotonicMs();
    },
    get isMet() {
      return counts.length > 0 && counts.every(({ matched, min }) => matched >= min);
    },
    met,
    counts,
    get heard() {
      return heard;
    },
    get overdue() {
      return overdue;
    },
    get events() {
      return events;
    },
    get discarded() {
      return discarded;
    },
    get types() {
      const all = [...types].map(([type, count]) => ({ type, count }));
      return all.sort((a, b) => b.count - a.count);
    },
  };
  return counter;
}

function noteType(types: Map<string, number>, sent: string | undefined): void {
  const found = cutType(sent ?? '') || NO_TYPE;
  const type = types.has(found) || types.size < MAX_TYPES ? found : OTHER_TYPES;
  types.set(type, (types.get(type) ?? 0) + 1);
}

function cutType(type: string): string {
  return type.length <= MAX_TYPE_CHARACTERS ? type : copyText(type.slice(0, MAX_TYPE_CHARACTERS));
}

/** When an event says that it happened, in ms since the epoch, or undefined. */
export type ReadTimestamp = (event: Uint8Array) => number | undefined;

/**
 * A reader of the first value to which one of the paths leads. The service specifies neither a field nor a format, so
 * the usual ones are read: RFC 3339, and numbers since the epoch, whose size shows their unit.
 */
export function createTimestampReader(paths: readonly (readonly PathStep[])[]): ReadTimestamp {
  const readers = paths.map(createSourceReader);
  return (event) => {
    for (const read of readers) {
      const source = read(event);
      if (source !== undefined) return readTimestampMs(source);
    }
    return undefined;
  };
}

/** @param source of a JSON string, number or literal */
function readTimestampMs(source: string): number | undefined {
  if (!source.startsWith('"')) return scaleToMs(Number(source));
  const text = decodeString(source).trim();
  if (/^\d+(\.\d+)?$/.test(text)) return scaleToMs(Number(text));
  const [, day, time, zone = 'Z'] = DATE_TIME.exec(text) ?? [];
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Seconds, ms, µs or ns since the epoch: until the year 5138 their sizes do not overlap. */
function scaleToMs(figure: number): number | undefined {
  if (!(figure > 0)) return undefined;
  if (figure < 1e11) return figure * 1e3;
  if (figure < 1e14) return figure;
  const ms = figure < 1e17 ? figure / 1e3 : figure / 1e6;
  return ms <= MAX_DATE_MS ? ms : undefined;
}
