// The progress of a stream on the status line: its state, events, rate, round trip time and gaps. Loaded on demand, since
// string-width takes longer to load than everything else before the first event.
import type { Clock } from '../clock.ts';
import { type LogStyle, NO_PAINT, type Paint } from '../render/paint.ts';
import { makeVisible } from '../render/sanitize.ts';
import { SIGNS, type Signs } from '../render/signs.ts';
import { measureWidth, splitByWidth } from '../render/text-width.ts';
import { formatCount, formatFiltered, groupThousands } from './format.ts';
import { STATUS } from './messages.ts';
import type { Look } from './spinner.ts';

/** The last line of a terminal, see status-line.ts. */
export interface StatusLine {
  /** Columns for the text; 0 if none can be shown. */
  readonly columns: number;
  /** Shows a safe, possibly painted text until `clear`; of several within 0.1 s only the last. */
  show(text: string, look?: Look): void;
  clear(): void;
}

/** Where a replay is. */
export interface PlayPosition {
  /** When the next event was received, ms since the epoch. */
  readonly receivedAtMs: number | undefined;
  /** Ms until it is played. */
  readonly delayMs: number;
  /** Ms until the end of the recording; undefined if that is not known. */
  readonly remainingMs: number | undefined;
}

/** What a session reports to its status line. */
export interface StreamProgress {
  connecting(host: string): void;
  live(stream: { readonly roundTripMs: number | undefined }): void;
  playing(position: PlayPosition): void;
  /** @param delayMs until the next attempt */
  retrying(delayMs: number, attempt: number): void;
  noteGap(): void;
  /** Clears the line before output is written; the next event or refresh shows it again. */
  makeWay(): void;
  /** Counts events before filters; from then on both counts are shown. */
  noteReceived(count: number): void;
  /** Counts events that were written. */
  noteEvents(count: number): void;
  end(): void;
}

const RATE_SECONDS = 10;
const SECOND_MS = 1_000;

interface Rate {
  note(count: number): void;
  /** Events in each of up to ten last whole seconds, oldest first. */
  read(): readonly number[];
}

function startRate(clock: Clock): Rate {
  const startedAtMs = clock.monotonicMs();
  /** A ring of ten whole seconds and the current one. */
  const counts = new Array<number>(RATE_SECONDS + 1).fill(0);
  let second = 0;
  const advance = (): void => {
    const now = Math.floor((clock.monotonicMs() - startedAtMs) / SECOND_MS);
    for (let passed = Math.min(now - second, counts.length); passed > 0; passed--) {
      counts[(now - passed + 1) % counts.length] = 0;
    }
    second = Math.max(second, now);
  };
  return {
    note(count) {
      advance();
      counts[second % counts.length] = (counts[second % counts.length] ?? 0) + count;
    },
    read() {
      advance();
      const known = Math.min(second, RATE_SECONDS);
      return Array.from({ length: known }, (_unused, i) => counts[(second - known + i) % counts.length] ?? 0);
    },
  };
}

/** One of eight bars for each number, scaled to the largest one. 0 is the lowest bar, 1 at least the next. */
function drawSparkline(counts: readonly number[], bars: string): string {
  const most = Math.max(...counts, 1);
  return counts.map((count) => bars[count === 0 ? 0 : Math.max(1, Math.ceil((count / most) * 7))]).join('');
}

/** The average per second: `0`, `0.4`, `12.5`, `1,234`. */
function formatRate(counts: readonly number[]): string {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return '0';
  const rate = total / counts.length;
  return rate < 100 ? rate.toFixed(1) : groupThousands(Math.round(rate));
}

type State =
  | { readonly kind: 'connecting'; readonly host: string }
  | { readonly kind: 'live'; readonly stream: { readonly roundTripMs: number | undefined } }
  | { readonly kind: 'playing'; readonly sinceMs: number; readonly position: PlayPosition }
  | { readonly kind: 'retrying'; readonly atMs: number; readonly attempt: number };

/** How often the countdown and the rate are updated. */
const REFRESH_MS = 1_000;

export class LineProgress implements StreamProgress {
  readonly #line: StatusLine;
  readonly #clock: Clock;
  readonly #style: LogStyle;
  readonly #signs: Signs;
  #state: State | undefined;
  #rate: Rate | undefined;
  #events = 0;
  #received: number | undefined;
  #gaps = 0;
  #cancelRefresh: () => void = () => {};

