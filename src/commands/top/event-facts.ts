// Reads from an event the facts that `top` counts: the values of `--by`, the amount in dollars and the timestamp.
import { createHash } from 'node:crypto';
import { readTimestampMs } from '../../events/event-time.ts';
import { TYPE_FIELDS } from '../../events/event-type.ts';
import { isContainerByte } from '../../events/match-value.ts';
import { copyText, decodeString } from '../../events/message-text.ts';
import type { PathStep } from '../../events/path.ts';
import { NOT_FOUND, OPEN_OBJECT } from '../../events/scan-constants.ts';
import {
  makeNames,
  type Names,
  readSource,
  seekMembers,
  seekValue,
  skipValue,
  viewMemory,
} from '../../events/seek.ts';
import { createSourceReader } from '../../events/seek-path.ts';
import { type Amount, parseDecimal } from './decimal.ts';
import type { Facts } from './row.ts';

export interface ParsedPath {
  readonly text: string;
  readonly steps: readonly PathStep[];
}

interface FactPaths {
  readonly by: readonly ParsedPath[];
  /** The first path with a value is used. */
  readonly dollars: readonly (readonly PathStep[])[];
  /** The first path with a value is used. */
  readonly time: readonly (readonly PathStep[])[];
}

/** Longer values are cut, and a hash keeps them different. */
const MAX_VALUE_LENGTH = 120;
const HASH_LENGTH = 8;
const NO_VALUE = '!';

export function createFactReader({ by, dollars, time }: FactPaths): (event: Buffer) => Facts {
  const values = new EventValues();
  const keys = by.map(({ text, steps }) => {
    // The same fields as for `--type`.
    const fields = text === 'type' ? TYPE_FIELDS.map((name) => values.add([{ kind: 'member', name }])) : [];
    return { fields, own: values.add(steps) };
  });
  const amounts = dollars.map((steps) => values.add(steps));
  const times = time.map((steps) => values.add(steps));
  return (event) => {
    values.begin(event);
    const key = keys.map(({ fields, own }) => readGroup(fields, own));
    const sentAt = readFirst(times);
    const amount = readFirst(amounts);
    return {
      // With the length before each value, no two keys have the same id.
      id: key.map((value) => (value === undefined ? NO_VALUE : `${value.length} ${value}`)).join(' '),
      key,
      dollars: amount === undefined ? undefined : readAmount(amount),
      sentAtMs: sentAt === undefined ? undefined : readTimestampMs(sentAt),
    };
  };
}

/** Reads a value of the current event: a string in its quotes, a number or literal as sent. */
type ReadValue = () => string | undefined;

/** Finds the top-level members of an event in one pass. Deeper values need one pass for each path. */
class EventValues {
  readonly #memberNames: string[] = [];
  #names: Names | undefined;
  #offsets = new Int32Array(0);
  #event: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #end = 0;

  /** To be called before `begin`. */
  add(steps: readonly PathStep[]): ReadValue {
    const [first, second] = steps;
    if (first?.kind !== 'member' || second !== undefined) {
      const read = createSourceReader(steps);
      return () => read(this.#event);
    }
    const known = this.#memberNames.indexOf(first.name);
    const index = known >= 0 ? known : this.#memberNames.push(first.name) - 1;
    return () => this.#readMember(index);
  }

  begin(event: Buffer): void {
    if (this.#names === undefined) {
      this.#names = makeNames(this.#memberNames);
      this.#offsets = new Int32Array(this.#memberNames.length);
    }
    this.#event = event;
    const view = viewMemory(event.buffer);
    const end = event.byteOffset + event.length;
    const root = seekValue(view, event.byteOffset, end);
    if (view.getUint8(root) === OPEN_OBJECT) seekMembers(view, root, end, this.#names, this.#offsets);
    else this.#offsets.fill(NOT_FOUND);
    this.#view = view;
    this.#end = end;
  }

  #readMember(index: number): string | undefined {
    const at = this.#offsets[index] ?? NOT_FOUND;
    if (at === NOT_FOUND || isContainerByte(this.#view.getUint8(at))) return undefined;
    return readSource(this.#view, at, skipValue(this.#view, at, this.#end));
  }
}

function readFirst(readers: readonly ReadValue[]): string | undefined {
  for (const read of readers) {
    const source = read();
    if (source !== undefined) return source;
  }
  return undefined;
}

/** The first of `fields` that is a string, otherwise the value at the path of `--by`. */
function readGroup(fields: readonly ReadValue[], own: ReadValue): string | undefined {
  for (const read of fields) {
    const source = read();
    if (source?.startsWith('"') === true) return shorten(decodeString(source));
  }
  const source = own();
  return source === undefined ? undefined : shorten(source.startsWith('"') ? decodeString(source) : source);
}

function shorten(value: string): string {
  if (value.length <= MAX_VALUE_LENGTH) return value;
  const hash = createHash('sha256').update(value).digest('hex').slice(0, HASH_LENGTH);
  return `${copyText(value.slice(0, MAX_VALUE_LENGTH))}… ${hash}`;
}

/** An amount may be a number or a string. */
function readAmount(source: string): Amount | undefined {
  return parseDecimal(source.startsWith('"') ? source.slice(1, -1) : source);
}
