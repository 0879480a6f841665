// When an event happened, in the forms that are usual.
import { describe, expect, test } from '@jest/globals';

import { createTimestampReader } from '../../src/events/event-time.ts';
import { parsePath } from '../../src/events/path.ts';
import { parseLagPaths } from '../../src/settings/table-paths.ts';

const MS = Date.UTC(2026, 4, 6, 7, 8, 9, 123);
const find = (json: string, ...fields: string[]): number | undefined =>
  createTimestampReader(
    fields.length === 0 ? parseLagPaths(undefined) : fields.map((field) => parsePath(field).steps),
  )(Buffer.from(json));

describe('the time of an event', () => {
  test.each([
    ['RFC 3339', '"2026-05-06T07:08:09.123Z"', MS],
    ['with an offset', '"2026-05-06T09:08:09.123+02:00"', MS],
    ['more digits than ms', '"2026-05-06T07:08:09.123456789Z"', MS],
    ['no zone, which means UTC', '"2026-05-06 07:08:09.123"', MS],
    ['seconds', String(MS / 1e3), MS],
    ['ms', String(MS), MS],
    ['µs', `${MS}000`, MS],
    ['ns', `${MS}000000`, MS],
    ['the last second, in the year 5138', '99999999999', 99_999_999_999_000],
    ['the first ms, in 1973', '100000000000', 100_000_000_000],
    ['the last ms', '99999999999999', 99_999_999_999_999],
    ['the first µs', '100000000000000', 100_000_000_000],
    ['the last µs', '99999999999999488', 99_999_999_999_999],
    ['the first ns', '100000000000000000', 100_000_000_000],
    ['a figure as text', `"${MS}"`, MS],
    ['with escapes', '"2026\\u002d05-06T07:08:09.123\\u005a"', MS],
    ['words', '"yesterday"', undefined],
    ['a date alone', '"2026-05-06"', undefined],
    ['a month that does not exist', '"2026-13-06T07:08:09Z"', undefined],
    ['a day that does not exist', '"2026-02-29T07:08:09Z"', undefined],
    ['the day of a leap year', '"2028-02-29T07:08:09Z"', Date.UTC(2028, 1, 29, 7, 8, 9)],
    ['null', 'null', undefined],
    ['zero', '0', undefined],
    ['a number beyond a double', '1e400', undefined],
    ['a number beyond the range of dates', '9007199254740993000000', undefined],
    ['an object', '{}', undefined],
  ])('is read, or undefined if the value is not a time: %s', (_name, value, ms) => {
    const found = find(`{"timestamp":${value}}`);
    expect(found === undefined ? undefined : Math.round(found)).toBe(ms);
  });

  test('is the first of timestamp, ts and created_at that the event has', () => {
    expect(find(`{"created_at":1,"ts":${MS}}`)).toBe(MS);
    expect(find(`{"timestamp":"soon","ts":${MS}}`)).toBeUndefined();
    expect(find(`{"created_at":${MS}}`)).toBe(MS);
    expect(find('{"time":1}')).toBeUndefined();
    expect(find('[1]')).toBeUndefined();
  });

  test('is the value at a given path', () => {
    expect(find(`{"block":[{"time":${MS}}]}`, 'block[0].time')).toBe(MS);
  });
});
