import { describe, expect, test } from '@jest/globals';
import { classifyText } from '../../src/events/scanner.ts';
import { makeSafeLine } from '../../src/render/ndjson.ts';
import { countCases, pickSeed, timeForCases } from '../helpers/cases.ts';
import { flattenJson, isParseReliable } from '../helpers/flat-json.ts';
import { messageSource, randomJson, seededRandom } from '../helpers/random-json.ts';

/** Only events count, not invalid messages. */
const CASES = countCases(100_000);
/** Not allowed in a line: C0, DEL, C1, bidi controls, line and paragraph separators. */
const FORBIDDEN = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

function toLine(text: string): string {
  const bytes = Buffer.from(text);
  return makeSafeLine(bytes, classifyText(bytes)).toString();
}

/** What is wrong with the line of an event, or undefined. */
function findFault(bytes: Buffer, flags: number): string | undefined {
  const before = Buffer.from(bytes);
  const line = makeSafeLine(bytes, flags);
  const text = line.toString();
  if (FORBIDDEN.test(text.replaceAll('\t', ' '))) return 'a forbidden character is left';
  if (text.startsWith('\ufeff')) return 'the mark is left';
  if (flags === 0) return line === bytes ? undefined : 'a clean text was copied';
  if (!bytes.equals(before)) return 'the text itself was changed';
  if (classifyText(line) !== 0) return 'the line is not clean';
  const source = bytes.toString().replace(/^\ufeff/, '');
  if (isParseReliable || !text.includes('\\')) {
    if (JSON.stringify(JSON.parse(text)) !== JSON.stringify(JSON.parse(source))) return 'the value differs';
  }
  const tokens = flattenJson(text);
  if (tokens.join('\n') !== flattenJson(source).join('\n')) return 'numbers or keys differ';
  return undefined;
}

describe('makeSafeLine', () => {
  test('O1: a clean event is the same buffer', () => {
    const bytes = Buffer.from('{"value":123456789012345678901234567890,"value":1.0}');
    expect(makeSafeLine(bytes, 0)).toBe(bytes);
  });

  test.each([
    ['{\r\n  "a": 1\n}', '{    "a": 1 }'],
    ['\ufeff{"a":1}', '{"a":1}'],
    ['\ufeff\n1', ' 1'],
    ['"\x7f\u0080\u009f"', '"\\u007f\\u0080\\u009f"'],
    ['{"\u2028":"\u2029"}', '{"\\u2028":"\\u2029"}'],
    ['"\u061c\u200e\u200f\u202a\u202e\u2066\u2069"', '"\\u061c\\u200e\\u200f\\u202a\\u202e\\u2066\\u2069"'],
    ['"\\\\\u0085"', '"\\\\\\u0085"'],
    ['"\u00a0\u200b\u200d\ufeff\u{e0041}漢🎈"\n', '"\u00a0\u200b\u200d\ufeff\u{e0041}漢🎈" '],
    ['[1e400, -0, "\\u0085"]\n', '[1e400, -0, "\\u0085"] '],
    ['"\\n\u0085"', '"\\n\\u0085"'],
    ['\t1', '\t1'],
  ])('O1: %j is printed as %j', (text, line) => {
    expect(toLine(text)).toBe(line);
  });

  test('O1: megabytes of unsafe characters become one line', () => {
    const text = `"${'\u0085'.repeat(1 << 20)}"`;
    expect(toLine(text).length).toBe(6 * (1 << 20) + 2);
  });

  test(
    'O1: random events are one line each, equal in value, numbers, keys and order',
    () => {
      const random = seededRandom(pickSeed(1_618));
      const nextMessage = messageSource(random);
      let events = 0;
      while (events < CASES) {
        const bytes = nextMessage();
        const flags = classifyText(bytes);
        if (flags < 0) continue;
        events++;
        const fault = findFault(bytes, flags);
        if (fault !== undefined) expect(bytes.toString('hex')).toBe(fault);
      }
    },
    2 * timeForCases(100_000),
  );

  test('O1: the events of a stream stay separate lines', () => {
    const random = seededRandom(2_718);
    const events = Array.from({ length: 1_000 }, () => randomJson(random));
    const lines = events
      .map(toLine)
      .join('\n')
      .split(/\r\n|[\n\r\v\f\x85\u2028\u2029]/);
    expect(lines.map((line) => flattenJson(line))).toEqual(events.map((event) => flattenJson(event)));
  });
});
