import { isUtf8 } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MESSAGE } from '../../src/events/message-text.ts';
import { classifyText, createPlainClassify, createVectorClassify } from '../../src/events/scanner.ts';
import { countCases, pickSeed, timeForCases } from '../helpers/cases.ts';
import { messageSource, seededRandom } from '../helpers/random-json.ts';

const CASES = countCases(100_000);
// The platform refuses by throwing; stack traces would take most of the time.
const stackTraceLimit = Error.stackTraceLimit;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** The platform's decoder and parser: the reference. */
const classifySlowly = createPlainClassify();

function classify(text: string | readonly number[]): number {
  return classifyText(typeof text === 'string' ? Buffer.from(text) : Buffer.from(text));
}

describe('classifyText', () => {
  test('uses WebAssembly', () => {
    expect(createVectorClassify()).toBeDefined();
  });

  test.each([
    ['{"type":"large_transfer","value":123456789012345678901234567890}', MESSAGE.clean],
    ['"pong"', MESSAGE.clean],
    ['0', MESSAGE.clean],
    [' \t-0.5e+10 ', MESSAGE.clean],
    ['{}', MESSAGE.clean],
    ['[ ]', MESSAGE.clean],
    ['[{},[],{"":[]}]', MESSAGE.clean],
    ['"\\ud800"', MESSAGE.clean],
    ['"\u200b\ufeff\u{e0041}"', MESSAGE.clean],
    ['{\r\n"a":1}', MESSAGE.lineBreak],
    ['1\n', MESSAGE.lineBreak],
    ['"\x7f"', MESSAGE.unsafeCharacter],
    ['{"\u009b":1}', MESSAGE.unsafeCharacter],
    ['"\u2028"', MESSAGE.unsafeCharacter],
    ['"\u061c"', MESSAGE.unsafeCharacter],
    ['\ufeff1', MESSAGE.byteOrderMark],
    ['\ufeff\n["\u202e"]', MESSAGE.byteOrderMark | MESSAGE.lineBreak | MESSAGE.unsafeCharacter],
  ])('O1: %j is an event with bits %i', (text, expected) => {
    expect(classify(text)).toBe(expected);
  });

  test.each([
    ...[
      '',
      ' ',
      '\n',
      '\ufeff',
      '\ufeff\ufeff1',
      'pong',
      'tru',
      'nul',
      'falsy',
      'NaN',
      "'a'",
      '1 2',
      '{} {}',
    ],
    ...[
      '{',
      '[',
      '}',
      ']',
      '{]',
      '[}',
      '[1,]',
      '[,1]',
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      '{a:1}',
      '{"a" "b"}',
      '{1:1}',
    ],
    ...[
      '"',
      '"a',
      '"\\',
      '"\\"',
      '"\\x"',
      '"\\u12"',
      '"\\u12g4"',
      '"\t"',
      '"\n"',
      '"\0"',
      '\x7f',
      '\u0085',
      '1\u2028',
    ],
    ...[
      '01',
      '-',
      '-a',
      '+1',
      '.5',
      '1.',
      '1.e1',
      '1e',
      '1e+',
      '0x1',
      '1_0',
      '--1',
      '// a\n1',
      '1,',
      ':',
      '[1:2]',
    ],
  ])('G4: %j is not JSON', (text) => {
    expect(classify(text)).toBe(MESSAGE.notJson);
  });

  test('row 37: bad UTF-8 anywhere outranks bad JSON', () => {
    expect(classify([0x22, 0xff, 0x22])).toBe(MESSAGE.notUtf8);
    expect(classify([0x7d, 0x7d, 0xc3])).toBe(MESSAGE.notUtf8);
    expect(classify([0xef, 0xbb])).toBe(MESSAGE.notUtf8);
    expect(classify([0x31, 0x20, 0xed, 0xa0, 0x80])).toBe(MESSAGE.notUtf8);
  });

  test.each([31, 32, 33, 63, 64, 65, 96, 97, 1023, 1024, 1025, 5000])(
    'brackets nested %i deep are matched',
    (depth) => {
      const random = seededRandom(depth);
      const kinds = Array.from({ length: depth }, () => random() < 0.5);
      const opening = kinds.map((isObject) => (isObject ? '{"a":' : '[')).join('');
      const closing = kinds.map((isObject) => (isObject ? '}' : ']')).reverse();
      expect(classify(`${opening}1${closing.join('')}`)).toBe(MESSAGE.clean);
      for (const wrong of [0, 1, depth >> 1, depth - 1]) {
        const broken = closing.with(wrong, closing[wrong] === '}' ? ']' : '}').join('');
        expect(classify(`${opening}1${broken}`)).toBe(MESSAGE.notJson);
      }
      expect(classify(`${opening}1${closing.slice(1).join('')}`)).toBe(MESSAGE.notJson);
      expect(classify(`${opening}1${closing.join('')}]`)).toBe(MESSAGE.notJson);
    },
  );

  test('a million brackets neither overflow nor differ', () => {
    const depth = 1_000_000;
    expect(classify('['.repeat(depth))).toBe(MESSAGE.notJson);
    expect(classify('['.repeat(depth) + ']'.repeat(depth))).toBe(MESSAGE.clean);
    expect(classify(`${'{"a":'.repeat(depth)}{}${'}'.repeat(depth)}`)).toBe(MESSAGE.clean);
    expect(classify('['.repeat(depth) + '}'.repeat(depth))).toBe(MESSAGE.notJson);
  });

  test('strings and numbers of any length and position are read to their end, not further', () => {
    for (let length = 0; length < 40; length++) {
      for (let start = 0; start < 8; start++) {
        const memory = Buffer.alloc(64, '"');
        const string = memory.subarray(start, start + length + 2);
        string.fill('a', 1, length + 1);
        expect(classifyText(string)).toBe(MESSAGE.clean);
        expect(classifyText(string.subarray(0, length + 1))).toBe(MESSAGE.notJson);
        memory.fill('7');
        expect(classifyText(memory.subarray(start, start + length))).toBe(length > 0 ? 0 : MESSAGE.notJson);
      }
    }
  });

  test.each(['true', 'false', 'null', '[-1.5e+10]', '"é\\u00e9\\n漢🎈"', '{"a":[]}', '\ufeff{}'])(
    'a part of %j is not an event, whatever follows it in memory',
    (text) => {
      const whole = Buffer.from(text);
      for (let length = 0; length < whole.length; length++) {
        const part = whole.subarray(0, length);
        expect(classifyText(part)).toBe(isUtf8(part) ? MESSAGE.notJson : MESSAGE.notUtf8);
        expect(classifyText(Uint8Array.from(part))).toBe(classifyText(part)); // at the end of its memory
      }
    },
  );

  test('any byte at any position of a string is classified as by JSON.parse', () => {
    for (let length = 1; length < 18; length++) {
      for (let place = 0; place < length; place++) {
        for (let byte = 0; byte < 256; byte++) {
          const bytes = Buffer.alloc(length + 2, 'a');
          bytes[0] = bytes[length + 1] = 0x22;
          bytes[place + 1] = byte;
          if (classifyText(bytes) !== classifySlowly(bytes)) expect([...bytes]).toBe('classified alike');
        }
      }
    }
  });

  test('every message of one or two bytes is classified as by the platform', () => {
    for (let first = 0; first < 256; first++) {
      const one = Buffer.of(first);
      if (classifyText(one) !== classifySlowly(one)) expect([...one]).toBe('classified alike');
      for (let second = 0; second < 256; second++) {
        const two = Buffer.of(first, second);
        if (classifyText(two) !== classifySlowly(two)) expect([...two]).toBe('classified alike');
      }
    }
  });

  test('row 37: in a string, every sequence after a lead byte is valid UTF-8 exactly if isUtf8 says so', () => {
    const all = Array.from({ length: 256 }, (_, byte) => byte);
    const edgeBytes = [0x00, 0x22, 0x5c, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
    const check = (bytes: Buffer, second: number, third: number, fourth: number): void => {
      // Whether an escape is valid depends on the next byte; the random texts cover escapes.
      if (second === 0x5c || third === 0x5c) return;
      const isString = isUtf8(bytes) && !isSpecial(second) && !isSpecial(third) && !isSpecial(fourth);
      const result = classifyText(bytes);
      const isGood = isUtf8(bytes) ? result !== MESSAGE.notUtf8 : result === MESSAGE.notUtf8;
      if (!isGood || result >= 0 !== isString) expect([...bytes]).toBe('classified alike');
    };
    const three = Buffer.from('"abc"');
    for (let lead = 0x80; lead < 256; lead++) {
      const thirds = lead >= 0xe0 && lead < 0xf0 ? all : edgeBytes;
      for (const second of all) {
        for (const third of thirds) {
          three.set([lead, second, third], 1);
          check(three, second, third, 0x61);
        }
      }
    }
    const four = Buffer.from('"abcd"');
    for (let lead = 0xef; lead < 256; lead++) {
      for (const second of all) {
        for (const third of edgeBytes) {
          for (const fourth of edgeBytes) {
            four.set([lead, second, third, fourth], 1);
            check(four, second, third, fourth);
          }
        }
      }
    }
  });

  test(
    'O1, G4, row 37: random and damaged messages are classified as by the platform',
    () => {
      const nextMessage = messageSource(seededRandom(pickSeed(20_240_229)));
      const seen = new Map<number, number>();
      for (let i = 0; i < CASES; i++) {
        const bytes = nextMessage();
        const expected = classifySlowly(bytes);
        seen.set(expected, (seen.get(expected) ?? 0) + 1);
        if (classifyText(bytes) !== expected) expect(bytes.toString('hex')).toBe(`classified as ${expected}`);
        if ((expected === MESSAGE.notUtf8) === isUtf8(bytes))
          expect(bytes.toString('hex')).toBe('judged alike');
      }
      // The generator reaches every verdict often.
      for (const verdict of [-2, -1, 0, 1, 2, 3, 4, 5, 6, 7])
        expect(seen.get(verdict)).toBeGreaterThan(CASES / 2_000);
    },
    timeForCases(100_000),
  );
});

/** Bytes that end a string, begin an escape or are not allowed in a string. */
function isSpecial(byte: number): boolean {
  return byte < 0x20 || byte === 0x22 || byte === 0x5c;
}
