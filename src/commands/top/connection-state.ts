// The state of the source, for the first line of `top`.
import type { Clock } from '../../clock.ts';
import type { PlayPosition, StreamProgress } from '../../ui/stream-progress.ts';

type State =
  | { readonly kind: 'starting' }
  | { readonly kind: 'connecting'; readonly host: string }
  | { readonly kind: 'live'; readonly stream: { readonly roundTripMs: number | undefined } }
  | { readonly kind: 'retrying'; readonly atMs: number; readonly attempt: number }
  | { readonly kind: 'playing' };

export class ConnectionState implements StreamProgress {
  readonly #clock: Clock;
  readonly startedAtMs: number;
  state: State = { kind: 'starting' };
  connections = 0;
  /** Including one that is open. */
  gaps = 0;
  isGapOpen = false;
  /** A source that resumes where it stopped reports a gap only after it. */
  isGapless = false;
  /** Events before filters; undefined without filters. */
  received: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startedAtMs = clock.wallMs();
  }

  connecting(host: string): void {
    this.state = { kind: 'connecting', host };
  }

  live(stream: { readonly roundTripMs: number | undefined }): void {
    this.state = { kind: 'live', stream };
    this.connections += 1;
    this.isGapOpen = false;
  }

  playing(_position: PlayPosition): void {
    this.state = { kind: 'playing' };
  }

  retrying(delayMs: number, attempt: number): void {
    this.state = { kind: 'retrying', atMs: this.#clock.monotonicMs() + delayMs, attempt };
  }

  noteGap(): void {
    this.gaps += 1;
    this.isGapOpen = !this.isGapless;
  }

  makeWay(): void {}

  noteReceived(count: number): void {
    this.received = (this.received ?? 0) + count;
  }

  noteEvents(): void {}

  end(): void {}
}
