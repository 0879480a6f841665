// The progress of a stream on the status line. Loaded on demand, since string-width takes long to load.
import type { Clock } from '../clock.ts';
import type { Batch } from '../events/batch.ts';
import { RecentLag } from '../events/event-time.ts';
import { type LogStyle, NO_PAINT } from '../render/paint.ts';
import { makeVisible } from '../render/sanitize.ts';
import { SIGNS, type Signs } from '../render/signs.ts';
import { joinPieces, type Piece } from '../render/text-width.ts';
import { formatCount, formatFiltered } from './format.ts';
import { STATUS } from './messages.ts';
import { drawBars, formatRate, type Rate, startRate } from './rate.ts';
import type { Look } from './spinner.ts';

export interface StatusLine {
  /** Columns for the text; 0 if none can be shown. */
  readonly columns: number;
  /** Shows a safe, possibly painted text until `clear`. The latest text is drawn, at most once in 0.1 s. */
  show(text: string, look?: Look): void;
  clear(): void;
}

interface PlayPosition {
  /** When the next event was received, ms since the epoch. */
  readonly receivedAtMs: number | undefined;
  /** Ms until the next event is played. */
  readonly delayMs: number;
  /** Ms until the end of the recording; undefined if that is not known. */
  readonly remainingMs: number | undefined;
}

/** What a session reports while it runs. A display implements only the methods that it needs. */
export interface StreamProgress {
  connecting?(host: string): void;
  live?(stream: { readonly roundTripMs?: number | undefined }): void;
  playing?(position: PlayPosition): void;
  /** @param delayMs until the next attempt */
  retrying?(delayMs: number, attempt: number): void;
  /** The connection is lost. @param isGap false if the source resumes where it stopped */
  lost?(isGap: boolean): void;
  /** Counts a gap that `lost` did not report: the source could not resume, or a recording contains the gap. */
  noteGap?(): void;
  /** @param live number of live connections; shown once there have been two */
  noteConnections?(live: number): void;
  pause?(isPaused: boolean): void;
  /** Clears the line before output is written; the next event or refresh shows it again. */
  clearForOutput?(): void;
  /** Counts events before the filters. From the first call on, the line shows this count too. */
  noteReceived?(count: number): void;
  /** Reads the lag from event number `count` of a batch (from 1), the last one that is written. */
  noteLag?(batch: Batch, count: number): void;
  /** Counts events that were written. */
  noteEvents?(count: number): void;
  end?(): void;
}

type ProgressState =
  | { readonly kind: 'connecting'; readonly host: string }
  | { readonly kind: 'live'; readonly stream: { readonly roundTripMs?: number | undefined } }
  | { readonly kind: 'playing'; readonly sinceMs: number; readonly position: PlayPosition }
  | { readonly kind: 'retrying'; readonly atMs: number; readonly attempt: number };

const SECOND_MS = 1_000;
const LAG_INTERVAL_MS = 200;
const REFRESH_MS = 1_000;

export interface ProgressParts {
  readonly style: LogStyle;
  readonly signs?: Signs | undefined;
  /** If true, the line names the key that shows help. */
  readonly readsKeyPresses?: boolean;
}

export class LineProgress implements StreamProgress {
  readonly #line: StatusLine;
  readonly #clock: Clock;
  readonly #style: LogStyle;
  readonly #signs: Signs;
  #state: ProgressState | undefined;
  #rate: Rate | undefined;
  #events = 0;
  #received: number | undefined;
  #gaps = 0;
  #connections = 0;
  #hasSeveral = false;
  #loss: { readonly sinceMs: number; readonly isGap: boolean } | undefined;
  #isPaused = false;
  readonly #readsKeyPresses: boolean;
  readonly #lag: RecentLag;
  #cancelRefresh: () => void = () => {};

  constructor(
    line: StatusLine,
    clock: Clock,
    { style, signs = SIGNS, readsKeyPresses = false }: ProgressParts,
  ) {
    this.#readsKeyPresses = readsKeyPresses;
    this.#line = line;
    this.#clock = clock;
    this.#lag = new RecentLag(clock, LAG_INTERVAL_MS);
    this.#style = style;
    this.#signs = signs;
  }

  connecting(host: string): void {
    this.#enter({ kind: 'connecting', host });
  }

  live(stream: { readonly roundTripMs?: number | undefined }): void {
    this.#rate ??= startRate(this.#clock);
    this.#loss = undefined;
    this.#enter({ kind: 'live', stream });
  }

  playing(position: PlayPosition): void {
    this.#enter({ kind: 'playing', sinceMs: this.#clock.monotonicMs(), position });
  }

  retrying(delayMs: number, attempt: number): void {
    this.#enter({ kind: 'retrying', atMs: this.#clock.monotonicMs() + delayMs, attempt });
  }

  lost(isGap: boolean): void {
    this.#loss = { sinceMs: this.#clock.monotonicMs(), isGap };
    this.#lag.ms = undefined;
    if (isGap) this.noteGap();
  }

