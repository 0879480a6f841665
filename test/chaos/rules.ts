// The events that a relay can lose at its end, by its state: the table in docs/relay.md, and bounds of the chaos run.
import { READ_AHEAD } from '../../src/connection/read/message-queue.ts';

/** The most bytes of one read of the relay's connection. */
const READ_BYTES = 256 * 1024;

interface CrashRule {
  /** The state as the table names it. */
  readonly when: string;
  readonly kill: string;
  readonly term: string;
}

const AHEAD_BYTES = READ_AHEAD.bytes + READ_BYTES;

/** The states with a spool; `killBytes` is the number of bytes in `kill`. */
export const CRASH_STATES = {
  room: {
    when: 'a spool with room, however slow the sink is',
    kill: 'the last read: at most 256 KiB, or one larger event',
    killBytes: READ_BYTES,
    term: 'nothing',
  },
  full: {
    when: 'a spool that is full, so that reading is paused',
    kill: 'what was read ahead: at most 1 MiB and one read, or one larger event',
    killBytes: AHEAD_BYTES,
    term: 'nothing: 2 MiB of the spool are reserved for it, or half of `--spool-max` if that is less; what does not fit is counted',
  },
  disk: {
    when: 'the disk is full or fails, reading is paused',
    kill: 'as with a full spool, and the last read',
    killBytes: AHEAD_BYTES + READ_BYTES,
    term: 'the same events as by `kill -9`; they are counted',
  },
} as const satisfies Record<string, CrashRule & { readonly killBytes: number }>;

export type CrashState = keyof typeof CRASH_STATES;

/** The chaos run always has a spool. */
const WITHOUT_SPOOL: readonly CrashRule[] = [
  {
    when: 'no spool, the sink keeps up',
    kill: 'what is in flight (`--window`) and the last read; in a burst of more than two windows, as in the next row',
    term: 'what is not acknowledged after 2 s; it is counted',
  },
  {
    when: 'no spool, reading is paused',
    kill: 'two windows or 4 MiB (whichever is less), one read, and what was read ahead',
    term: 'the same events, without those acknowledged in 2 s; they are counted',
  },
];

/** The rows of the table in docs/relay.md. */
export const renderCrashTable = (): string =>
  [...Object.values(CRASH_STATES), ...WITHOUT_SPOOL]
    .map(({ when, kill, term }) => `| ${when} | ${kill} | ${term} |`)
    .join('\n');
