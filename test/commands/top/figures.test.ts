// The figures of `top`: exact sums, percentiles of the lag, rates of the last seconds and of a whole run.
import { describe, expect, test } from '@jest/globals';
import {
  formatAmount,
  formatLagPercentile,
  formatRounded,
  formatShare,
} from '../../../src/commands/top/cells.ts';
import {
  addDecimals,
  compareDecimals,
  parseDecimal,
  writeDecimal,
  ZERO_DECIMAL,
} from '../../../src/commands/top/decimal.ts';
import { LagHistogram } from '../../../src/commands/top/lag.ts';
import { Series, Timeline } from '../../../src/commands/top/timeline.ts';
import { formatRate } from '../../../src/ui/rate.ts';
import { seededRandom } from '../../helpers/random-json.ts';

const sum = (texts: readonly string[]): string =>
  writeDecimal(
    texts.reduce((total, text) => addDecimals(total, parseDecimal(text) ?? ZERO_DECIMAL), ZERO_DECIMAL),
  );

describe('L2: amounts are added exactly', () => {
  const MAX_UINT256 = String(2n ** 256n - 1n);

  test.each<[string[], string]>([
    [['0.1', '0.2'], '0.3'],
    [['9007199254740993', '0.000000000000000001'], '9007199254740993.000000000000000001'],
    [[MAX_UINT256, MAX_UINT256], String(2n * (2n ** 256n - 1n))],
    [['1.5e3', '-2E-2'], '1499.98'],
    [['-0.50', '0.25'], '-0.25'],
    [['1e18', '1'], '1000000000000000001'],
  ])('%j', (texts, total) => {
    expect(sum(texts)).toBe(total);
  });

  test.each(['', 'x', '1,000', '0x10', '1e999999', '1'.repeat(201), `${'9'.repeat(150)}e170`, 'null', '1.'])(
    '%j is not an amount',
    (text) => {
      expect(parseDecimal(text)).toBeUndefined();
    },
  );

  test('a million cents are exactly 10,000 dollars', () => {
    const cent = parseDecimal('0.01') ?? ZERO_DECIMAL;
    let total = ZERO_DECIMAL;
    for (let left = 1_000_000; left > 0; left--) total = addDecimals(total, cent);
    expect(writeDecimal(total)).toBe('10000.00');
  });

  test('amounts with different scales are compared exactly', () => {
    const compare = (one: string, other: string): number =>
      Math.sign(compareDecimals(parseDecimal(one) ?? ZERO_DECIMAL, parseDecimal(other) ?? ZERO_DECIMAL));
    expect([
      compare('1.10', '1.1'),
      compare('9007199254740993', '9007199254740992'),
      compare('-3', '2e-1'),
    ]).toEqual([0, 1, -1]);
  });

  test('rounded amounts are shown with ~, exact ones without', () => {
    expect([0, 0.05, 12.34, 999.6, 12_345_678, -5_000, 3.2e9, 1e20].map(formatRounded)).toEqual([
      ...['0', '~0.05', '~12.3', '~1.0k', '~12.3M', '~-5.0k', '~3.2B', '~1.0e+20'],
    ]);
    const format = (text: string): string => formatAmount(parseDecimal(text) ?? ZERO_DECIMAL, 22);
    expect(['1234567.8900', '0.000001234', '-1000', MAX_UINT256].map(format)).toEqual([
      ...['1,234,567.8900', '0.000001234', '-1,000', '~1.2e+77'],
    ]);
    expect([undefined, 0, 0.01, 5, 1_234.4].map(formatRate)).toEqual(['', '0', '<0.1', '5.0', '1,234']);
    expect([0, 0.0001, 0.123, 1].map(formatShare)).toEqual(['0.0%', '<0.1%', '12.3%', '100.0%']);
    expect([-1, 12, 1_500, 200_000].map(formatLagPercentile)).toEqual(['<0 ms', '12 ms', '1.5 s', '3m 20s']);
  });
});

