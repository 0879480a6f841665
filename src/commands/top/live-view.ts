// `top` on a terminal: draws the table at most four times a second, and acts on keys.

import type { Sort } from '../../flags/table-flags.ts';
import type { Io } from '../../io/io.ts';
import type { LineWriter } from '../../io/line-writer.ts';
import { wrapWords } from '../../render/fit-lines.ts';
import { cutText, joinPieces } from '../../render/text-width.ts';
import type { TopConfig } from './config.ts';
import { type FrameParts, renderFrame, type TopData } from './frame.ts';
import { KEY_HELP, NO_KEYS } from './messages.ts';
import { Screen } from './screen.ts';

const FRAME_MS = 500;
/** Minimum time between frames, also after a key. */
const MIN_FRAME_MS = 250;
/** Time between frames while no events arrive: ages and rates still change. */
const IDLE_FRAME_MS = 1_000;
/** The source, the totals, the titles, the row `other`, the message, the keys, and two empty lines. */
const LINES_AROUND = 8;
const DEFAULT_LINES = 24;
const DEFAULT_COLUMNS = 80;

const SORT_KEYS: Readonly<Record<string, Sort>> = {
  e: 'events',
  s: 'rate',
  u: 'usd',
  l: 'lag',
  m: 'largest',
  t: 'last',
};

export interface ViewParts {
  readonly config: TopConfig;
  readonly data: TopData;
  readonly frame: Pick<FrameParts, 'style'>;
}

export class LiveView {
  sort: Sort;
  isReversed = false;
  readonly #parts: ViewParts;
  readonly #io: Io;
  readonly #screen: Screen;
  readonly #frame: FrameParts;
  readonly #stop: () => void;
  #isPaused = false;
  /** After a key, the next frame is drawn even while the table is paused. */
  #isKeyPending = false;
  #hasChanged = true;
  #columns = 0;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => {};

  constructor(parts: ViewParts, io: Io, writer: LineWriter, stop: () => void) {
    this.#parts = parts;
    this.#io = io;
    this.#stop = stop;
    this.sort = parts.config.sort;
    const { clock, signs } = io;
    this.#frame = { ...parts.frame, clock, signs, widths: new Map() };
    this.#screen = new Screen(io, writer, (key) => this.#press(key));
    // Deferred: if the first draw fails, the view must exist to be closed.
    this.#cancelTimer = clock.setTimer(() => this.#tick(), 0);
  }

  get maxRows(): number {
    const lines = this.#io.stdout.rows() ?? DEFAULT_LINES;
    return Math.min(this.#parts.config.rows, Math.max(1, lines - LINES_AROUND));
  }

  noteChange(): void {
    this.#hasChanged = true;
  }

  close(): void {
    this.#cancelTimer();
    this.#screen.restore();
  }

  #press(key: string): void {
    const sort = SORT_KEYS[key.toLowerCase()];
    if (sort !== undefined) this.sort = sort;
    else if (key === 'i') this.isReversed = !this.isReversed;
    else if (key === 'p' || key === ' ') this.#isPaused = !this.#isPaused;
    else if (key === 'q') {
      this.#stop();
      return;
    } else return;
    this.#isKeyPending = true;
    this.#cancelTimer();
    const waitMs = this.#drawnAtMs + MIN_FRAME_MS - this.#io.clock.monotonicMs();
    this.#cancelTimer = this.#io.clock.setTimer(() => this.#tick(), Math.max(0, waitMs));
  }

  #tick(): void {
    const waitedMs = this.#io.clock.monotonicMs() - this.#drawnAtMs;
    const isDue = !this.#isPaused && (this.#hasChanged || waitedMs >= IDLE_FRAME_MS);
    if (isDue || this.#isKeyPending) this.#draw();
    this.#cancelTimer = this.#io.clock.setTimer(() => this.#tick(), FRAME_MS);
  }

  #draw(): void {
    const { stdout, signs, clock } = this.#io;
    const columns = stdout.columns() ?? DEFAULT_COLUMNS;
    if (columns !== this.#columns) this.#frame.widths.clear();
    this.#columns = columns;
    this.#hasChanged = false;
    this.#isKeyPending = false;
    this.#drawnAtMs = clock.monotonicMs();
    const { data } = this.#parts;
    // Rates are current even if no event has arrived for a while.
    if (!data.isFile) data.timeline.advance(clock.monotonicMs());
    const message = this.#layOutMessage(columns);
    const maxRows = Math.max(1, this.maxRows - Math.max(0, message.length - 1));
    const choice = {
      sort: this.sort,
      isReversed: this.isReversed,
      isPaused: this.#isPaused,
      isFinal: false,
      columns,
      maxRows,
    };
    const frame = renderFrame(data, choice, this.#frame);
    const keys = this.#screen.readsKeyPresses ? KEY_HELP : NO_KEYS;
    const help = joinPieces(
      keys.map((text) => ({ text })),
      columns,
      { ellipsis: signs.ellipsis, skips: true },
    );
    this.#screen.draw([...frame, '', ...message, help].slice(0, stdout.rows()));
  }

  /** The last message, on at most a third of the screen. */
  #layOutMessage(columns: number): string[] {
    const { stdout, signs } = this.#io;
    const most = Math.max(1, Math.floor((stdout.rows() ?? DEFAULT_LINES) / 3));
    const lines = this.#screen.message.flatMap((line) => wrapWords(line, columns));
    const shown =
      lines.length > most ? [...lines.slice(0, most - 1), lines.slice(most - 1).join(' ')] : lines;
    return shown.map((line) => cutText(line, columns, signs.ellipsis));
  }
}
