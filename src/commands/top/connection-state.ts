// The state of a live source and the counts of its connections, gaps and events, for the first lines of `top`.
import type { Clock } from '../../clock.ts';
import type { StreamProgress } from '../../ui/stream-progress.ts';

type SourceState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live'; readonly stream: { readonly roundTripMs?: number | undefined } }
  | { readonly kind: 'retrying'; readonly atMs: number; readonly attempt: number };

export class ConnectionState implements StreamProgress {
  readonly #clock: Clock;
  readonly startedAtMs: number;
  state: SourceState = { kind: 'connecting' };
  connections = 0;
  /** Includes an open gap. */
  gaps = 0;
  isGapOpen = false;
  /** Events before filters; undefined without filters. */
  received: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startedAtMs = clock.wallMs();
  }

  connecting(): void {
    this.state = { kind: 'connecting' };
  }

  live(stream: { readonly roundTripMs?: number | undefined }): void {
    this.state = { kind: 'live', stream };
    this.connections += 1;
    this.isGapOpen = false;
  }

  retrying(delayMs: number, attempt: number): void {
    this.state = { kind: 'retrying', atMs: this.#clock.monotonicMs() + delayMs, attempt };
  }

  lost(isGap: boolean): void {
    if (isGap) this.gaps += 1;
    this.isGapOpen = isGap;
  }

  noteGap(): void {
    this.gaps += 1;
  }

  noteReceived(count: number): void {
    this.received = (this.received ?? 0) + count;
  }
}
