// The rate of events on the status line: counts of the last ten seconds, their average, and bars.
import type { Clock } from '../clock.ts';
import { groupThousands } from './format.ts';

const RATE_SECONDS = 10;
const SECOND_MS = 1_000;

export interface Rate {
  note(count: number): void;
  /** Events in each of up to ten last whole seconds, oldest first. */
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

/** One of eight bars for each number, scaled to the largest one. 0 is the lowest bar, 1 at least the next. */
export function drawSparkline(counts: readonly number[], bars: string): string {
  const most = Math.max(...counts, 1);
  return counts.map((count) => bars[count === 0 ? 0 : Math.max(1, Math.ceil((count / most) * 7))]).join('');
}

/** The average per second: `0`, `0.4`, `12.5`, `1,234`. */
export function formatRate(counts: readonly number[]): string {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return '0';
  const rate = total / counts.length;
  return rate < 100 ? rate.toFixed(1) : groupThousands(Math.round(rate));
}
