// When what was written is forced to the disk: one timer for all files, so that many small writes share one
// wait for the disk, and none at all where everything was acknowledged before its time came.
import type { Clock } from '../../clock.ts';

/** A file that can be forced to the disk. */
interface Syncable {
  sync(done: (error: Error | null) => void): void;
  /** Waits for the disk. */
  syncNow?(): void;
  close(): void;
}

export interface SyncTimer {
  /** Bytes were written to the file: they will be on disk within the interval. @throws if it is 0 and the disk fails */
  noteWritten(file: Syncable): void;
  /** All that was written so far has become needless to keep. */
  noteNothingLeft(): void;
  /** Closes a file that is not written any more, after the last sync of it. */
  closeAfterSync(file: Syncable): void;
  /** Ends the timer and closes what waits to be closed; a sync that is under way goes on. */
  close(): void;
}

/** A timer of `everyMs`; 0 makes `noteWritten` wait for the disk itself. */
export function createSyncTimer(everyMs: number, clock: Clock, onFault: (error: unknown) => void): SyncTimer {
  const dirty = new Set<Syncable>();
  const busy = new Set<Syncable>();
  const leaving = new Set<Syncable>();
  let cancel: (() => void) | undefined;
  let isClosed = false;

  const leave = (file: Syncable): void => {
    if (leaving.delete(file)) file.close();
  };
  const syncAll = (): void => {
    cancel = undefined;
    for (const file of dirty) {
      // One at a time for each file; what came meanwhile has its turn with the next.
      if (busy.has(file)) continue;
      dirty.delete(file);
      busy.add(file);
      file.sync((error) => {
        busy.delete(file);
        if (error !== null && !isClosed) onFault(error);
        if (!dirty.has(file)) leave(file);
      });
    }
    if (dirty.size > 0) arm();
  };
  const arm = (): void => {
    if (!isClosed) cancel ??= clock.setTimer(syncAll, everyMs);
  };

  return {
    noteWritten(file) {
      if (everyMs === 0 && file.syncNow !== undefined) file.syncNow();
      else {
        dirty.add(file);
        arm();
      }
    },
    noteNothingLeft() {
      dirty.clear();
      cancel?.();
      cancel = undefined;
      for (const file of leaving) if (!busy.has(file)) leave(file);
    },
    closeAfterSync(file) {
      leaving.add(file);
      if (!dirty.has(file) && !busy.has(file)) leave(file);
    },
    close() {
      isClosed = true;
      cancel?.();
      for (const file of leaving) if (!busy.has(file)) leave(file);
    },
  };
}
