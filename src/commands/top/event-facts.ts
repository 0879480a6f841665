// Reads from an event what is counted: the values of `--by`, the amount in dollars and the event's own time.
import { createHash } from 'node:crypto';
import { createTimestampReader } from '../../events/event-time.ts';
import { createTypeReader } from '../../events/event-type.ts';
import { copyText, decodeString } from '../../events/message-text.ts';
import type { PathStep } from '../../events/path.ts';
import { createSourceReader, type ReadLabel } from '../../events/seek-path.ts';
import { type Decimal, parseDecimal } from './decimal.ts';
import type { Facts } from './row.ts';

/** A path, and how it was written. */
export interface NamedPath {
  readonly text: string;
  readonly steps: readonly PathStep[];
}

interface FactPaths {
  readonly by: readonly NamedPath[];
  /** The first one with a value is used. */
  readonly dollars: readonly (readonly PathStep[])[];
  readonly time: readonly (readonly PathStep[])[];
}

/** Longer values are cut, and told apart by a hash. */
const MAX_VALUE_LENGTH = 120;
const HASH_LENGTH = 8;
const NO_VALUE = '!';

/** Creates a reader of events. */
export function createFactReader({ by, dollars, time }: FactPaths): (event: Buffer) => Facts {
  const keyReaders = by.map(createValueReader);
  const dollarReaders = dollars.map(createSourceReader);
  const readTime = createTimestampReader(time);
  return (event) => {
    const key = keyReaders.map((read) => read(event));
    return {
      // With the length before each value, no two keys have the same id.
      id: key.map((value) => (value === undefined ? NO_VALUE : `${value.length} ${value}`)).join(' '),
      key,
      dollars: readAmount(event, dollarReaders),
      sentAtMs: readTime(event),
    };
  };
}

function createValueReader({ text, steps }: NamedPath): ReadLabel {
  // As `--type` finds it.
  const readType = text === 'type' ? createTypeReader() : undefined;
  const readSource = createSourceReader(steps);
  return (event) => {
    const found = readType?.(event);
    if (found !== undefined) return shorten(found);
    const source = readSource(event);
    return source === undefined ? undefined : shorten(source.startsWith('"') ? decodeString(source) : source);
  };
}

function shorten(value: string): string {
  if (value.length <= MAX_VALUE_LENGTH) return value;
  const hash = createHash('sha256').update(value).digest('hex').slice(0, HASH_LENGTH);
  return `${copyText(value.slice(0, MAX_VALUE_LENGTH))}… ${hash}`;
}

/** Exchanges send amounts as strings as well. */
function readAmount(event: Buffer, readers: readonly ReadLabel[]): Decimal | undefined {
  for (const read of readers) {
    const source = read(event);
    if (source !== undefined) return parseDecimal(source.startsWith('"') ? source.slice(1, -1) : source);
  }
  return undefined;
}
