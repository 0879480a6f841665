import { describe, expect, test } from '@jest/globals';
import { makeHeader, readLine, readStartTime } from '../../src/recording/recorded-line.ts';

const read = (text: string | Buffer) => readLine(Buffer.from(text));
const AT = '2026-01-01T00:00:00.000Z';
const envelope = (event: string): string => `{"received_at":"${AT}","seq":7,"connection":2,"event":${event}}`;

describe('recorded line', () => {
  test.each(['{"n":12345678901234567890,"n":1.0e400}', '1', '"x"', 'null', '[]', '{"a":{"b":"}"}}'])(
    'the event %s is read byte for byte',
    (event) => {
      const line = read(envelope(event));
      expect(line).toMatchObject({ kind: 'event', receivedAtMs: Date.parse(AT), connection: 2, flags: 0 });
      expect('text' in line && line.text.toString()).toBe(event);
    },
  );

  test('spaces and CRLF that another program added are accepted', () => {
    const line = read(`{ "received_at": "${AT}", "seq": 7, "connection": 2, "event": {"a": 1} }\r`);
    expect('text' in line && line.text.toString().trim()).toBe('{"a": 1}');
  });

  test('row 58: white space that another program added anywhere is accepted', () => {
    for (const gap of [' ', '\t', '\r', ' \t\r ', ' '.repeat(300)]) {
      const spread = (line: string): string => {
        const tokens = line.match(/"[^"]*"|[{}:,]|\w+/g) ?? [];
        return gap + tokens.map((token) => token + gap).join('');
      };
      const line = read(spread(envelope('{"n":1}')));
      expect(line).toMatchObject({ kind: 'event', receivedAtMs: Date.parse(AT), connection: 2 });
      expect('text' in line && line.text.toString()).toBe(spread('{"n":1}').slice(gap.length));
      expect(read(spread('{"lifecycle":"gap","from":"x"}')).kind).toBe('lifecycle');
      const header = spread(makeHeader(1_000, 'test').toString());
      expect(read(header).kind).toBe('header');
      expect(readStartTime(Buffer.from(header))).toBe(1_000);
    }
  });

  const START = '"from":"2026-01-01T00:00:00.000Z"';
  const END = '"to":"2026-01-01T00:00:02.500Z"';
  test.each<[string, number | undefined]>([
    [`{"lifecycle":"gap",${START},${END},"cause":"dropped","envelope":1}`, 2_500],
    [`{ "lifecycle": "gap", ${START}, ${END}, "cause": "dropped" }`, 2_500],
    [`{"cause":"dropped","envelope":1,${START},"lifecycle":"gap",${END}}`, 2_500],
    [`{"lifecycle":"gap",${START},"to":null,"cause":"dropped","envelope":1}`, 0],
    [`{"lifecycle":"gap","cause":"dropped","envelope":1}`, 0],
    ['{"lifecycle":"gap","from":{"toString":1},"to":[],"envelope":1}', 0],
    ['{"lifecycle":"end","at":"2026-01-01T00:00:06.000Z","reason":"gap","envelope":1}', undefined],
    ['{"lifecycle":"end","seen":{"lifecycle":"gap"},"envelope":1}', undefined],
  ])('G3: %s is a gap of %s ms', (text, gapMs) =>
    expect(read(text)).toMatchObject({ kind: 'lifecycle', gapMs }),
  );

  test('a byte order mark at the start is accepted', () => {
    expect(read(`\ufeff${envelope('1')}`).kind).toBe('event');
    expect(read(`\ufeff${makeHeader(0, 'test')}`.trimEnd()).kind).toBe('header');
  });

  test('O1: a lifecycle record is one line that is safe on a terminal', () => {
    const line = read('{"lifecycle":"gap",\r"cause":"\u009b31m\u202e"}\r');
    expect('text' in line && line.text.toString()).toBe('{"lifecycle":"gap", "cause":"\\u009b31m\\u202e"}');
  });

  test.each([
    ['', 'empty'],
    ['\r', 'empty'],
    [makeHeader(0, 'test').toString().trim(), 'header'],
    ['{"lifecycle":"gap","from":"x","to":null,"cause":"dropped"}', 'lifecycle'],
  ])('%j is %s', (text, kind) => expect(read(text).kind).toBe(kind));

  test.each([
    [envelope('{"a":1}').slice(0, -1), 'it is not JSON'],
    [envelope('{"a":1}').slice(0, -2), 'it is truncated'],
    [envelope('{"a":'), 'it is not JSON'],
    [envelope('1},{"b":2'), 'it is not JSON'],
    [envelope('1').replace(AT, 'yesterday'), 'its received_at is not a timestamp'],
    ['nonsense', 'it is not JSON'],
    ['\0\0\0\0', 'it is not JSON'],
    [`${envelope('1')}\0`, 'it is truncated'],
    [Buffer.from([0xff, 0xfe]), 'it is not UTF-8'],
  ])('%j is damaged: %s', (text, why) => expect(read(text)).toEqual({ kind: 'damaged', why }));

  test('a header has the start time of its run', () => {
    expect(readStartTime(makeHeader(1_000, 'test'))).toBe(1_000);
    expect(readStartTime(Buffer.from('{"recording":1,"started_at":"never"}'))).toBeUndefined();
    expect(readStartTime(Buffer.from('{"recording":'))).toBeUndefined();
    expect(readStartTime(Buffer.from('{"n":1}'))).toBeUndefined();
  });
});
