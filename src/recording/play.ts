// Plays a recording, or plain NDJSON: the events in batches, each when it is due.
import { type Clock, sleep } from '../clock.ts';
import { UsageError } from '../errors.ts';
import { type Batch, BatchBuilder } from '../events/batch.ts';
import { findReformatting } from '../events/json-line.ts';
import {
  IS_EMPTY,
  IS_ONE_LINE,
  LINE_FAULTS,
  NO_EVENTS,
  sayNothingToPlay,
  sayTimesRequired,
} from './messages.ts';
import type { LineBatch, Lines } from './read-lines.ts';
import { type RecordedRun, takeRun } from './record-runs.ts';
import { type RecordedLine, readLine, readPlainLine } from './recorded-line.ts';

export type Played =
  | { readonly kind: 'events'; readonly batch: Batch; readonly connection: number }
  /** A lifecycle record, safe on a terminal, without its line feed; `gapMs` is the duration of a gap. */
  | { readonly kind: 'lifecycle'; readonly line: Buffer; readonly gapMs: number | undefined }
  /** `line` counts from 1. */
  | { readonly kind: 'damaged'; readonly line: number; readonly why: string };

export interface PlayPace {
  /** Factor of the recorded speed; Infinity does not wait at all. */
  readonly speed: number;
  /** Plays at this rate instead of at the recorded times. */
  readonly ratePerSecond?: number | undefined;
  /** Longer waits are shortened to this. */
  readonly maxPauseMs?: number | undefined;
  /** Events received from this time on, ms since the epoch; undefined: from the start. */
  readonly sinceMs?: number | undefined;
  /** Playing ends at the first event received after this time. */
  readonly untilMs?: number | undefined;
}

export interface PlayConfig extends PlayPace {
  /** Path of the file, for errors; `-` is stdin. */
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** At full speed, lets a batch have different receive times. For outputs that do not use the times. */
  readonly joinsTimes?: boolean | undefined;
  /** Called once if the lines are plain NDJSON, without receive times. */
  readonly onPlain?: (() => void) | undefined;
  /** Called before each wait: the receive time of the next event, and the delay until it is due. */
  readonly onWait?: ((receivedAtMs: number | undefined, delayMs: number) => void) | undefined;
}

/** The player can stop or wait only between two batches. */
const MAX_BATCH_EVENTS = 512;
/** A file that begins with this many damaged lines is not played. */
const MAX_DAMAGED_AT_START = 10;
const SECOND_MS = 1_000;

/**
 * Does not wait where the recorded time runs backwards. If the first line is plain JSON, every line is an event without
 * a receive time. Such events are played without a wait unless a rate is given.
 *
 * @throws UsageError at the start of a file that has nothing to play
 */