  constructor(line: StatusLine, clock: Clock, style: LogStyle, signs: Signs = SIGNS) {
    this.#line = line;
    this.#clock = clock;
    this.#style = style;
    this.#signs = signs;
  }

  connecting(host: string): void {
    this.#enter({ kind: 'connecting', host });
  }

  live(stream: { readonly roundTripMs: number | undefined }): void {
    this.#rate ??= startRate(this.#clock);
    this.#enter({ kind: 'live', stream });
  }

  playing(position: PlayPosition): void {
    this.#enter({ kind: 'playing', sinceMs: this.#clock.monotonicMs(), position });
  }

  retrying(delayMs: number, attempt: number): void {
    this.#enter({ kind: 'retrying', atMs: this.#clock.monotonicMs() + delayMs, attempt });
  }

  noteGap(): void {
    this.#gaps += 1;
    this.#show();
  }

  makeWay(): void {
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

  #enter(state: State): void {
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
    this.#line.show(joinPieces(pieces, this.#line.columns), state.kind === 'live' ? 'live' : 'busy');
  }

  /** Most important first. */
  #describe(state: State): Piece[] {
    const { live, waiting, chart } = this.#style;
    if (state.kind === 'connecting') {
      return [{ text: STATUS.connecting(makeVisible(state.host)), paint: NO_PAINT }];
    }
    if (state.kind === 'retrying') {
      const seconds = Math.max(0, Math.ceil((state.atMs - this.#clock.monotonicMs()) / 1_000));
      return [
        { text: STATUS.retrying(seconds), paint: waiting },
        { text: STATUS.attempt(state.attempt), paint: NO_PAINT },
        ...this.#showCounts(),
      ];
    }
    if (state.kind === 'playing') {
      const { receivedAtMs, delayMs, remainingMs } = state.position;
      const passedMs = this.#clock.monotonicMs() - state.sinceMs;
      const waitMs = delayMs - passedMs;
      const leftMs = remainingMs === undefined ? undefined : Math.max(0, remainingMs - passedMs);
      const [events] = this.#showCounts();
      const texts = [
        receivedAtMs === undefined ? STATUS.playing : STATUS.at(receivedAtMs),
        waitMs < SECOND_MS ? undefined : STATUS.nextEvent(waitMs),
        leftMs === undefined ? undefined : STATUS.left(leftMs),
        events?.text,
      ];
      return texts.flatMap((text) => (text === undefined ? [] : [{ text, paint: NO_PAINT }]));
    }
    const counts = this.#rate?.read() ?? [];
    const { roundTripMs } = state.stream;
    const [events, ...others] = this.#showCounts();
    return [
      { text: STATUS.live, paint: live },
      ...(events === undefined ? [] : [events]),
      { text: STATUS.rate(formatRate(counts)), paint: NO_PAINT },
      ...(counts.length === 0 ? [] : [{ text: drawSparkline(counts, this.#signs.bars), paint: chart }]),
      ...(roundTripMs === undefined ? [] : [{ text: STATUS.roundTrip(roundTripMs), paint: NO_PAINT }]),
      ...others,
    ];
  }

  #showCounts(): Piece[] {
    const received = this.#received;
    const events =
      received === undefined
        ? formatCount(this.#events, 'event')
        : formatFiltered({ matched: this.#events, received });
    return [
      { text: events, paint: NO_PAINT },
      { text: formatCount(this.#gaps, 'gap'), paint: this.#gaps > 0 ? this.#style.waiting : NO_PAINT },
    ];
  }
}

interface Piece {
  /** Visible. */
  readonly text: string;
  readonly paint: Paint;
}

/** As many pieces as fit; the first one is cut if necessary. */
function joinPieces(pieces: readonly Piece[], columns: number): string {
  let line = '';
  let width = 0;
  for (const { text, paint } of pieces) {
    const own = measureWidth(text) + (width === 0 ? 0 : 2);
    if (width > 0 && width + own > columns) break;
    const shown = width === 0 && own > columns ? (splitByWidth(text, columns)[0] ?? '') : text;
    line += `${width === 0 ? '' : '  '}${paint.open}${shown}${paint.close}`;
    width += own;
  }
  return line;
}
