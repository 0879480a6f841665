// A single time scale for a stream, from two clocks: the wall clock can be set, and the monotonic clock stops while a
// machine sleeps.
import type { Clock, Moment } from '../clock.ts';

export interface Instant extends Moment {
  /** Position on the time scale of the stream, in ms. */
  readonly atMs: number;
  /** Monotonic time in ms that does not advance while the consumer does not pull. */
  readonly pulledMs: number;
}

export const earlier = (a: Instant, b: Instant): Instant => (b.atMs < a.atMs ? b : a);
export const later = (a: Instant, b: Instant): Instant => (b.atMs > a.atMs ? b : a);

/** The wall clock is read in whole ms. */
const ROUNDING_MS = 2;

/** Uses the clock that shows more, as computeElapsedMs does. */
export function measureGap(from: Instant, to: Instant): number {
  const wallMs = to.wallMs - from.wallMs;
  const passedMs = to.atMs - from.atMs;
  return passedMs > wallMs + ROUNDING_MS ? passedMs : wallMs;
}

/** If the clocks drift apart by more than this, the machine slept, or the wall clock was set. */
const CLOCK_STEP_MS = 1_000;

export class StreamClock {
  readonly #clock: Clock;
  #wallMinusMonotonicMs: number;
  #sleptMs = 0;
  #notPulledMs = 0;
  #notPulledSinceMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wallMinusMonotonicMs = clock.wallMs() - clock.monotonicMs();
  }

  now(): Instant {
    const wallMs = this.#clock.wallMs();
    const monotonicMs = this.#clock.monotonicMs();
    const stepMs = wallMs - monotonicMs - this.#wallMinusMonotonicMs;
    if (Math.abs(stepMs) > CLOCK_STEP_MS) {
      this.#wallMinusMonotonicMs += stepMs;
      this.#sleptMs += Math.max(0, stepMs);
    }
    const atMs = monotonicMs + this.#sleptMs;
    return { atMs, wallMs, monotonicMs, pulledMs: monotonicMs - this.#notPulledMs };
  }

  /** The instant of a byte that arrived at `wallMs`. */
  at(wallMs: number): Instant {
    const now = this.now();
    const agoMs = Math.max(0, now.wallMs - wallMs);
    return { ...now, wallMs, atMs: now.atMs - agoMs, monotonicMs: now.monotonicMs - agoMs };
  }

  /** The consumer does not pull until `resume`. */
  pause(): void {
    this.#notPulledSinceMs = this.#clock.monotonicMs();
  }

  resume(): void {
    if (this.#notPulledSinceMs !== undefined) {
      this.#notPulledMs += this.#clock.monotonicMs() - this.#notPulledSinceMs;
    }
    this.#notPulledSinceMs = undefined;
  }
}