export async function* playRecording(
  source: AsyncIterable<LineBatch>,
  config: PlayConfig,
): AsyncGenerator<Played> {
  const { clock, signal, sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = config;
  const hasRate = config.ratePerSecond !== undefined;
  const canJoinTimes = config.joinsTimes === true && config.speed === Number.POSITIVE_INFINITY && !hasRate;
  const joins = (fromMs: number, toMs: number): boolean =>
    canJoinTimes && fromMs >= sinceMs && toMs <= untilMs;
  const schedule = new Schedule(config);
  const builder = new BatchBuilder();
  let isPlain: boolean | undefined;
  let { onPlain } = config;
  let damagedAtStart: Played[] = [];
  let firstLine: Buffer | undefined;
  /** The first line may be a whole recording in one array. It is played only if a second line follows. */
  let isOneArray = false;
  let lineNumber = 0;
  let receivedAtMs: number | undefined;
  let connection = 0;

  const take = (): Played => ({
    kind: 'events',
    batch: builder.take(receivedAtMs ?? clock.wallMs()),
    connection,
  });
  const read = (bytes: Buffer, lines: Lines): RecordedLine | RecordedRun => {
    const run = isPlain === true || hasRate ? undefined : takeRun(lines, bytes, joins);
    const line = run ?? (isPlain === true ? readPlainLine(bytes) : readLine(bytes));
    if (line.kind !== 'empty') {
      isOneArray =
        firstLine === undefined && line.kind === 'plain' && findReformatting(bytes) === 'one-array';
      firstLine ??= bytes;
    }
    if (isPlain === undefined && line.kind !== 'empty' && line.kind !== 'damaged') {
      isPlain = line.kind === 'plain';
    }
    if (isPlain === true && !isOneArray) {
      onPlain?.();
      onPlain = undefined;
    }
    if (line.kind === 'plain' && isPlain !== true) return { kind: 'damaged', why: LINE_FAULTS.notRecorded };
    return line;
  };
  /** Holds damage back until it is known that the file can be played. */
  function* report(line: number, why: string): Generator<Played> {
    const damaged: Played = { kind: 'damaged', line, why };
    if (isPlain !== undefined) yield damaged;
    else if (damagedAtStart.push(damaged) >= MAX_DAMAGED_AT_START)
      throw unplayable(NO_EVENTS, config.path, firstLine);
  }

  for await (const { lines, fault } of source) {
    for (const bytes of lines) {
      const line = read(bytes, lines);
      lineNumber += line.kind === 'run' ? line.lines.count : 1;
      if (line.kind === 'empty') continue;
      if (isPlain !== undefined && damagedAtStart.length > 0) {
        yield* damagedAtStart;
        damagedAtStart = [];
      }
      if (line.kind === 'run' || line.kind === 'event' || line.kind === 'plain') {
        const atMs = line.kind === 'plain' ? undefined : line.receivedAtMs;
        if (atMs === undefined) schedule.assertTimesNotRequired();
        else if (atMs < sinceMs) continue;
        if (atMs !== undefined && atMs > untilMs) {
          if (!builder.isEmpty) yield take();
          return;
        }
        const own = line.kind === 'plain' ? 1 : line.connection;
        const delayMs = schedule.computeDelayMs(atMs);
        const isNewBatch =
          connection !== own || (receivedAtMs !== atMs && (!canJoinTimes || builder.isEmpty));
        if (delayMs > 0 || isNewBatch || builder.count >= MAX_BATCH_EVENTS) {
          if (!builder.isEmpty) yield take();
          if (delayMs > 0) {
            config.onWait?.(atMs, delayMs);
            await sleep(clock, delayMs, signal);
          }
          if (signal.aborted) return;
          connection = own;
          receivedAtMs = atMs;
        }
        if (line.kind === 'run') builder.addLines(line.lines);
        else builder.add(line.text, line.flags);
        continue;
      }
      if (!builder.isEmpty) yield take();
      if (line.kind === 'damaged') yield* report(lineNumber, line.why);
      if (line.kind !== 'lifecycle') continue;
      const { atMs = sinceMs, text, gapMs } = line;
      if (atMs >= sinceMs && atMs <= untilMs) yield { kind: 'lifecycle', line: text, gapMs };
    }
    // More lines on stdin may come much later, so these events are not held back.
    if (!builder.isEmpty && !isOneArray) yield take();
    if (fault === undefined) continue;
    yield* report(lineNumber + 1, fault.why);
    if (fault.isLine) lineNumber += 1;
  }
  if (signal.aborted) return;
  if (isOneArray) throw unplayable(IS_ONE_LINE, config.path, firstLine);
  if (isPlain !== undefined) return;
  throw unplayable(damagedAtStart.length > 0 ? NO_EVENTS : IS_EMPTY, config.path, firstLine);
}

class Schedule {
  readonly #pace: PlayConfig;
  readonly #startedAtMs: number;
  #previousMs: number | undefined;
  #dueMs = 0;
  #played = 0;

  constructor(pace: PlayConfig) {
    this.#pace = pace;
    this.#startedAtMs = pace.clock.monotonicMs();
  }

  /** Ms until the next event is due, which may be negative. */
  computeDelayMs(receivedAtMs: number | undefined): number {
    const { speed, ratePerSecond, maxPauseMs = Number.POSITIVE_INFINITY, clock } = this.#pace;
    if (ratePerSecond !== undefined) {
      this.#dueMs = (this.#played / ratePerSecond) * SECOND_MS;
      this.#played += 1;
    } else if (receivedAtMs !== undefined) {
      const pauseMs = Math.max(0, receivedAtMs - (this.#previousMs ?? receivedAtMs)) / speed;
      this.#dueMs += Math.min(pauseMs, maxPauseMs);
      this.#previousMs = receivedAtMs;
    }
    return this.#dueMs === 0 ? 0 : this.#startedAtMs + this.#dueMs - clock.monotonicMs();
  }

  /** @throws UsageError if receive times are needed */
  assertTimesNotRequired(): void {
    const { sinceMs, untilMs, maxPauseMs } = this.#pace;
    if ((sinceMs ?? untilMs ?? maxPauseMs) === undefined) return;
    throw new UsageError(...sayTimesRequired());
  }
}

/** @param firstLine the first line that is not empty */
const unplayable = (why: string, path: string, firstLine: Buffer | undefined): UsageError =>
  new UsageError(...sayNothingToPlay(why, path, firstLine && findReformatting(firstLine)));
