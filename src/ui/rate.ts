// The rate of events: counts of the last ten seconds, their average, and bars.
import type { Clock } from '../clock.ts';
import { groupThousands } from './format.ts';

/** Whole seconds over which a rate is averaged. */
export const RATE_SECONDS = 10;
const SECOND_MS = 1_000;

/** Counts of the current slot of time and of those before it, in a ring. */
export class SlotCounts {
  readonly #counts: Float64Array;
  #slot = 0;

  constructor(slots: number) {
    this.#counts = new Float64Array(slots);
  }

  clear(slot: number): void {
    this.#counts.fill(0);
    this.#slot = slot;
  }

  /** Moves on to a slot; an earlier one is ignored. */
  advance(slot: number): void {
    if (slot <= this.#slot) return;
    const counts = this.#counts;
    for (let passed = Math.min(slot - this.#slot, counts.length); passed > 0; passed--) {
      counts[(slot - passed + 1) % counts.length] = 0;
    }
    this.#slot = slot;
  }

  add(count: number): void {
    const at = this.#slot % this.#counts.length;
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
  }

  /** Adds the counts of a ring of the same size at the same slot. */
  absorb(other: SlotCounts): void {
    const counts = this.#counts;
    for (let at = 0; at < counts.length; at++) counts[at] = (counts[at] ?? 0) + (other.#counts[at] ?? 0);
  }

  /** Merges pairs of slots into slots that are twice as long. Only before the ring has wrapped around. */
  joinPairs(): void {
    const counts = this.#counts;
    for (let at = 0; at < counts.length; at++) counts[at] = (counts[2 * at] ?? 0) + (counts[2 * at + 1] ?? 0);
    this.#slot = Math.floor(this.#slot / 2);
  }

  /** Of all slots. */
  get sum(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** The counts by slot, oldest first, the current slot last. */
  read(): number[] {
    const counts = this.#counts;
    const known = Math.min(this.#slot + 1, counts.length);
    return Array.from(
      { length: known },
      (_unused, at) => counts[(this.#slot - known + 1 + at) % counts.length] ?? 0,
    );
  }

  /** Of the last whole slots; undefined before the first one has passed. */
  sumOfLast(slots: number): { readonly sum: number; readonly slots: number } | undefined {
    const known = Math.min(this.#slot, slots);
    if (known === 0) return undefined;
    let sum = 0;
    for (let back = 1; back <= known; back++) {
      sum += this.#counts[(this.#slot - back) % this.#counts.length] ?? 0;
    }
    return { sum, slots: known };
  }
}

export interface Rate {
  note(count: number): void;
  /** Events in each of the last whole seconds, up to ten, oldest first. */
  read(): readonly number[];
}

export function startRate(clock: Clock): Rate {
  const startedAtMs = clock.monotonicMs();
  const counts = new SlotCounts(RATE_SECONDS + 1);
  const advance = (): void => counts.advance(Math.floor((clock.monotonicMs() - startedAtMs) / SECOND_MS));
  return {
    note(count) {
      advance();
      counts.add(count);
    },
    read() {
      advance();
      return counts.read().slice(0, -1);
    },
  };
}

/** One of eight bars for each number, relative to the largest number. Only 0 has the lowest bar. */
export function drawBars(counts: readonly number[], bars: string): string {
  const most = Math.max(...counts, 1);
  return counts.map((count) => bars[count === 0 ? 0 : Math.max(1, Math.ceil((count / most) * 7))]).join('');
}

/** `0`, `<0.1`, `0.4`, `12.5`, `1,234`; an empty text if the rate is not known. */
export function formatRate(perSecond: number | undefined): string {
  if (perSecond === undefined) return '';
  if (perSecond === 0) return '0';
  if (perSecond < 0.05) return '<0.1';
  return perSecond < 100 ? perSecond.toFixed(1) : groupThousands(Math.round(perSecond));
}
