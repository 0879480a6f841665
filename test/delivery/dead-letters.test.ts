// A dead letter is read as it was written, even after another program has reformatted the file.
import { describe, expect, test } from '@jest/globals';
import { makeDeadLetter, readDeadLetter } from '../../src/delivery/dead-letters.ts';

const LETTER = {
  at: '2026-01-01T12:00:00.000Z',
  to: 'https://example.test/hook',
  reason: 'answered "400", \\ with a body',
  id: 'evt_1',
};

const makeLine = (event: string): string =>
  makeDeadLetter(LETTER, { mark: 0, text: Buffer.from(event) })
    .toString()
    .trimEnd();

const read = (line: string): string | undefined => readDeadLetter(Buffer.from(line))?.text.toString();

describe('row 58: a line of a dead-letter file', () => {
  test.each(['{"n":12345678901234567890,"n":1.0e400}', '1', '"}"', '[]'])(
    '%s is read byte for byte',
    (event) => {
      expect(read(makeLine(event))).toBe(event);
    },
  );

  test.each([' ', '\t', '\r', '  \t\r'])('white space that another program added, %j, is accepted', (gap) => {
    const tokens = makeLine('{"a":1.5}').match(/"(?:[^"\\]|\\.)*"|[{}:,]|[\w.]+/g) ?? [];
    const spread = gap + tokens.map((token) => token + gap).join('');
    expect(read(spread)?.replace(/\s/g, '')).toBe('{"a":1.5}');
  });

  test.each([
    '',
    '{}',
    '{"type":"x"}',
    makeLine('{"a":1').slice(0, -1),
    makeLine('1').slice(0, -1),
    `${makeLine('1')}\0`,
  ])('%j is not a dead letter', (line) => expect(read(line)).toBeUndefined());
});
