// The output of `top`: counts events, draws the table while the run lasts, and prints it at the end.
import { type Batch, textOf } from '../../events/batch.ts';
import type { Sort } from '../../flags/table-flags.ts';
import type { Io } from '../../io/io.ts';
import { openStdout } from '../../io/line-writer.ts';
import { escapeJsonCommands } from '../../render/ci-commands.ts';
import type { LifecycleRecord } from '../../render/renderer.ts';
import { stringifySafe } from '../../render/sanitize.ts';
import { sayCut } from '../../session/messages.ts';
import type { OpenOutput, Output } from '../../session/output.ts';
import { writeDecimal } from './decimal.ts';
import { renderFrame, type TopData } from './frame.ts';
import { LiveView, type ViewParts } from './live-view.ts';
import type { Facts, Row } from './row.ts';
import { selectRows } from './table.ts';

/** How long events wait before they are counted: less than half of the shortest time between two frames. */
export const LINGER_MS = 100;

const ROUNDING = 1e3;

interface TopParts extends ViewParts {
  readonly readFacts: (event: Buffer) => Facts;
}

/** @param onOpen called with a function that restores the screen */
export function createTopOutput(
  { config, data, frame, readFacts }: TopParts,
  io: Io,
  onOpen: (close: () => void) => void,
): OpenOutput {
  const { clock, signs } = io;
  const { ranking, timeline, connection, isFile: isRecording } = data;
  const { once, sort, rows: maxRows } = config;

  const printTable = (choice: Pick<LiveView, 'sort' | 'isReversed' | 'maxRows'>): Buffer | string => {
    if (connection.connections === 0 && ranking.total.events === 0 && !isRecording) return '';
    if (once?.isJson === true)
      return escapeJsonCommands(Buffer.from(`${stringifySafe(describeTop(data, sort, maxRows))}\n`));
    const { sort: by, isReversed, maxRows: limit } = choice;
    const columns = io.stdout.columns() ?? Number.POSITIVE_INFINITY;
    const final = { sort: by, isReversed, maxRows: limit, isPaused: false, isFinal: true, columns };
    return `${renderFrame(data, final, { ...frame, clock, signs, widths: new Map() }).join('\n')}\n`;
  };

  return (onFailure, stop): Output => {
    const writer = openStdout(io, onFailure);
    const view = once === undefined ? new LiveView({ config, data, frame }, io, writer, stop) : undefined;
    onOpen(() => view?.close());
    let isStarted = false;
    let cancelWindow = (): void => {};
    /** The time of `--within` begins with the first connection. */
    const start = (): void => {
      if (isStarted) return;
      isStarted = true;
      if (!isRecording) timeline.advance(clock.monotonicMs());
      if (once?.withinMs !== undefined) cancelWindow = clock.setTimer(stop, once.withinMs);
    };
    if (isRecording) start();
    return {
      writeEvents(batch: Batch, count) {
        const { receivedAtMs } = batch;
        // Events linger before they are counted. The wall clock may have been set since, so the age is limited.
        const ageMs = Math.min(Math.max(0, clock.wallMs() - receivedAtMs), LINGER_MS);
        timeline.advance(isRecording ? receivedAtMs : clock.monotonicMs() - ageMs);
        for (let i = 0; i < count; i += 1) {
          const facts = readFacts(textOf(batch, i));
          // Without receive times, the lag would depend on when the file is read.
          ranking.add(timeline.hasTimes ? facts : { ...facts, sentAtMs: undefined }, receivedAtMs);
        }
        batch.release?.();
        view?.noteChange();
        return undefined;
      },
      writeLifecycle(record: LifecycleRecord) {
        if (record.lifecycle === 'connected') start();
        view?.noteChange();
        return undefined;
      },
      flush: () => Promise.resolve(),
      async drain() {
        cancelWindow();
        if (!isRecording) timeline.advance(clock.monotonicMs());
        const choice = view ?? { sort, isReversed: false, maxRows };
        view?.close();
        if (writer.failure === undefined) void writer.write(printTable(choice));
        await writer.drain();
      },
      cutAfter: (ms) => writer.cutAfter(ms),
      sayCut: () => (writer.bytesCut === 0 ? undefined : sayCut(writer.bytesCut)),
      get failure() {
        return writer.failure;
      },
      // A terminal that takes no output does not stop the counting.
      blockedMs: 0,
      blockedSinceMs: undefined,
    };
  };
}

/** The document of `--once --json` (docs/top.md). Amounts are exact, as strings. */
function describeTop(data: TopData, sort: Sort, maxRows: number): unknown {
  const { by, ranking, timeline, connection, source, isFile } = data;
  const { total } = ranking;
  const { hasTimes } = timeline;
  const describeRow = (row: Row): Record<string, unknown> => describeRowCounts(row, total, hasTimes);
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

function describeRowCounts(row: Row, total: Row, hasTimes: boolean): Record<string, unknown> {
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
  value === undefined ? null : Math.round(value * ROUNDING) / ROUNDING;

const iso = (wallMs: number): string => new Date(wallMs).toISOString();
