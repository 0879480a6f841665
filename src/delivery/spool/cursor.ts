// The cursor file: how far a spool has been delivered.
//
// Its two slots are written in turn. If a power failure interrupts a write, the other slot has the previous state.
import { closeSync, constants, fsync, readSync, writeSync } from 'node:fs';
import { openOwnFile, READ_ONLY } from '../../io/safe-file.ts';
import { computeCrc32 } from './record.ts';

/** Record numbers, which start at 0 when a spool is created. */
export interface Cursor {
  /** The number of the first record that is not acknowledged. */
  readonly acknowledged: number;
  /** The end of the unit in flight, which a restart sends again unchanged; `acknowledged` if there is none. */
  readonly unitEnd: number;
}

export type CursorFile = ReturnType<typeof openCursorFile>;

const SLOT_BYTES = 32;

/** @throws the system's error */
export function openCursorFile(path: string) {
  const fd = openOwnFile(path, constants.O_RDWR | constants.O_CREAT);
  const { bytes, ...newest } = readNewest(fd);
  let { generation } = newest;
  const slot = Buffer.alloc(SLOT_BYTES);
  let syncs = 0;
  let isClosed = false;
  // Allocates the file now, so that the cursor can be written to a full disk later.
  writeSync(fd, bytes, 0, bytes.length, 0);
  return {
    /** The content when the file was opened; undefined if it was new or unreadable. */
    found: newest.cursor,
    /** Writes without fsync. @throws the system's error */
    write({ acknowledged, unitEnd }: Cursor): void {
      generation += 1;
      slot.writeDoubleLE(generation, 8);
      slot.writeDoubleLE(acknowledged, 16);
      slot.writeDoubleLE(unitEnd, 24);
      slot.writeUInt32LE(computeCrc32(slot, 4), 0);
      writeSync(fd, slot, 0, SLOT_BYTES, (generation % 2) * SLOT_BYTES);
    },
    /** A sync in flight also completes after `close`. */
    sync(done: (error: Error | null) => void): void {
      syncs += 1;
      fsync(fd, (error) => {
        syncs -= 1;
        if (isClosed && syncs === 0) closeSync(fd);
        done(error);
      });
    },
    close(): void {
      isClosed = true;
      if (syncs === 0) closeSync(fd);
    },
  };
}

/** Does not write, because another process may have the file open. @throws the system's error */
export function readCursor(path: string): Cursor | undefined {
  const fd = openOwnFile(path, READ_ONLY);
  try {
    return readNewest(fd).cursor;
  } finally {
    closeSync(fd);
  }
}

interface CursorSlot {
  readonly generation: number;
  readonly cursor: Cursor | undefined;
}

function readNewest(fd: number): CursorSlot & { readonly bytes: Buffer } {
  const bytes = Buffer.alloc(2 * SLOT_BYTES);
  readSync(fd, bytes, 0, bytes.length, 0);
  const [first, second] = [readSlot(bytes, 0), readSlot(bytes, 1)];
  return { bytes, ...(first.generation > second.generation ? first : second) };
}

function readSlot(bytes: Buffer, index: number): CursorSlot {
  const slot = bytes.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES);
  if (slot.length < SLOT_BYTES) return { generation: 0, cursor: undefined };
  const generation = slot.readDoubleLE(8);
  if (generation === 0 || computeCrc32(slot, 4) !== slot.readUInt32LE(0)) {
    return { generation: 0, cursor: undefined };
  }
  return { generation, cursor: { acknowledged: slot.readDoubleLE(16), unitEnd: slot.readDoubleLE(24) } };
}
