// When an event says that it happened, for `--max-lag`. The service specifies no field and no form, so those
// that are usual are read: RFC 3339, and numbers since the epoch whose size tells their unit.
import { decodeString, type JsonNode } from '../../events/json-tree.ts';
import { findValues, type Step } from '../../events/path.ts';

/** Fields that are tried where `--lag-field` is not given; the first one there counts. */
export const DEFAULT_LAG_FIELDS = ['timestamp', 'ts', 'created_at'] as const;

/** The last moment that a Date can hold (ECMA-262, Time Values). */
const MAX_DATE_MS = 8.64e15;

/** RFC 3339 § 5.6; a time without a zone is taken as UTC. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?) ?([Zz]|[+-]\d\d:?\d\d)?$/;

/** Ms since the epoch that the event names, or undefined where no path leads to a time. */
export function findTimestampMs(event: JsonNode, paths: readonly (readonly Step[])[]): number | undefined {
  for (const path of paths) {
    const [value] = findValues(event, path);
    if (value !== undefined) return readTimestampMs(value);
  }
  return undefined;
}

function readTimestampMs(value: JsonNode): number | undefined {
  if (value.kind === 'number') return scaleToMs(Number(value.raw));
  if (value.kind !== 'string') return undefined;
  const text = decodeString(value.raw).trim();
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
