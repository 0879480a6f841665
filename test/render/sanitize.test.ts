import { describe, expect, test } from '@jest/globals';
import { makeVisible, truncateVisible } from '../../src/render/sanitize.ts';
import { randomJson, seededRandom } from '../helpers/random-json.ts';

const FORBIDDEN =
  /[\0-\x1f\x7f-\x9f\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}\p{Cs}]/u;

describe('makeVisible', () => {
  test.each([
    ['a\tb\nc\rd\0', 'a\\u0009b\\u000ac\\u000dd\\u0000'],
    ['\x1b[31mred\x1b]0;title\x07', '\\u001b[31mred\\u001b]0;title\\u0007'],
    ['\x7f\x80\x9b31m\x9f', '\\u007f\\u0080\\u009b31m\\u009f'],
    ['\u2028\u2029\u061c\u200e\u200f', '\\u2028\\u2029\\u061c\\u200e\\u200f'],
    ['\u202aabc\u202e\u2066def\u2069', '\\u202aabc\\u202e\\u2066def\\u2069'],
    ['\u{e0041}\u{e007f}', '\\udb40\\udc41\\udb40\\udc7f'],
    ['\ud800', '\\ud800'],
    ['\udc00\ud800x', '\\udc00\\ud800x'],
    ['US\u200bDC US\u200dDC US\ufe0fDC US\u00adDC', 'US\\u200bDC US\\u200dDC US\\ufe0fDC US\\u00adDC'],
    ['\ufeff\u2060\u2064\u3164\u{e0100}', '\\ufeff\\u2060\\u2064\\u3164\\udb40\\udd00'],
    ['a\ufff9b\ufffac\ufffb', 'a\\ufff9b\\ufffac\\ufffb'],
    ['1\ufe0f2 3\u200d4', '1\\ufe0f2 3\\u200d4'],
    ['🎈\u200d🎈\u200dx', '🎈\u200d🎈\\u200dx'],
  ])('O2: %j is shown as %j', (text, visible) => {
    expect(makeVisible(text)).toBe(visible);
  });

  test.each([
    ...[
      '',
      'plain "text" \\ / ~',
      'é 漢字 ключ עברית العربية हिन्दी',
      'a\u00a0b\u3000c',
      'e\u0301',
      '\ue000',
      '🎈',
    ],
    ...['👩‍👩‍👧‍👦', '👩🏽‍🚀', '❤️‍🔥', '🏳️‍🌈', '1️⃣', '🇺🇸', '☎︎'],
  ])('O2: %j stays as it is', (text) => {
    expect(makeVisible(text)).toBe(text);
  });

  test('O2: every control or invisible character is escaped', () => {
    for (let code = 0; code <= 0x10ffff; code++) {
      const character = String.fromCodePoint(code);
      const visible = makeVisible(`a${character}b`);
      const isLeft = visible === `a${character}b`;
      if (isLeft ? FORBIDDEN.test(character) : !/^a(\\u[0-9a-f]{4})+b$/.test(visible)) {
        expect(`U+${code.toString(16)}`).toBe('made visible or left alone');
      }
      if (!isLeft && JSON.parse(`"${visible}"`) !== `a${character}b`) expect(visible).toBe('a JSON escape');
    }
  });

  test('O2: random text is safe, and a second pass changes nothing', () => {
    const random = seededRandom(3_141);
    for (let i = 0; i < 10_000; i++) {
      const visible = makeVisible(JSON.parse(JSON.stringify(randomJson(random))) as string);
      if (FORBIDDEN.test(visible) || makeVisible(visible) !== visible) expect(visible).toBe('safe');
    }
  });
});

describe('truncateVisible', () => {
  test.each([
    ['short', 10, 'short'],
    ['exactly ten', 11, 'exactly ten'],
    ['exactly ten', 10, 'exactly t…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
    ['', 0, ''],
    ['ab\ncd', 9, 'ab\\u000a…'],
    ['ab\ncd', 8, 'ab…'],
    ['ab\ncd', 10, 'ab\\u000acd'],
    ['🎈🎈🎈🎈', 4, '🎈🎈🎈🎈'],
    ['🎈🎈🎈🎈', 3, '🎈🎈…'],
    ['👩‍👩‍👧', 3, '👩…'],
  ])('C3: %j cut to %i is %j', (text, most, cut) => {
    expect(truncateVisible(text, most)).toBe(cut);
  });

  test('C3: is never too long and never cuts a character or an escape', () => {
    const random = seededRandom(5_772);
    for (let i = 0; i < 5_000; i++) {
      const text = randomJson(random);
      const most = Math.floor(random() * 40);
      const cut = truncateVisible(text, most);
      const whole = makeVisible(text);
      const start = cut.endsWith('…') ? cut.slice(0, -1) : cut;
      if ([...cut].length > most || !whole.startsWith(start) || FORBIDDEN.test(cut)) expect(cut).toBe(whole);
      if ([...whole].length <= most && cut !== whole) expect(cut).toBe(whole);
    }
  });

  test('C3: reads only the start of a long text', () => {
    expect(truncateVisible('\u0085'.repeat(50_000_000), 20)).toBe('\\u0085\\u0085\\u0085…');
  });
});