  noteGap(): void {
    this.#gaps += 1;
    this.#show();
  }

  noteConnections(live: number): void {
    this.#hasSeveral ||= live > 1;
    this.#connections = live;
    this.#show();
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#show();
  }

  noteLag(batch: Batch, count: number): void {
    this.#lag.note(batch, count);
  }

  clearForOutput(): void {
    this.#line.clear();
  }

  noteReceived(count: number): void {
    this.#received = (this.#received ?? 0) + count;
    this.#show();
  }

  noteEvents(count: number): void {
    this.#events += count;
    this.#rate?.note(count);
    this.#show();
  }

  end(): void {
    this.#state = undefined;
    this.#cancelRefresh();
    this.#line.clear();
  }

  #enter(state: ProgressState): void {
    this.#state = state;
    this.#refresh();
  }

  #refresh(): void {
    this.#cancelRefresh();
    this.#show();
    if (this.#state !== undefined)
      this.#cancelRefresh = this.#clock.setTimer(() => this.#refresh(), REFRESH_MS);
  }

  /** After an error nothing more is shown; the run continues. */
  #show(): void {
    try {
      this.#draw();
    } catch {
      this.end();
    }
  }

  #draw(): void {
    const state = this.#state;
    if (state === undefined) return;
    if (this.#line.columns === 0) {
      this.#line.clear(); // the window became too narrow
      return;
    }
    const pieces = this.#describe(state);
    const text = joinPieces(pieces, this.#line.columns, { ellipsis: '', skips: false });
    this.#line.show(text, state.kind === 'live' ? 'live' : 'busy');
  }

  /** The most important piece is first. */
  #describe(state: ProgressState): Piece[] {
    const { waiting } = this.#style;
    const pieces = this.#describeState(state);
    if (this.#loss !== undefined && state.kind !== 'live')
      pieces.unshift({ text: STATUS.disconnected, paint: waiting });
    if (this.#isPaused) pieces.unshift({ text: STATUS.paused, paint: waiting });
    else if (this.#readsKeyPresses) pieces.push({ text: STATUS.help });
    return pieces;
  }

  #describeState(state: ProgressState): Piece[] {
    const { live, waiting, chart } = this.#style;
    const nowMs = this.#clock.monotonicMs();
    const [events, gaps] = this.#describeCounts();
    switch (state.kind) {
      case 'connecting': {
        const connecting = { text: STATUS.connecting(makeVisible(state.host)) };
        return this.#loss === undefined ? [connecting] : [connecting, events, gaps];
      }
      case 'retrying': {
        const retrying = { text: STATUS.retrying(state.atMs - nowMs), paint: waiting };
        return [retrying, { text: STATUS.attempt(state.attempt) }, events, gaps];
      }
      case 'playing': {
        const { receivedAtMs, delayMs, remainingMs } = state.position;
        const passedMs = nowMs - state.sinceMs;
        const waitMs = delayMs - passedMs;
        const leftMs = remainingMs === undefined ? undefined : Math.max(0, remainingMs - passedMs);
        return [
          { text: receivedAtMs === undefined ? STATUS.playing : STATUS.at(receivedAtMs) },
          ...(waitMs < SECOND_MS ? [] : [{ text: STATUS.nextEvent(waitMs) }]),
          ...(leftMs === undefined ? [] : [{ text: STATUS.left(leftMs) }]),
          events,
        ];
      }
      case 'live': {
        const counts = this.#rate?.read() ?? [];
        const total = counts.reduce((sum, count) => sum + count, 0);
        const { roundTripMs } = state.stream;
        return [
          { text: STATUS.live, paint: live },
          { ...events, isKept: true },
          { text: STATUS.rate(formatRate(total / Math.max(1, counts.length))) },
          ...(counts.length === 0 ? [] : [{ text: drawBars(counts, this.#signs.bars), paint: chart }]),
          gaps,
          ...(this.#hasSeveral ? [{ text: STATUS.connections(this.#connections) }] : []),
          ...(this.#lag.ms === undefined ? [] : [{ text: STATUS.lag(this.#lag.ms) }]),
          ...(roundTripMs === undefined ? [] : [{ text: STATUS.roundTrip(roundTripMs) }]),
        ];
      }
    }
  }

  #describeCounts(): [events: Piece, gaps: Piece] {
    const received = this.#received;
    const events =
      received === undefined
        ? formatCount(this.#events, 'event')
        : formatFiltered({ matched: this.#events, received });
    const { sinceMs, isGap = false } = this.#loss ?? {};
    const openMs = this.#clock.monotonicMs() - (sinceMs ?? 0);
    const open = isGap ? STATUS.openFor(openMs) : '';
    const paint = this.#gaps > 0 ? this.#style.waiting : NO_PAINT;
    return [{ text: events }, { text: formatCount(this.#gaps, 'gap') + open, paint, isKept: true }];
  }
}
