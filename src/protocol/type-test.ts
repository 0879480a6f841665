// The test of `--type`: an event's type against globs (contract O8).
//
// A stream has few types, so verdicts are remembered by the bytes of the type: what comes again is neither
// decoded nor matched. The memory of it is bounded, whatever types a server makes up.
import { areBytes, readString } from './seek.ts';

/** Names of the field that holds an event's type; the first one there that is a string counts. */
export const TYPE_FIELDS = ['type', 'event_type', 'event'] as const;

/** Tests the type that stands, with its quotes, from `start` to `end`. */
export type TypeTest = (view: DataView, start: number, end: number) => boolean;

const KNOWN_TYPES = 256;
/** Types have 1 to 64 characters; with quotes, and some room. */
const LONGEST_KNOWN_BYTES = 128;

/** The test of types in place, from one of decoded types. */
export function createTypeTest(isWanted: (type: string) => boolean): TypeTest {
  const known: ({ readonly bytes: Uint8Array; readonly isWanted: boolean } | undefined)[] = Array.from({
    length: KNOWN_TYPES,
  });
  return (view, start, end) => {
    if (end - start > LONGEST_KNOWN_BYTES) return isWanted(readString(view, start, end));
    let hash = 0;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + view.getUint8(at)) | 0;
    const index = (hash ^ (hash >>> 16)) & (KNOWN_TYPES - 1);
    const entry = known[index];
    if (entry !== undefined && areBytes(view, start, end, entry.bytes)) return entry.isWanted;
    const verdict = isWanted(readString(view, start, end));
    known[index] = { bytes: new Uint8Array(view.buffer.slice(start, end)), isWanted: verdict };
    return verdict;
  };
}
