// The accounts of a chaos run find every kind of error, and none in a correct run; docs/relay.md has the rules.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '../helpers/run-cli.ts';
import { type Book, type Delivery, type RelayEnd, settle } from './accounts.ts';
import { CRASH_STATES, renderCrashTable } from './rules.ts';

const STEP_MS = 10_000;
const EVENT_BYTES = 1_000;

const deliver = (n: number, more: Partial<Delivery> = {}): Delivery => ({
  n,
  atMs: n * STEP_MS,
  place: '',
  tookMs: 5,
  ...more,
});

/** `count` events, 10 s apart, each delivered to both sinks. */
function makeBook(change: Partial<Book> = {}, count = 10): Book {
  const all = Array.from({ length: count }, (_unused, n) => deliver(n));
  return {
    sent: all.map(({ atMs }) => ({ atMs, bytes: EVENT_BYTES, wasSent: true })),
    deliveries: { nats: all, http: all },
    deadLetters: new Set(),
    ends: [],
    gaps: [],
    damaged: { nats: new Set(), http: new Set() },
    reportedLost: { nats: 0, http: 0 },
    outages: [],
    ...change,
  };
}

/** The deliveries to both sinks after adding or removing some. */
function change(http: (all: Delivery[]) => Delivery[], nats = (all: Delivery[]): Delivery[] => all) {
  const { deliveries } = makeBook();
  return { deliveries: { nats: nats([...deliveries.nats]), http: http([...deliveries.http]) } };
}
const without =
  (...numbers: number[]) =>
  (all: Delivery[]): Delivery[] =>
    all.filter(({ n }) => !numbers.includes(n));
const again =
  (delivery: Delivery) =>
  (all: Delivery[]): Delivery[] => [...all, delivery];

const kill = (atMs: number, kept: number, more: Partial<RelayEnd> = {}): RelayEnd => ({
  signal: 'SIGKILL',
  state: 'room',
  atMs,
  endedAtMs: atMs + 1,
  transitBytes: 0,
  kept: { nats: kept, http: kept },
  counted: 0,
  ...more,
});

const errorsOf = (book: Book): readonly string[] => settle(book).errors;

describe('the accounts of a chaos run', () => {
  test('a run without faults has no errors', () => {
    expect(settle(makeBook())).toEqual({ errors: [], totals: { nats: { once: 10 }, http: { once: 10 } } });
  });

  test.each<[string, Partial<Book>, string]>([
    [
      'an event that is missing',
      change(without(4, 5, 8)),
      'http: lost, and not reported: 3 events: 4 to 5, 8',
    ],
    ['an event twice over HTTP', change(again(deliver(9))), 'http: twice, by no rule: 1 events: 9'],
    [
      'an event twice in JetStream, after a kill too',
      {
        ...change((all) => all, again(deliver(9))),
        ends: [kill(90_001, 9)],
      },
      'nats: twice, by no rule: 1 events: 9',
    ],
    ['an event that was never sent', change(again(deliver(10))), 'http: was never sent: 1 events: 10'],
    [
      'an event after a later one',
      change((all) => [...without(3)(all), deliver(3)]),
      'http: out of order: 1 events: 3',
    ],
    [
      'an event that only one sink lost in a gap',
      { ...change(without(4)), gaps: [{ fromMs: 39_000, toMs: 41_000 }] },
      'http: lost, though it was received: 1 events: 4',
    ],
    [
      'an event that the spool had at a kill',
      { ...change(without(4)), ends: [kill(41_000, 4)] },
      'http: lost, and not reported: 1 events: 4',
    ],
    [
      'more events lost with a spool than were reported',
      {
        ...change(without(4, 5)),
        damaged: { nats: new Set(), http: new Set([4, 5]) },
        reportedLost: { nats: 0, http: 1 },
      },
      'http: 2 lost with the spool, but 1 reported',
    ],
    [
      'an event lost by SIGTERM and not counted',
      { ...change(without(4)), ends: [kill(41_000, 3, { signal: 'SIGTERM' })] },
      'http: SIGTERM in the state "room" lost 1 events, 1000 bytes; allowed are 0',
    ],
  ])('finds an error: %s', (_what, changed, error) => {
    expect(errorsOf(makeBook(changed))).toEqual([error]);
  });

  test.each(Object.entries(CRASH_STATES))(
    'a kill in the state "%s" loses no more than docs/relay.md says',
    (state, { killBytes }) => {
      const few = Math.floor(killBytes / EVENT_BYTES);
      const run = (lost: number): readonly string[] => {
        const book = makeBook({}, 10_000);
        const http = book.deliveries.http.filter(({ n }) => n >= lost);
        const end = kill(lost * STEP_MS - 5, -1, { state: state as keyof typeof CRASH_STATES });
        return errorsOf({ ...book, deliveries: { ...book.deliveries, http }, ends: [end] });
      };
      expect(run(few)).toEqual([]);
      expect(run(few + 1)).toEqual([expect.stringContaining(`lost ${few + 1} events`)]);
    },
  );

  test.each<[string, Partial<Book>]>([
    [
      'a gap that is reported',
      { ...change(without(4), without(4)), gaps: [{ fromMs: 39_000, toMs: 41_000 }] },
    ],
    ['a dead letter', { ...change(without(4)), deadLetters: new Set([4]) }],
    [
      'an event delivered again after a kill',
      { ...change(again(deliver(4, { atMs: 42_000 }))), ends: [kill(40_100, 4)] },
    ],
    [
      'an event delivered again after a late answer',
      change((all) => [...all.map((one) => (one.n === 9 ? { ...one, tookMs: 2_000 } : one)), deliver(9)]),
    ],
    [
      'an event once in each of two incarnations of the stream',
      change((all) => all, again(deliver(9, { place: '2' }))),
    ],
    [
      'the events of the last read before a kill are lost',
      { ...change(without(4)), ends: [kill(41_000, 3)] },
    ],
    [
      'an event lost by SIGTERM and counted',
      { ...change(without(4)), ends: [kill(41_000, 3, { signal: 'SIGTERM', counted: 1 })] },
    ],
  ])('finds no error: %s', (_what, changed) => {
    expect(errorsOf(makeBook(changed))).toEqual([]);
  });
});

test('docs/relay.md has the rules that the chaos run checks', () => {
  expect(readFileSync(join(ROOT, 'docs/relay.md'), 'utf8')).toContain(renderCrashTable());
});
