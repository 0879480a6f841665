// The output of `top`: counts events, draws the table while the run lasts, and prints it at the end.

import type { Clock } from '../../clock.ts';
import { type Batch, type EventLines, firstLines, textOf } from '../../events/batch.ts';
import type { Sort } from '../../flags/table-flags.ts';
import type { Io } from '../../io/io.ts';
import { openStdout } from '../../io/line-writer.ts';
import { escapeJsonCommands } from '../../render/ci-commands.ts';
import type { LifecycleRecord } from '../../render/renderer.ts';
import { stringifySafe } from '../../render/sanitize.ts';
import { sayCut } from '../../session/messages.ts';
import type { OpenOutput, Output } from '../../session/output.ts';
import { writeDecimal } from './decimal.ts';
import { renderTable, type TopData } from './frame.ts';
import { LiveView, type ViewParts } from './live-view.ts';
import type { Facts, Row } from './row.ts';
import { selectRows } from './table.ts';

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

  /** What is printed at the end; nothing if there was never anything to count. */
  const printTable = (choice: Pick<LiveView, 'sort' | 'isReversed' | 'maxRows'>): Buffer | string => {
    if (connection.connections === 0 && ranking.total.events === 0 && !isRecording) return '';
    if (once?.isJson === true)
      return escapeJsonCommands(Buffer.from(`${stringifySafe(describeTop(data, sort, maxRows))}\n`));
    const { sort: by, isReversed, maxRows: limit } = choice;
    const columns = io.stdout.columns() ?? Number.POSITIVE_INFINITY;
    const final = { sort: by, isReversed, maxRows: limit, isPaused: false, isFinal: true, columns };
    return `${renderTable(data, final, { ...frame, clock, signs, widths: new Map() }).join('\n')}\n`;
  };

  return (onFailure, stop): Output => {
    const writer = openStdout(io, onFailure);
    const view = once === undefined ? new LiveView({ config, data, frame }, io, writer, stop) : undefined;
    onOpen(() => view?.close());
    const deferred = new DeferredEvents(clock, (events, count, { receivedAtMs, atMs }) => {
      timeline.advance(atMs);
      for (let i = 0; i < count; i += 1) {
        const facts = readFacts(textOf(events, i));
        // The lag would be counted from the time at which the file is read.
        ranking.add(timeline.hasTimes ? facts : { ...facts, sentAtMs: undefined }, receivedAtMs);
      }
    });
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
        deferred.add(batch, count, isRecording ? batch.receivedAtMs : clock.monotonicMs());
        view?.noteChange();
        return undefined;
      },
      writeLifecycle(record: LifecycleRecord) {
        if (record.lifecycle === 'connected') start();
        view?.noteChange();
        return undefined;
      },
      flush: () => Promise.resolve(deferred.settle()),
      async drain() {
        cancelWindow();
        deferred.settle();
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

/** How long an event may wait: half of the shortest time between two frames. */
const MAX_WAIT_MS = 125;
const MAX_EVENTS = 256;
const MAX_BYTES = 256 * 1024;
/** More events than this are counted at once. */
const LARGE_BATCH = 64;

/** When events arrived: on the wall clock, and on the clock of the timeline. */
interface Arrival {
  readonly receivedAtMs: number;
  readonly atMs: number;
}

/** Counts the first `count` events of these. */
type CountEvents = (events: Pick<EventLines, 'bytes' | 'ends'>, count: number, arrival: Arrival) => void;

interface Waiting extends Arrival {
  readonly bytes: Buffer;
  readonly ends: Int32Array;
}

/**
 * Collects events that arrive one by one, and counts them together.
 *
 * At 1,000 events per second, each read of the socket finds the caches of the processor cold. Counting a hundred events
 * at once takes about half of the time.
 */
class DeferredEvents {
  readonly #clock: Clock;
  readonly #count: CountEvents;
  #waiting: Waiting[] = [];
  #events = 0;
  #bytes = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, count: CountEvents) {
    this.#clock = clock;
    this.#count = count;
  }

  /** Takes the first `count` events of a batch, which is not needed any more. */
  add(batch: Batch, count: number, atMs: number): void {
    const arrival = { receivedAtMs: batch.receivedAtMs, atMs };
    const bytes = firstLines(batch, count);
    if (count >= LARGE_BATCH || bytes.length >= MAX_BYTES) {
      this.settle();
      this.#count(batch, count, arrival);
      batch.release?.();
      return;
    }
    // Copies: a single event would keep the memory of a whole read.
    this.#waiting.push({ bytes: Buffer.from(bytes), ends: batch.ends.slice(0, count), ...arrival });
    batch.release?.();
    this.#events += count;
    this.#bytes += bytes.length;
    if (this.#events >= MAX_EVENTS || this.#bytes >= MAX_BYTES) this.settle();
    else this.#cancelTimer ??= this.#clock.setTimer(() => this.settle(), MAX_WAIT_MS);
  }

  /** Counts what waits. */
  settle(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#events = 0;
    this.#bytes = 0;
    for (const one of waiting) this.#count(one, one.ends.length, one);
  }
}

const RATE_DIGITS = 1e3;

/**
 * The table as one JSON document, for `--once --json` (docs/top.md). Amounts are exact, as strings.
 *
 * @param maxRows the others are added up in `other`
 */
function describeTop(data: TopData, sort: Sort, maxRows: number): unknown {
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
