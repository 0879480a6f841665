// Finds, reads and counts the types of events, and tests them for `--type` (contract O8).
import { copyText } from './message-text.ts';
import { NOT_FOUND, OPEN_OBJECT, QUOTE } from './scan-constants.ts';
import {
  copyQuoted,
  equalsQuoted,
  makeNames,
  type Quoted,
  readString,
  seekMembers,
  seekValue,
  skipValue,
  viewMemory,
} from './seek.ts';
import type { ReadEventValue } from './seek-path.ts';

/** The first of these members that is a string counts. */
export const TYPE_FIELDS = ['type', 'event_type', 'event'] as const;

export function createTypeReader(): ReadEventValue {
  const names = makeNames(TYPE_FIELDS);
  const places = new Int32Array(TYPE_FIELDS.length);
  return ({ buffer, byteOffset, length }) => {
    const view = viewMemory(buffer);
    const end = byteOffset + length;
    const root = seekValue(view, byteOffset, end);
    if (view.getUint8(root) !== OPEN_OBJECT) return undefined;
    seekMembers(view, root, end, names, places);
    const at = chooseType(view, places);
    return at === NOT_FOUND ? undefined : readString(view, at, skipValue(view, at, end));
  };
}

/** @param places positions of members, those of TYPE_FIELDS first. @returns NOT_FOUND without a type */
export function chooseType(view: DataView, places: Int32Array): number {
  for (let i = 0; i < TYPE_FIELDS.length; i += 1) {
    const at = places[i] as number;
    if (at !== NOT_FOUND && view.getUint8(at) === QUOTE) return at;
  }
  return NOT_FOUND;
}

/** The limit of the service (docs/protocol.md). */
const MAX_TYPE_CHARACTERS = 64;
/** Limits memory if a server sends random types. */
const MAX_TYPES = 50;
const NO_TYPE = '(no type)';
const OTHER_TYPES = '(other types)';

export class TypeCounts {
  readonly #counts = new Map<string, number>();
  readonly #read = createTypeReader();

  add(text: Uint8Array): void {
    const sent = this.#read(text) ?? '';
    const cut = sent.length <= MAX_TYPE_CHARACTERS ? sent : copyText(sent.slice(0, MAX_TYPE_CHARACTERS));
    const found = cut || NO_TYPE;
    const type = this.#counts.has(found) || this.#counts.size < MAX_TYPES ? found : OTHER_TYPES;
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
  }

  /** Most frequent first. */
  list(): { type: string; count: number }[] {
    const all = [...this.#counts].map(([type, count]) => ({ type, count }));
    return all.sort((a, b) => b.count - a.count);
  }
}

/** Tests the type from `start` to `end`, quotes included. */
export type TypeTest = (view: DataView, start: number, end: number) => boolean;

const CACHE_SIZE = 256;
/** In bytes, with quotes. The hash reads four bytes at a time. */
const MIN_CACHED_LENGTH = 4;
const MAX_CACHED_LENGTH = 128;

/** Results are cached by the bytes of the type, since a stream has few types. The cache is bounded. */
export function createTypeTest(isWanted: (type: string) => boolean): TypeTest {
  const cache: ({ readonly type: Quoted; readonly isWanted: boolean } | undefined)[] = Array.from({
    length: CACHE_SIZE,
  });
  return (view, start, end) => {
    const length = end - start;
    if (length < MIN_CACHED_LENGTH || length > MAX_CACHED_LENGTH)
      return isWanted(readString(view, start, end));
    // Types that share beginning, middle and end replace each other in one entry.
    let hash = Math.imul(view.getInt32(start, true) ^ length, 0x01000193);
    hash = Math.imul(view.getInt32(start + ((length - 4) >> 1), true) ^ hash, 0x01000193);
    hash = Math.imul(view.getInt32(end - 4, true) ^ hash, 0x01000193);
    const index = (hash ^ (hash >>> 16)) & (CACHE_SIZE - 1);
    const entry = cache[index];
    if (entry !== undefined && equalsQuoted(view, start, end, entry.type)) return entry.isWanted;
    const result = isWanted(readString(view, start, end));
    cache[index] = { type: copyQuoted(view, start, end), isWanted: result };
    return result;
  };
}
