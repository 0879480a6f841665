// What a run reports about filters and `--fields` that are probably mistaken.
import { describe, expect, test } from '@jest/globals';
import { createFilter } from '../../src/filter/filter.ts';
import { createEventWatch, type WatchConfig } from '../../src/session/event-watch.ts';
import type { StatusRecord } from '../../src/ui/reporter.ts';
import { makeBatch } from '../helpers/batches.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { randomJson, seededRandom } from '../helpers/random-json.ts';

interface Given {
  readonly types?: readonly string[];
  readonly where?: readonly string[];
  readonly fields?: string;
  readonly watchedPaths?: WatchConfig['watchedPaths'];
}

async function startWatch({ types = [], where = [], fields, watchedPaths = [] }: Given) {
  const clock = createFakeClock();
  const records: StatusRecord[] = [];
  const filter = types.length + where.length === 0 ? undefined : { types, where };
  const report = (record: StatusRecord): void => void records.push(record);
  const watch = await createEventWatch({ filter, fields, watchedPaths }, clock, { report });
  const select = filter === undefined ? undefined : await createFilter(filter);
  return {
    clock,
    records,
    watch,
    receive(...texts: readonly string[]) {
      const batch = makeBatch(texts, 0);
      watch.note(batch, select?.(batch) ?? batch);
    },
    /** All messages and hints so far. */
    get lines(): string[] {
      return records.flatMap(({ message, hint }) => [message, ...(hint?.split('\n') ?? [])]);
    },
  };
}

const TRANSFER = '{"type":"large_transfer","chain":"ethereum","amount_usd":1234.5,"from":{"label":null}}';
const ACTIVITY = '{"type":"address_activity","chain":"tron","amount_usd":7,"tags":[{"name":"a"}],"ok":true}';

describe('row 141: a filter that matches nothing', () => {
  test('is reported once, ten seconds after the first event, with the types', async () => {
    const run = await startWatch({ types: ['nft'] });
    run.receive();
    run.clock.advance(60_000);
    expect(run.records).toEqual([]);
    for (let n = 0; n < 30; n += 1) {
      run.receive(TRANSFER, n % 2 === 0 ? TRANSFER : ACTIVITY);
      run.clock.advance(1_000);
    }
    expect(run.lines).toEqual([
      'no event has matched the filters so far: 0 of 20 events',
      'types seen: large_transfer 15, address_activity 5',
    ]);
    expect(run.records[0]?.fields).toEqual({
      received: 20,
      matched: 0,
      types: { large_transfer: 15, address_activity: 5 },
    });
    run.watch.finish(true);
    expect(run.records.length).toBe(1);
    expect(run.clock.pendingTimers).toBe(0);
  });

  test('is not reported if one event matched, or after the end', async () => {
    const passed = await startWatch({ types: ['large_*'] });
    passed.receive(ACTIVITY);
    passed.receive(TRANSFER);
    passed.clock.advance(60_000);
    const ended = await startWatch({ types: ['nft'] });
    ended.receive(TRANSFER);
    ended.watch.end();
    ended.clock.advance(60_000);
    expect([passed.records, ended.records, ended.clock.pendingTimers]).toEqual([[], [], 0]);
  });

  test.each<[string, Given, readonly string[]]>([
    [
      'a type',
      { types: ['larg_transfer'] },
      ['no event of type larg_transfer: did you mean large_transfer?'],
    ],
    ['a field', { where: ['amount_used > 5'] }, ['no event has amount_used: did you mean amount_usd?']],
    ['the case of a field', { where: ['Chain = tron'] }, ['no event has Chain: did you mean chain?']],
    ['a part of a field', { where: ['amount > 5'] }, ['no event has amount: did you mean amount_usd?']],
    ['a member', { where: ['label = x'] }, ['no event has label: did you mean from.label?']],
    ['an item', { where: ['tags[*].nam = x'] }, ['no event has tags[*].nam: did you mean tags[*].name?']],
    [
      'a value',
      { where: ['chain in (base, trom, etherium)'] },
      ['chain = trom: did you mean tron?', 'chain = etherium: did you mean ethereum?'],
    ],
    ['no similar name', { where: ['quantity > 5'] }, ['no event has quantity']],
  ])('is reported at the end of a run, with the nearest spelling: %s', async (_case, given, expected) => {
    const run = await startWatch(given);
    run.receive(TRANSFER, ACTIVITY);
    run.watch.finish(false);
    const [message, ...hints] = run.lines;
    expect(message).toBe('no event has matched the filters so far: 0 of 2 events');
    expect(hints.slice(0, expected.length)).toEqual(expected);
    expect(hints).toContain('types seen: large_transfer 1, address_activity 1');
    const fields = 'fields seen: type, chain, amount_usd, from, from.label, tags, tags[*], tags[*].name, ok';
    expect(hints.includes(fields)).toBe(given.where !== undefined);
  });
});

