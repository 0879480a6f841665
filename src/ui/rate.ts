// Events in each of the last ten seconds, and how that looks.
import type { Clock } from '../clock.ts';
import { SIGNS } from '../render/signs.ts';

export const RATE_SECONDS = 10;
const SECOND_MS = 1_000;

export interface Rate {
  note(count: number): void;
  /** Events in each of the last ten whole seconds, the oldest first; fewer if there were not so many. */
  read(): readonly number[];
}

/** Starts to count now. */
export function startRate(clock: Clock): Rate {
  const startedAtMs = clock.monotonicMs();
  /** By second since the start, modulo: the ten whole ones, and the one that goes on. */
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

/** One of eight bars for each figure, the largest one full; nothing is the lowest bar, anything at all the next. */
export function drawSparkline(figures: readonly number[], bars = SIGNS.bars): string {
  const most = Math.max(...figures, 1);
  return figures
    .map((figure) => bars[figure === 0 ? 0 : Math.max(1, Math.ceil((figure / most) * 7))])
    .join('');
}

/** Events a second over the figures, in as few digits as say something: `0`, `0.4`, `12.5`, `1,234`. */
export function formatRate(figures: readonly number[]): string {
  if (figures.length === 0) return '0';
  const rate = figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  if (rate === 0) return '0';
  return rate < 100 ? rate.toFixed(1) : String(Math.round(rate)).replace(/\B(?=(\d{3})+$)/g, ',');
}
