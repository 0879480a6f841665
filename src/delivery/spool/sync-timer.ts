// The fsync timer of all files of a spool. Many small writes share one fsync. There is no fsync if all records are
// acknowledged before the timer fires.
import type { Clock } from '../../clock.ts';

interface Syncable {
  /** fsync in the background. */
  sync(done: (error: Error | null) => void): void;
  /** Blocks. @throws the system's error */
  syncNow?(): void;
  close(): void;
}

/** A disk that hangs does not delay the exit for longer than this. */
const CLOSE_LIMIT_MS = 2_000;

export class SyncTimer {
  readonly #everyMs: number;
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  readonly #dirty = new Set<Syncable>();
  readonly #busy = new Set<Syncable>();
  readonly #closing = new Set<Syncable>();
  #cancel: (() => void) | undefined;
  #isClosed = false;
  #inFlight = 0;
  #onIdle: (() => void) | undefined;

  /** @param everyMs 0: `noteWritten` syncs at once */
  constructor(everyMs: number, clock: Clock, onFault: (error: unknown) => void) {
    this.#everyMs = everyMs;
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** Syncs a written file within the interval. @throws the system's error if the interval is 0 */
  noteWritten(file: Syncable): void {
    if (this.#everyMs === 0 && file.syncNow !== undefined) {
      file.syncNow();
      return;
    }
    this.#dirty.add(file);
    this.#arm();
  }

  /** Cancels pending syncs, since nothing written so far is needed any more. */
  noteNothingLeft(): void {
    this.#dirty.clear();
    this.#cancel?.();
    this.#cancel = undefined;
    this.#closeIdle();
  }

  closeAfterSync(file: Syncable): void {
    this.#closing.add(file);
    this.#closeIdle();
  }

  /** `close` waits for this sync. */
  sync(file: Syncable, done: (error: Error | null) => void): void {
    this.#inFlight += 1;
    file.sync((error) => {
      this.#inFlight -= 1;
      done(error);
      if (this.#inFlight === 0) this.#onIdle?.();
    });
  }

  /** Resolves when the syncs in flight are done and their errors reported, or after 2 s. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    this.#dirty.clear();
    this.#closeIdle();
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.setTimer(resolve, CLOSE_LIMIT_MS);
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  #arm(): void {
    if (!this.#isClosed) this.#cancel ??= this.#clock.setTimer(() => this.#syncAll(), this.#everyMs);
  }

  #syncAll(): void {
    this.#cancel = undefined;
    for (const file of this.#dirty) {
      // Only one sync of a file runs at a time.
      if (this.#busy.has(file)) continue;
      this.#dirty.delete(file);
      this.#busy.add(file);
      this.sync(file, (error) => {
        this.#busy.delete(file);
        if (error !== null) this.#onFault(error);
        this.#closeIdle();
      });
    }
    if (this.#dirty.size > 0) this.#arm();
  }

  #closeIdle(): void {
    for (const file of this.#closing) {
      if (this.#dirty.has(file) || this.#busy.has(file)) continue;
      this.#closing.delete(file);
      file.close();
    }
  }
}
