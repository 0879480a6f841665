// Reads the timestamp of an event, and its lag. The service specifies neither a field nor a format (docs/protocol.md).
import { type Clock, isDayOfMonth } from '../clock.ts';
import { type Batch, textOf } from './batch.ts';
import { decodeString } from './message-text.ts';
import type { PathStep } from './path.ts';
import { createSourceReader } from './seek-path.ts';

/** Tried in this order. */
export const DEFAULT_LAG_PATHS = ['timestamp', 'ts', 'created_at'].map((name): PathStep[] => [
  { kind: 'member', name },
]);

/** The latest time of a Date (ECMA-262, Time Values). */
const MAX_DATE_MS = 8.64e15;

/** RFC 3339 § 5.6; UTC without a zone. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?) ?([Zz]|[+-]\d\d:?\d\d)?$/;

/** Reads ms since the epoch from the first path with a value: RFC 3339, or a number since the epoch in any unit. */
export function createTimestampReader(
  paths: readonly (readonly PathStep[])[],
): (event: Uint8Array) => number | undefined {
  const readers = paths.map(createSourceReader);
  return (event) => {
    for (const read of readers) {
      const source = read(event);
      if (source !== undefined) return readTimestampMs(source);
    }
    return undefined;
  };
}

/** The time from the timestamp of a recent event to its arrival. */
export class RecentLag {
  readonly #readTime = createTimestampReader(DEFAULT_LAG_PATHS);
  readonly #clock: Clock;
  readonly #everyMs: number;
  #readAtMs = Number.NEGATIVE_INFINITY;
  /** Undefined if the event has no timestamp. */
  ms: number | undefined;

  /** @param everyMs how often an event is read */
  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** Reads the time of event number `count` of a batch (from 1), if `everyMs` have passed. */
  note(batch: Batch, count: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (count === 0 || nowMs - this.#readAtMs < this.#everyMs) return;
    this.#readAtMs = nowMs;
    const sentAtMs = this.#readTime(textOf(batch, count - 1));
    this.ms = sentAtMs === undefined ? undefined : batch.receivedAtMs - sentAtMs;
  }
}

/** @param source JSON text of a string, number or literal */
export function readTimestampMs(source: string): number | undefined {
  if (!source.startsWith('"')) return scaleToMs(Number(source));
  const text = decodeString(source).trim();
  if (/^\d+(\.\d+)?$/.test(text)) return scaleToMs(Number(text));
  const [, day, time, zone = 'Z'] = DATE_TIME.exec(text) ?? [];
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(ms) || !isDayOfMonth(day ?? '') ? undefined : ms;
}

/** Seconds, ms, µs or ns since the epoch: until the year 5138 their ranges do not overlap. */
function scaleToMs(figure: number): number | undefined {
  if (!(figure > 0)) return undefined;
  if (figure < 1e11) return figure * 1e3;
  if (figure < 1e14) return figure;
  const ms = figure < 1e17 ? figure / 1e3 : figure / 1e6;
  return ms <= MAX_DATE_MS ? ms : undefined;
}
