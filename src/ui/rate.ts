// The rate of events: counts of the last ten seconds, their average, and bars.
import type { Clock } from '../clock.ts';
import { groupThousands } from './format.ts';

/** Whole seconds over which a rate is averaged. */
export const RATE_SECONDS = 10;
const SECOND_MS = 1_000;

export interface Rate {
  note(count: number): void;
  /** Events in each of the last whole seconds, up to ten, oldest first. */
  read(): readonly number[];
}

export function startRate(clock: Clock): Rate {
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

/** One of eight bars for each number, scaled to the largest one. 0 is the lowest bar; any other number is at least the next one. */
export function drawBars(counts: readonly number[], bars: string): string {
  const most = Math.max(...counts, 1);
  return counts.map((count) => bars[count === 0 ? 0 : Math.max(1, Math.ceil((count / most) * 7))]).join('');
}

/** `0`, `<0.1`, `0.4`, `12.5`, `1,234`; an empty text if it is not known. */
export function formatRate(perSecond: number | undefined): string {
  if (perSecond === undefined) return '';
  if (perSecond === 0) return '0';
  if (perSecond < 0.05) return '<0.1';
  return perSecond < 100 ? perSecond.toFixed(1) : groupThousands(Math.round(perSecond));
}
