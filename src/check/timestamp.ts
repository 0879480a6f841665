// When an event says that it happened, for `--max-lag`. The service specifies no field and no form, so those
// that are usual are read: RFC 3339, and numbers since the epoch whose size tells their unit.
import { decodeString } from '../protocol/json-string.ts';
import { createSourceReader } from '../protocol/label.ts';
import type { Step } from '../protocol/path.ts';

/** Fields that are tried where `--lag-field` is not given; the first one there counts. */
export const DEFAULT_LAG_FIELDS = ['timestamp', 'ts', 'created_at'] as const;

/** The last moment that a Date can hold (ECMA-262, Time Values). */
const MAX_DATE_MS = 8.64e15;

/** RFC 3339 § 5.6; a time without a zone is taken as UTC. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?) ?([Zz]|[+-]\d\d:?\d\d)?$/;

/** Ms since the epoch that an event names, or undefined. */
export type ReadTimestamp = (event: Uint8Array) => number | undefined;

/** A reader of the first value to which one of the paths leads. */
export function createTimestampReader(paths: readonly (readonly Step[])[]): ReadTimestamp {
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
