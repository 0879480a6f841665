// The rows of `top`, in bounded memory, and the exact sum of all other values.
import { describe, expect, test } from '@jest/globals';
import { addDecimals, parseDecimal, writeDecimal, ZERO_DECIMAL } from '../../../src/commands/top/decimal.ts';
import { createFactReader } from '../../../src/commands/top/event-facts.ts';
import { Ranking } from '../../../src/commands/top/ranking.ts';
import type { Row } from '../../../src/commands/top/row.ts';
import { selectRows } from '../../../src/commands/top/table.ts';
import { Timeline } from '../../../src/commands/top/timeline.ts';
import { parsePath } from '../../../src/events/path.ts';
import { parseLagPaths } from '../../../src/settings/table-paths.ts';
import { measureKept } from '../../helpers/heap.ts';
import { seededRandom } from '../../helpers/random-json.ts';

const path = (text: string) => ({ text, steps: parsePath(text).steps });
const readerOf = (...by: string[]) =>
  createFactReader({ by: by.map(path), dollars: [path('usd').steps], time: parseLagPaths(undefined) });
const addUp = (rows: readonly Row[]): [number, string] => [
  rows.reduce((sum, { events }) => sum + events, 0),
  writeDecimal(rows.reduce((sum, { dollars }) => addDecimals(sum, dollars), ZERO_DECIMAL)),
];

describe('L1: the rows of top', () => {
  test('row 144: 100,000 distinct values do not make memory grow, and every event is counted', () => {
    const read = readerOf('id');
    const timeline = new Timeline(true);
    const ranking = new Ranking(timeline);
    const random = seededRandom(1);
    const feed = (from: number, to: number): void => {
      for (let n = from; n < to; n++) {
        // One in five is a frequent value; the others never repeat.
        const id = n % 5 === 0 ? `often ${Math.floor(random() * 10)}` : `${'only once '.repeat(20)}${n}`;
        timeline.advance(n);
        ranking.add(
          read(Buffer.from(`{"id":"${id}","usd":"0.${n % 10}1","timestamp":${1e12 + n}}`)),
          1e12 + n,
        );
      }
    };
    feed(0, 5_000);
    expect(measureKept(() => feed(5_000, 125_000))).toBeLessThan(8e6);
    expect(ranking.rows).toHaveLength(500);
    const { rows, rest } = selectRows(ranking, timeline, { sort: 'events', isReversed: false }, 10);
    expect(rows.map(({ key }) => key[0]?.slice(0, 5))).toEqual(new Array(10).fill('often'));
    expect(rows.every(({ missing }) => missing === 0)).toBe(true);
    const all = rest === undefined ? rows : [...rows, rest];
    const dollars = Array.from({ length: 10 }, (_unused, n) => 12_500 * (10 * n + 1)).reduce(
      (a, b) => a + b,
      0,
    );
    expect(addUp(all)).toEqual([125_000, writeDecimal({ units: BigInt(dollars), scale: 2 })]);
    expect(addUp([ranking.total])).toEqual(addUp(all));
    expect(rest?.lastSeenMs).toBe(1e12 + 124_999);
  }, 60_000);

  test('a value that becomes frequent late gets a row, marked as possibly missing earlier events', () => {
    const read = readerOf('id');
    const timeline = new Timeline(true);
    const ranking = new Ranking(timeline, 3);
    const add = (id: string): void => ranking.add(read(Buffer.from(`{"id":"${id}"}`)), 0);
    for (const id of ['a', 'a', 'b', 'c', 'd', 'e']) add(id);
    for (let left = 10; left > 0; left--) add('late');
    const [first] = selectRows(ranking, timeline, { sort: 'events', isReversed: false }, 1).rows;
    expect(first).toMatchObject({ key: ['late'], events: 10 });
    expect(first?.missing).toBeGreaterThan(0);
    expect(addUp([...ranking.rows, ranking.other])).toEqual([16, '0']);
  });

  test.each<[string, string[], (string | undefined)[]]>([
    ['{"event_type":"x","chain":"tron"}', ['type', 'chain'], ['x', 'tron']],
    ['{"a":{"b":[1,12345678901234567890]}}', ['a.b[1]', 'a.c'], ['12345678901234567890', undefined]],
    ['{"a":true,"b":null,"c":"","d":{}}', ['a', 'b', 'c', 'd'], ['true', 'null', '', undefined]],
    ['[1]', ['type'], [undefined]],
    ['{"a":"\\u0041\\n"}', ['a'], ['A\n']],
  ])('in %s the fields %j have the values %j', (text, by, key) => {
    expect(readerOf(...by)(Buffer.from(text)).key).toEqual(key);
  });

  test('different values get different rows, whatever their length and content', () => {
    const long = 'x'.repeat(1_000);
    const texts = [
      ...['{"a":"1 x","b":"y"}', '{"a":"1","b":"x y"}', '{"a":"!"}', '{}', '{"b":"!"}'],
      ...[`{"a":"${long}1"}`, `{"a":"${long}2"}`],
    ];
    const facts = texts.map((text) => readerOf('a', 'b')(Buffer.from(text)));
    expect(new Set(facts.map(({ id }) => id)).size).toBe(texts.length);
    expect(facts.every(({ key }) => (key[0]?.length ?? 0) < 150)).toBe(true);
  });

  test('rows can be ordered by each column, in both directions', () => {
    const read = readerOf('id');
    const timeline = new Timeline(false);
    const ranking = new Ranking(timeline);
    const add = (id: string, usd: number, atMs: number, lagMs: number): void => {
      timeline.advance(atMs);
      ranking.add(read(Buffer.from(`{"id":"${id}","usd":${usd},"ts":${1e12 + atMs - lagMs}}`)), 1e12 + atMs);
    };
    add('many', 1, 0, 5);
    add('many', 1, 1, 5);
    add('rich', 9e6, 2, 7);
    add('slow', 2, 3, 60_000);
    const order = (sort: 'events' | 'rate' | 'usd' | 'lag' | 'largest' | 'last', isReversed = false) =>
      selectRows(ranking, timeline, { sort, isReversed }, 9).rows.map(({ key }) => key[0]);
    expect(order('events')[0]).toBe('many');
    expect(order('rate')[0]).toBe('many');
    expect(order('usd')).toEqual(['rich', 'many', 'slow']);
    expect(order('largest')).toEqual(['rich', 'slow', 'many']);
    expect(order('lag')).toEqual(['slow', 'rich', 'many']);
    expect(order('last')).toEqual(['slow', 'rich', 'many']);
    expect(order('last', true)).toEqual(['many', 'rich', 'slow']);
  });

  test('amounts that are not numbers are not counted as amounts', () => {
    const { dollars } = readerOf('id')(Buffer.from('{"id":1,"usd":"lots"}'));
    expect([dollars, parseDecimal('lots')]).toEqual([undefined, undefined]);
  });
});
