// How far a spool has been delivered, in a file of two slots that are written in turn: a write that is torn by
// a power failure leaves the other slot, and with it the state from just before.
//
// A slot: CRC-32, generation, first record that is not acknowledged, end of the unit that is under way.
import { closeSync, constants, fsync, readSync, writeSync } from 'node:fs';
import { openOwnFile, READ_ONLY } from '../../io/safe-file.ts';
import { computeCrc32 } from './record.ts';

/** A place in the delivery of a spool. Numbers count records from 0 since the spool was made. */
interface Cursor {
  /** The first record that has not been acknowledged. */
  readonly acknowledged: number;
  /** Where the unit ends that was begun there, so that it is sent again as the same; equal: none was begun. */
  readonly unitEnd: number;
}

export interface CursorFile {
  /** What the file said when it was opened; undefined for a new or unreadable one. */
  readonly found: Cursor | undefined;
  /** Puts it down, without forcing it to the disk. @throws the system's error */
  write(cursor: Cursor): void;
  /** Forces it to the disk; also what is under way when it is closed. */
  sync(done: (error: Error | null) => void): void;
  close(): void;
}

const SLOT_BYTES = 32;

/** Opens or makes the file. @throws the system's error */
export function openCursorFile(path: string): CursorFile {
  const fd = openOwnFile(path, constants.O_RDWR | constants.O_CREAT);
  const { bytes, ...newest } = readNewest(fd);
  let { generation } = newest;
  const slot = Buffer.alloc(SLOT_BYTES);
  let syncs = 0;
  let isClosed = false;
  // Takes its place on the disk now: a disk that is full later does not keep a cursor from being written.
  writeSync(fd, bytes, 0, bytes.length, 0);
  return {
    found: newest.cursor,
    write({ acknowledged, unitEnd }) {
      generation += 1;
      slot.writeDoubleLE(generation, 8);
      slot.writeDoubleLE(acknowledged, 16);
      slot.writeDoubleLE(unitEnd, 24);
      slot.writeUInt32LE(computeCrc32(slot, 4), 0);
      writeSync(fd, slot, 0, SLOT_BYTES, (generation % 2) * SLOT_BYTES);
    },
    sync(done) {
      syncs += 1;
      fsync(fd, (error) => {
        syncs -= 1;
        if (isClosed && syncs === 0) closeSync(fd);
        done(error);
      });
    },
    close() {
      isClosed = true;
      if (syncs === 0) closeSync(fd);
    },
  };
}

/** What the file says, without writing to it: another process may have it open. @throws the system's error */
export function readCursor(path: string): Cursor | undefined {
  const fd = openOwnFile(path, READ_ONLY);
  try {
    return readNewest(fd).cursor;
  } finally {
    closeSync(fd);
  }
}

interface Slot {
  readonly generation: number;
  readonly cursor: Cursor | undefined;
}

function readNewest(fd: number): Slot & { readonly bytes: Buffer } {
  const bytes = Buffer.alloc(2 * SLOT_BYTES);
  readSync(fd, bytes, 0, bytes.length, 0);
  const [first, second] = [readSlot(bytes, 0), readSlot(bytes, 1)];
  return { bytes, ...(first.generation > second.generation ? first : second) };
}

function readSlot(bytes: Buffer, index: number): Slot {
  const slot = bytes.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES);
  if (slot.length < SLOT_BYTES) return { generation: 0, cursor: undefined };
  const generation = slot.readDoubleLE(8);
  if (generation === 0 || computeCrc32(slot, 4) !== slot.readUInt32LE(0)) {
    return { generation: 0, cursor: undefined };
  }
  return { generation, cursor: { acknowledged: slot.readDoubleLE(16), unitEnd: slot.readDoubleLE(24) } };
}
