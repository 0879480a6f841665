// The table as one JSON document, for `--once --json` (docs/top.md). Amounts are exact, as strings.
import type { Sort } from '../../flags/table-flags.ts';
import { writeDecimal } from './decimal.ts';
import type { TopData } from './frame.ts';
import type { Row } from './row.ts';
import { selectRows } from './table.ts';

const RATE_DIGITS = 1e3;

/** @param maxRows the others are added up in `other` */
export function describeTop(data: TopData, sort: Sort, maxRows: number): unknown {
  const { by, ranking, timeline, connection, source, isFile } = data;
  const { total } = ranking;
  const { hasTimes } = timeline;
  const describeRow = (row: Row): Record<string, unknown> => describe(row, total, hasTimes);
  const { rows, rest } = selectRows(ranking, timeline, { sort, isReversed: false }, maxRows);
  return {
    by,
    source,
    from:
      total.events === 0 || !hasTimes
        ? null
        : iso(isFile ? total.lastSeenMs - timeline.spanMs : connection.startedAtMs),
    to: total.events === 0 || !hasTimes ? null : iso(total.lastSeenMs),
    seconds: hasTimes ? Math.round(timeline.spanMs) / 1_000 : null,
    connections: connection.connections,
    gaps: connection.gaps,
    open_gap: connection.isGapOpen,
    received: connection.received ?? total.events,
    ...describeRow(total),
    rows: rows.map((row) => ({
      key: by.map((_title, at) => row.key[at] ?? null),
      ...describeRow(row),
      exact: row.missing === 0,
    })),
    other: rest === undefined ? null : describeRow(rest),
  };
}

function describe(row: Row, total: Row, hasTimes: boolean): Record<string, unknown> {
  const { events, amounts, dollars, largest, series, lastSeenMs } = row;
  return {
    events,
    rate_per_second: hasTimes ? round(series.ratePerSecond) : null,
    share: round(events / Math.max(1, total.events)),
    usd: amounts === 0 ? null : writeDecimal(dollars),
    usd_per_minute: amounts === 0 || !hasTimes ? null : round(series.dollarsPerMinute),
    lag_ms: row.readLag() ?? null,
    largest_usd: largest === undefined ? null : writeDecimal(largest.dollars),
    largest_at: largest === undefined || !hasTimes ? null : iso(largest.atMs),
    last_seen: events === 0 || !hasTimes ? null : iso(lastSeenMs),
  };
}

const round = (value: number | undefined): number | null =>
  value === undefined ? null : Math.round(value * RATE_DIGITS) / RATE_DIGITS;

const iso = (wallMs: number): string => new Date(wallMs).toISOString();
