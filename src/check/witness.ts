// Counts what arrives against what is expected. Keeps types and counts, never an event.

import { type Batch, textsOf } from '../protocol/batch.ts';
import { createTypeReader } from '../protocol/label.ts';
import type { Step } from '../protocol/path.ts';
import { createTimestampReader } from './timestamp.ts';

/** One `--expect`: its words, and the filter that they make. */
export interface Expectation {
  readonly expression: string;
  readonly select: (batch: Batch) => Batch;
}

export interface Expected {
  readonly expectations: readonly Expectation[];
  /** Events that each of them needs. */
  readonly min: number;
  /** Ms from the welcome within which they must arrive. */
  readonly withinMs: number;
  /** Events that arrive later than this after their time, in ms, do not count; undefined: all do. */
  readonly maxLagMs: number | undefined;
  /** Paths to the time of an event; the first that leads somewhere counts. */
  readonly lagPaths: readonly (readonly Step[])[];
}

/** What came for one expectation. */
export interface Count {
  readonly expression: string;
  readonly min: number;
  /** Events that count. */
  readonly matched: number;
  /** Events that match, but came later than `--max-lag`. */
  readonly late: number;
  /** Events that match, but name no time that can be read. */
  readonly untimed: number;
}

export interface Witness {
  /** @param isInTime whether it arrived within `withinMs` of the welcome; what came later counts for nothing */
  note(batch: Batch, isInTime: boolean): void;
  /** Whether every expectation has its events. */
  readonly isMet: boolean;
  /** Resolves as soon as `isMet`. */
  readonly met: Promise<void>;
  readonly counts: readonly Count[];
  /** Messages that arrived at any time, those that were discarded included. */
  readonly heard: number;
  /** Events in time, until all were met. */
  readonly events: number;
  /** Messages in time, until all were met, that are no events. */
  readonly discarded: number;
  /** Events that arrived too late for `withinMs`. */
  readonly overdue: number;
  /** Types and how often they came, most frequent first; types are cut to 64 characters. */
  readonly types: readonly { readonly type: string; readonly count: number }[];
}

/** The service's own limit (docs/protocol.md), and one for servers that make types up. */
const MAX_TYPE_CHARACTERS = 64;
const MAX_TYPES = 50;
const NO_TYPE = '(no type)';
const OTHER_TYPES = '(other types)';

/** @param expected undefined where only the number of events matters */
export function createWitness(expected: Expected | undefined): Witness {
  const counts = (expected?.expectations ?? []).map(({ expression }) => ({
    expression,
    min: expected?.min ?? 1,
    matched: 0,
    late: 0,
    untimed: 0,
  }));
  const types = new Map<string, number>();
  const readType = createTypeReader();
  const readTimestampMs = createTimestampReader(expected?.lagPaths ?? []);
  let heard = 0;
  let events = 0;
  let discarded = 0;
  let overdue = 0;
  let resolveMet: () => void = () => {};
  const met = new Promise<void>((resolve) => {
    resolveMet = resolve;
  });

  const count = (batch: Batch, maxLagMs: number | undefined, at: number): void => {
    const tally = counts[at];
    if (tally === undefined) return;
    for (const text of textsOf(batch)) {
      if (maxLagMs === undefined) {
        tally.matched += 1;
        continue;
      }
      const sentAtMs = readTimestampMs(text);
      if (sentAtMs === undefined) tally.untimed += 1;
      else if (batch.receivedAtMs - sentAtMs > maxLagMs) tally.late += 1;
      else tally.matched += 1;
    }
  };

  const witness: Witness = {
    note(batch, isInTime) {
      heard += batch.count + batch.discarded.length;
      if (expected === undefined || witness.isMet) return;
      if (!isInTime) {
        overdue += batch.count;
        return;
      }
      events += batch.count;
      discarded += batch.discarded.length;
      for (const text of textsOf(batch)) noteType(types, readType(text));
      for (const [at, { select }] of expected.expectations.entries())
        count(select(batch), expected.maxLagMs, at);
      if (witness.isMet) resolveMet();
    },
    get isMet() {
      return counts.length > 0 && counts.every(({ matched, min }) => matched >= min);
    },
    met,
    counts,
    get heard() {
      return heard;
    },
    get overdue() {
      return overdue;
    },
    get events() {
      return events;
    },
    get discarded() {
      return discarded;
    },
    get types() {
      const all = [...types].map(([type, count]) => ({ type, count }));
      return all.sort((a, b) => b.count - a.count);
    },
  };
  return witness;
}

function noteType(types: Map<string, number>, sent: string | undefined): void {
  const found = cutType(sent ?? '') || NO_TYPE;
  const type = types.has(found) || types.size < MAX_TYPES ? found : OTHER_TYPES;
  types.set(type, (types.get(type) ?? 0) + 1);
}

/** A long type is cut into a copy: V8 would keep all of the text for a slice of it. */
function cutType(type: string): string {
  return type.length <= MAX_TYPE_CHARACTERS
    ? type
    : Buffer.from(type.slice(0, MAX_TYPE_CHARACTERS)).toString();
}
