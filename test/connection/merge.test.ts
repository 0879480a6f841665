// The merge of several connections: which events are delivered, dropped and remembered, and for how long.
import { describe, expect, test } from '@jest/globals';
import { Merge } from '../../src/connection/merge.ts';
import type { Instant } from '../../src/connection/stream-clock.ts';
import { textsOf } from '../../src/events/batch.ts';
import { createEventIdentifier, DEFAULT_ID_STEPS } from '../../src/events/event-id.ts';
import { makeBatch } from '../helpers/batches.ts';

const WINDOW_MS = 60_000;
const at = (ms: number): Instant => ({ atMs: ms, wallMs: ms, monotonicMs: ms, pulledMs: ms });

/** The numbers of the connections, which the steps name by letters. */
const SOURCES = { a: 0, b: 1, c: 2 } as const;
type Step =
  | { readonly on: keyof typeof SOURCES; readonly events: string; readonly ms?: number }
  | { readonly open: keyof typeof SOURCES }
  | { readonly close: keyof typeof SOURCES }
  | { readonly expire: number };

/** Plays the steps, where each letter of `events` is an event with that id. Returns the ids of delivered events. */
function play(steps: readonly Step[], maxBytes = 1_000_000): { out: string; merge: Merge } {
  const merge = new Merge({
    windowMs: WINDOW_MS,
    maxBytes,
    identify: createEventIdentifier(DEFAULT_ID_STEPS),
  });
  let out = '';
  for (const step of steps) {
    if ('open' in step) merge.open(SOURCES[step.open]);
    else if ('close' in step) merge.close(SOURCES[step.close]);
    else if ('expire' in step) merge.advance(at(step.expire));
    else {
      const ms = step.ms ?? 0;
      const batch = makeBatch(
        [...step.events].map((id) => `{"id":"${id}"}`),
        ms,
      );
      const texts = textsOf(merge.take(SOURCES[step.on], batch, at(ms)));
      out += texts.map((text) => JSON.parse(String(text)).id).join('');
    }
  }
  return { out, merge };
}

const OPEN_AB: readonly Step[] = [{ open: 'a' }, { open: 'b' }];

describe('C10: the merge', () => {
  test.each<[title: string, steps: readonly Step[], out: string]>([
    ['with one connection every event is delivered', [{ open: 'a' }, { on: 'a', events: 'xx' }], 'xx'],
    [
      'the first copy of an event is delivered',
      [...OPEN_AB, { on: 'b', events: 'xy' }, { on: 'a', events: 'xyz' }],
      'xyz',
    ],
    [
      'either connection may deliver the first copy',
      [...OPEN_AB, { on: 'a', events: 'x' }, { on: 'b', events: 'xy' }, { on: 'a', events: 'yz' }],
      'xyz',
    ],
    [
      'copies in another order on the other connection are dropped',
      [...OPEN_AB, { on: 'a', events: 'xyz' }, { on: 'b', events: 'zxy' }],
      'xyz',
    ],
    [
      'equal events are matched one to one',
      [...OPEN_AB, { on: 'a', events: 'xx' }, { on: 'b', events: 'xx' }],
      'xx',
    ],
    [
      'an additional equal event on one connection is delivered once',
      [...OPEN_AB, { on: 'a', events: 'x' }, { on: 'b', events: 'xx' }, { on: 'a', events: 'x' }],
      'xx',
    ],
    [
      'three connections deliver each event once',
      [
        ...OPEN_AB,
        { open: 'c' },
        { on: 'a', events: 'x' },
        { on: 'b', events: 'x' },
        { on: 'c', events: 'xy' },
        { on: 'a', events: 'y' },
      ],
      'xy',
    ],
    [
      'an event from before an attempt is not expected on the new connection',
      [{ open: 'a' }, { on: 'a', events: 'x' }, { open: 'b' }, { on: 'b', events: 'x' }],
      'xx',
    ],
    [
      'an event during an attempt is dropped if it arrives on both connections',
      [...OPEN_AB, { on: 'a', events: 'x' }, { on: 'b', events: 'x' }],
      'x',
    ],
    [
      'copies of events from a lost connection are dropped',
      [...OPEN_AB, { on: 'a', events: 'xy' }, { close: 'a' }, { on: 'b', events: 'xyz' }],
      'xyz',
    ],
    [
      'a new connection is not expected to deliver what the lost one had not delivered',
      [...OPEN_AB, { on: 'a', events: 'x' }, { close: 'b' }, { open: 'b' }, { on: 'b', events: 'x' }],
      'xx',
    ],
    [
      'after the window an event is new again',
      [...OPEN_AB, { on: 'a', events: 'x' }, { expire: WINDOW_MS }, { on: 'b', events: 'x' }],
      'xx',
    ],
    [
      'within the window a copy is dropped',
      [...OPEN_AB, { on: 'a', events: 'x' }, { expire: WINDOW_MS - 1 }, { on: 'b', events: 'x' }],
      'x',
    ],
  ])('%s', (_title, steps, out) => {
    expect(play(steps).out).toBe(out);
  });

  test('with one connection a batch is passed on unchanged: nothing is hashed, copied or remembered', () => {
    const merge = new Merge({
      windowMs: WINDOW_MS,
      maxBytes: 0,
      identify: () => {
        throw new Error('hashed');
      },
    });
    merge.open(0);
    const batch = makeBatch(['{"id":1}', '{"id":1}'], 0);
    expect(merge.take(0, batch, at(0))).toBe(batch);
    expect(merge.nextExpiryMs).toBeUndefined();
  });

  test('an event is forgotten as soon as every connection has delivered it', () => {
    const { merge } = play([...OPEN_AB, { on: 'a', events: 'xyz' }, { on: 'b', events: 'zyx' }]);
    expect(merge.nextExpiryMs).toBeUndefined();
    expect(merge.duplicates).toBe(3);
  });

  test('row 186: memory is bounded; events that are forgotten too early are counted, and may be delivered twice', () => {
    const { out, merge } = play(
      [...OPEN_AB, { on: 'a', events: 'wxyz' }, { on: 'b', events: 'wxyz' }],
      2 * 250,
    );
    expect(merge.forgotten).toBe(6);
    expect(out).toBe('wxyzwxyz');
  });

  test('an event counts as missed only on a connection that was subscribed when it was sent', () => {
    const merge = play([
      ...OPEN_AB,
      // Event v may have been sent before b was subscribed.
      { on: 'a', events: 'v' },
      { on: 'a', events: 'w' },
      { on: 'b', events: 'w' },
      { on: 'a', events: 'xyz', ms: 1_000 },
      { on: 'b', events: 'z', ms: 1_000 },
    ]).merge;
    expect(merge.advance(at(WINDOW_MS))).toEqual([]);
    expect(merge.advance(at(WINDOW_MS + 1_000))).toEqual([{ input: 1, count: 2, since: at(1_000) }]);
  });

  test('without an id, events are compared byte for byte', () => {
    const merge = new Merge({ windowMs: 1, maxBytes: 1e6, identify: createEventIdentifier(undefined) });
    merge.open(0);
    merge.open(1);
    merge.take(0, makeBatch(['{"id":1,"a":1}'], 0), at(0));
    expect(merge.take(1, makeBatch(['{"id":1,"a":2}', '{"id":1,"a":1}'], 0), at(0)).count).toBe(1);
  });
});