describe('row 140: a comparison with another kind of value', () => {
  test.each<[string, string, string]>([
    [
      'amount_usd > $5',
      'the filter compares amount_usd with the string $5, which never matches: amount_usd is a number, such as 1234.5',
      'write a plain number, without quotes: 1000, 1_000, 1.5M',
    ],
    [
      'amount_usd = "1234.5"',
      'the filter compares amount_usd with the string "1234.5", which never matches: amount_usd is a number, such as 1234.5',
      'write a plain number, without quotes: 1000, 1_000, 1.5M',
    ],
    [
      'amount_usd not in (10%, x)',
      'the filter compares amount_usd with the string 10% or x, which is true for every event: amount_usd is a number, such as 1234.5',
      'write a plain number, without quotes: 1000, 1_000, 1.5M',
    ],
    [
      'chain = 1',
      'the filter compares chain with the number 1, which never matches: chain is a string, such as "ethereum"',
      'to compare strings, put the number in quotes: "…"',
    ],
    [
      'from ~ x',
      'the filter compares from with the regular expression x, which never matches: from is an object',
      'compare a value inside it: from.label',
    ],
  ])('%s is reported once, naming both', async (expression, message, hint) => {
    const run = await startWatch({ where: [`type = none or ${expression}`] });
    run.receive(TRANSFER, TRANSFER, TRANSFER, TRANSFER);
    expect(run.records).toEqual([]);
    run.receive(TRANSFER, TRANSFER);
    run.receive(TRANSFER);
    expect(run.records).toMatchObject([{ event: 'warning', level: 'warn', message, hint }]);
    run.clock.advance(20_000);
    expect(run.lines.filter((line) => line === message).length).toBe(1);
  });

  test.each([
    ['a number in a string', 'a > 5', '{"a":"7.5"}'],
    ['a value that may be missing', 'a > 5', '{"a":null}'],
    ['null', 'a != null', '{"a":"x"}'],
    ['one of two kinds', 'a in (5, x)', '{"a":"y"}'],
    ['a regular expression on a number', 'a ~ ^1', '{"a":15}'],
    ['one of several items', 'a[*] = x', '{"a":[1,"y",2]}'],
    ['a missing path', 'b > 5', '{"a":5}'],
  ])('is not reported for %s', async (_case, where, event) => {
    const run = await startWatch({ where: [where] });
    for (let n = 0; n < 30; n += 1) run.receive(event);
    expect(run.records).toEqual([]);
  });

  test('is not reported if one value of the right kind has arrived', async () => {
    const run = await startWatch({ where: ['a > 5'] });
    run.receive('{"a":"x"}', '{"a":6}', ...Array.from({ length: 50 }, () => '{"a":"x"}'));
    run.clock.advance(20_000);
    expect(run.records).toEqual([]);
  });

  test('is reported after ten seconds if few values have arrived', async () => {
    const run = await startWatch({ where: ['ok = "true"'] });
    run.receive(ACTIVITY, TRANSFER);
    run.clock.advance(10_000);
    expect(run.lines.slice(0, 2)).toEqual([
      'the filter compares ok with the string "true", which never matches: ok is true or false, such as true',
      'write true or false, without quotes',
    ]);
  });
});

