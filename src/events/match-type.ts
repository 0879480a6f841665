// The test of `--type`: an event's type against globs (contract O8).
//
// A stream has few types, so verdicts are remembered by the bytes of the type: what comes again is neither
// decoded nor matched. The memory of it is bounded, whatever types a server makes up.
import { copyQuoted, isQuoted, type Quoted, readString } from './seek.ts';

/** Names of the field that holds an event's type; the first one there that is a string counts. */
export const TYPE_FIELDS = ['type', 'event_type', 'event'] as const;

/** Tests the type that stands, with its quotes, from `start` to `end`. */
export type TypeTest = (view: DataView, start: number, end: number) => boolean;

const KNOWN_TYPES = 256;
/** In bytes, with quotes: types have 1 to 64 characters. */
const SHORTEST_KNOWN = 4;
const LONGEST_KNOWN = 128;

/** The test of types in place, from one of decoded types. */
export function createTypeTest(isWanted: (type: string) => boolean): TypeTest {
  const known: ({ readonly type: Quoted; readonly isWanted: boolean } | undefined)[] = Array.from({
    length: KNOWN_TYPES,
  });
  return (view, start, end) => {
    const length = end - start;
    if (length < SHORTEST_KNOWN || length > LONGEST_KNOWN) return isWanted(readString(view, start, end));
    // The beginning, the middle and the end tell types apart; those that they do not take turns in one place.
    let hash = Math.imul(view.getInt32(start, true) ^ length, 0x01000193);
    hash = Math.imul(view.getInt32(start + ((length - 4) >> 1), true) ^ hash, 0x01000193);
    hash = Math.imul(view.getInt32(end - 4, true) ^ hash, 0x01000193);
    const index = (hash ^ (hash >>> 16)) & (KNOWN_TYPES - 1);
    const entry = known[index];
    if (entry !== undefined && isQuoted(view, start, end, entry.type)) return entry.isWanted;
    const verdict = isWanted(readString(view, start, end));
    known[index] = { type: copyQuoted(view, start, end), isWanted: verdict };
    return verdict;
  };
}
