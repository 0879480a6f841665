// What a run is doing now, for its ready file, health checks, metrics and systemd.
import type { Clock } from '../clock.ts';
import type { MergeFigures } from '../connection/follow-all.ts';
import type { Batch } from '../events/batch.ts';
import type { Connected, StreamItem } from '../stream/items.ts';
import { PHASE_PROBLEMS } from './messages.ts';
import type { Output } from './output.ts';
import type { LiveSource } from './source.ts';
import type { Tally } from './tally.ts';

export type RunPhase =
  | { readonly kind: 'starting' | 'connecting' | 'lost' | 'stopping' }
  | { readonly kind: 'live'; readonly connected: Connected }
  | { readonly kind: 'retrying'; readonly delayMs: number };

export interface RunStatus {
  readonly phase: RunPhase;
  /** When the phase began (monotonic ms). */
  readonly phaseSinceMs: number;
  readonly tally: Pick<Tally, 'summarize' | 'connections' | 'live' | 'gaps' | 'gapMs' | 'openGap'>;
  readonly mergeFigures: MergeFigures | undefined;
  readonly output: Pick<Output, 'blockedMs' | 'blockedSinceMs'>;
  /** Why the run is not ready; empty if it is. The texts have no secrets. */
  listProblems(): readonly string[];
}

export interface RunObserver {
  /** Called at the start, and whenever the phase or the problems have changed. */
  update(status: RunStatus): void;
  /** Called for each batch, before the filters. */
  noteBatch?(batch: Batch): void;
}

/** The problems of sinks can change without an item of the stream. */
const POLL_MS = 1_000;

interface TrackedRun extends Pick<RunStatus, 'tally'> {
  readonly source: Pick<LiveSource, 'mergeFigures'>;
  readonly output: Pick<Output, 'blockedMs' | 'blockedSinceMs' | 'listProblems'>;
}

export class RunTracker implements RunStatus {
  phase: RunPhase = { kind: 'starting' };
  phaseSinceMs: number;
  readonly tally: RunStatus['tally'];
  readonly output: TrackedRun['output'];
  readonly #source: TrackedRun['source'];
  readonly #observers: readonly RunObserver[];
  readonly #clock: Clock;
  #problems = '';
  #cancelPoll: (() => void) | undefined;

  /** @param signal aborts when the run begins to stop, which may take long */
  constructor(
    { tally, output, source }: TrackedRun,
    observers: readonly RunObserver[],
    clock: Clock,
    signal: AbortSignal,
  ) {
    this.tally = tally;
    this.output = output;
    this.#source = source;
    this.#observers = observers;
    this.#clock = clock;
    this.phaseSinceMs = clock.monotonicMs();
    if (observers.length === 0) return;
    signal.addEventListener('abort', () => this.stop());
    if (output.listProblems !== undefined) this.#poll();
    this.#notify();
  }

  get mergeFigures(): MergeFigures | undefined {
    return this.#source.mergeFigures;
  }

  listProblems(): readonly string[] {
    const { phase, output } = this;
    const problems = output.listProblems?.() ?? [];
    return phase.kind === 'live' ? problems : [PHASE_PROBLEMS[phase.kind], ...problems];
  }

  note(item: StreamItem): void {
    // The stream is live as long as another connection is.
    if ('others' in item) return;
    switch (item.kind) {
      case 'connected':
        this.#enter({ kind: 'live', connected: item });
        break;
      case 'retrying':
        this.#enter({ kind: 'retrying', delayMs: item.delayMs });
        break;
      case 'connecting':
      case 'lost':
        this.#enter({ kind: item.kind });
        break;
      case 'events':
        for (const observer of this.#observers) observer.noteBatch?.(item.batch.received);
    }
  }

  stop(): void {
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
    if (this.phase.kind !== 'stopping') this.#enter({ kind: 'stopping' });
  }

  #enter(phase: RunPhase): void {
    if (this.phase.kind === 'stopping') return;
    this.phase = phase;
    this.phaseSinceMs = this.#clock.monotonicMs();
    this.#notify();
  }

  #notify(): void {
    this.#problems = this.listProblems().join();
    for (const observer of this.#observers) observer.update(this);
  }

  #poll(): void {
    this.#cancelPoll = this.#clock.setTimer(() => {
      this.#poll();
      if (this.listProblems().join() !== this.#problems) this.#notify();
    }, POLL_MS);
  }
}