describe('row 141: a misspelled path is reported sooner than a missing one', () => {
  const MISSPELLED = ['--fields: no event so far has chian', 'no event has chian: did you mean chain?'];

  test('after twenty events, once', async () => {
    const run = await startWatch({ fields: 'type,chian,zzz' });
    for (let n = 0; n < 19; n += 1) run.receive(TRANSFER);
    expect(run.records).toEqual([]);
    run.receive(TRANSFER);
    expect(run.lines.slice(0, 2)).toEqual(MISSPELLED);
    run.receive(TRANSFER);
    run.clock.advance(10_000);
    expect(run.records.map(({ message }) => message)).toEqual([
      '--fields: no event so far has chian',
      '--fields: no event so far has zzz',
    ]);
  });

  test('at the end of a run with fewer events, even if the source has more events', async () => {
    const run = await startWatch({ fields: 'type,chian,zzz' });
    run.receive(TRANSFER);
    run.watch.finish(false);
    expect(run.lines.slice(0, 2)).toEqual(MISSPELLED);
    expect(run.records.length).toBe(1);
  });

  test('with the name of the flag that has the path', async () => {
    const steps = (name: string) => [{ kind: 'member', name } as const];
    const run = await startWatch({
      fields: 'amount_used',
      watchedPaths: [
        { flag: '--by', text: 'chian', steps: steps('chian') },
        { flag: '--by', text: 'type', steps: steps('type') },
      ],
    });
    run.receive(TRANSFER);
    run.watch.finish(true);
    expect(run.records.map(({ message }) => message)).toEqual([
      '--fields: no event so far has amount_used',
      '--by: no event so far has chian',
    ]);
  });
});

describe('row 141: --fields with a path that no event has', () => {
  test('is reported after ten seconds, with the nearest path', async () => {
    const run = await startWatch({ fields: 'chain,amount_used,from.labels,zzz' });
    run.receive(TRANSFER, ACTIVITY);
    run.clock.advance(9_999);
    expect(run.records).toEqual([]);
    run.clock.advance(1);
    expect(run.lines).toEqual([
      '--fields: no event so far has amount_used, from.labels, zzz',
      'no event has amount_used: did you mean amount_usd?',
      'no event has from.labels: did you mean from.label?',
      'no event has zzz',
      'fields seen: type, chain, amount_usd, from, from.label, tags, tags[*], tags[*].name, ok',
    ]);
  });

  test('is not reported if one printed event had it, or none was printed', async () => {
    const run = await startWatch({ fields: 'ok,chain' });
    run.receive(...Array.from({ length: 3_000 }, () => TRANSFER), ACTIVITY);
    run.clock.advance(20_000);
    const none = await startWatch({ fields: 'zzz', types: ['nft'] });
    none.receive(TRANSFER);
    none.clock.advance(20_000);
    expect(run.records).toEqual([]);
    expect(none.lines.filter((line) => line.startsWith('--fields'))).toEqual([]);
  });

  test('at the end of a run it is reported only if all events were seen', async () => {
    for (const isFile of [true, false]) {
      const run = await startWatch({ fields: 'zzz' });
      run.receive(TRANSFER);
      run.watch.finish(isFile);
      expect(run.records.length).toBe(isFile ? 1 : 0);
    }
  });
});

test('row 141: any event can be checked, and endless types and fields take bounded memory', async () => {
  const random = seededRandom(173_205);
  const run = await startWatch({ where: ['a.b[*] > 5', 'x = "1"'], fields: 'q' });
  for (let n = 0; n < 3_000; n += 1) run.receive(randomJson(random), `{"type":"t${n}","f${n}":${n}}`);
  run.receive(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, `"${'x'.repeat(100_000)}"`);
  run.clock.advance(10_000);
  const text = run.lines.join('\n');
  expect(text).toContain('0 of 6,002 events');
  expect(text.length).toBeLessThan(4_000);
});