describe('percentiles of the lag', () => {
  test('are at most a sixteenth off, for any distribution', () => {
    const random = seededRandom(7);
    for (const scale of [10, 1_000, 1e6, 1e10]) {
      const lags = Array.from({ length: 2_000 }, () => Math.floor(random() ** 3 * scale));
      const histogram = new LagHistogram();
      for (const lag of lags) histogram.add(lag);
      lags.sort((a, b) => a - b);
      for (const share of [0.5, 0.99]) {
        const exact = lags[Math.ceil(share * lags.length) - 1] ?? 0;
        expect(Math.abs((histogram.percentile(share) ?? Number.NaN) - exact)).toBeLessThanOrEqual(exact / 16);
      }
    }
  });

  test('cover events from the future, no events, and two combined rows', () => {
    const [one, other] = [new LagHistogram(), new LagHistogram()];
    expect(one.percentile(0.5)).toBeUndefined();
    one.add(-5);
    expect(one.percentile(0.5)).toBe(-1);
    other.add(8);
    other.absorb(one);
    expect([other.percentile(0.5), other.percentile(0.99)]).toEqual([-1, 8]);
    other.clear();
    expect(other.percentile(0.5)).toBeUndefined();
  });
});

describe('rates', () => {
  test('live: events of the last ten seconds, dollars of the last minute', () => {
    const timeline = new Timeline(true);
    timeline.advance(1_000);
    const series = new Series(timeline);
    series.add(1, 1);
    expect(series.ratePerSecond).toBeUndefined();
    timeline.advance(6_000);
    // In the first minute, the dollars are the sum so far, not an extrapolation.
    expect([series.ratePerSecond, series.dollarsPerMinute]).toEqual([0.2, 1]);
    series.clear();
    for (let second = 5; second < 100; second++) {
      timeline.advance(1_000 + second * 1_000);
      series.add(5, 2);
    }
    timeline.advance(101_000);
    expect([series.ratePerSecond, series.dollarsPerMinute]).toEqual([5, 120]);
    expect(series.readTrend(10)).toEqual(new Array(10).fill(5));
    timeline.advance(106_000);
    expect([series.ratePerSecond, series.dollarsPerMinute]).toEqual([2.5, 110]);
    timeline.advance(1e9);
    expect([series.ratePerSecond, series.dollarsPerMinute]).toEqual([0, 0]);
  });

  test('of a recording: averages from its first to its last event, however long it is', () => {
    const timeline = new Timeline(false);
    const series = new Series(timeline);
    timeline.advance(0);
    expect(series.ratePerSecond).toBeUndefined();
    for (let minute = 0; minute <= 600; minute++) {
      timeline.advance(minute * 60_000);
      series.add(60, 6);
    }
    expect(series.ratePerSecond).toBeCloseTo(1, 1);
    expect(series.dollarsPerMinute).toBeCloseTo(6, 1);
    const trend = series.readTrend(10);
    expect(trend).toHaveLength(10);
    expect(Math.max(...trend) / Math.min(...trend)).toBeLessThan(1.5);
  });

  test('events after the clock was set back count in the current second', () => {
    const timeline = new Timeline(false);
    const series = new Series(timeline);
    timeline.advance(5_000);
    series.add(1, 0);
    timeline.advance(2_000);
    series.add(1, 0);
    expect([series.readTrend(10), timeline.spanMs]).toEqual([[2], 0]);
  });

  test('two series are added, even if they were last used at different times', () => {
    for (const isRecent of [true, false]) {
      const timeline = new Timeline(isRecent);
      timeline.advance(0);
      const [one, other] = [new Series(timeline), new Series(timeline)];
      one.add(1, 1);
      timeline.advance(3_000);
      other.add(2, 2);
      timeline.advance(4_000);
      one.absorb(other);
      expect(one.readTrend(10).reduce((total, count) => total + count, 0)).toBe(3);
    }
  });
});
