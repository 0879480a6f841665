// Any JSON at any width: no line is wider than the terminal, no character is split, and no control sequence has an
// effect.
import { describe, expect, test } from '@jest/globals';
import stringWidth from 'string-width';
import { createPrettyRenderer } from '../../../src/render/pretty/pretty.ts';
import type { Renderer } from '../../../src/render/renderer.ts';
import { makeVisible } from '../../../src/render/sanitize.ts';
import { createColorStyle } from '../../../src/render/style.ts';
import { countCases, pickSeed, timeForCases } from '../../helpers/cases.ts';
import { assertSafe, COLORS, LINKS, makeHostileEvent } from '../../helpers/hostile.ts';
import { readPlainString, TOKEN } from '../../helpers/plain-json.ts';
import { randomJson, seededRandom } from '../../helpers/random-json.ts';
import { makeShape, spellShape } from '../../helpers/spaced-json.ts';
import { makeBatch, POSITION, stripColor } from '../events.ts';

const EVENTS = 10_000;
const LEAST_COLUMNS = 20;
const MOST_COLUMNS = 200;
const graphemes = new Intl.Segmenter();
const split = (text: string): string[] => [...graphemes.segment(text)].map(({ segment }) => segment);

/** Characters that pretty output adds to a line. */
const OURS = new Set(split(' …→←↔»\n'));

/** The graphemes of all names and values of an event, as they are shown. */
function listGraphemes(event: string): Set<string> {
  const strings = [...event.matchAll(TOKEN)].map(([token]) =>
    token.startsWith('"') ? makeVisible(readPlainString(token)) : token,
  );
  // Deep values are shown as their JSON.
  return new Set([...strings, makeVisible(event)].flatMap(split));
}

function findTorn(event: string, shown: string): string | undefined {
  if (/\p{Cs}/u.test(shown)) return 'a lone surrogate';
  const known = listGraphemes(event);
  // A text may begin with a combining mark, which then follows one of these characters.
  const isKnown = (one: string): boolean =>
    /^[\n -~]$/.test(one) ||
    OURS.has(one) ||
    known.has(one) ||
    (/^[ ."[]/.test(one) && known.has(one.slice(1)));
  return split(shown).find((one) => !isKnown(one));
}

describe('row 137: pretty output of any event', () => {
  const seed = pickSeed(20_260_101);
  const random = seededRandom(seed);
  const makers = [randomJson, () => makeHostileEvent(), () => spellShape(random, makeShape(random))];
  const style = createColorStyle('auto');
  const create = (columns: number, options = {}): Renderer =>
    createPrettyRenderer({
      style,
      time: 'utc',
      isWide: false,
      hasLinks: true,
      ...options,
      columns: () => columns,
    });

  test(
    `${countCases(EVENTS)} events at ${LEAST_COLUMNS} to ${MOST_COLUMNS} columns`,
    () => {
      for (let i = countCases(EVENTS); i > 0; i--) {
        const columns = LEAST_COLUMNS + Math.floor(random() * (MOST_COLUMNS - LEAST_COLUMNS + 1));
        const event = (makers[i % makers.length] as typeof randomJson)(random);
        const isMarked = i % 5 === 0;
        const options = isMarked ? { highlight: () => [true] } : {};
        const shown = create(columns, options)
          .renderEvents(makeBatch([event]), 1, POSITION)
          .toString();
        assertSafe(shown, [COLORS, LINKS]);
        const plain = stripColor(shown);
        const wide = plain.split('\n').find((line) => stringWidth(line) > columns);
        const torn = findTorn(event, plain);
        if (wide === undefined && torn === undefined) continue;
        expect({ seed, columns, event, wide, torn }).toBe('whole characters on lines that fit');
      }
    },
    timeForCases(EVENTS),
  );

  test('with --wide too, no character is split', () => {
    for (let i = countCases(2_000); i > 0; i--) {
      const event = (makers[i % makers.length] as typeof randomJson)(random);
      const shown = create(80, { isWide: true })
        .renderEvents(makeBatch([event]), 1, POSITION)
        .toString();
      assertSafe(shown, [COLORS, LINKS]);
      const torn = findTorn(event, stripColor(shown));
      if (torn !== undefined) expect({ seed, event, torn }).toBe('whole characters');
    }
  });

  test.each([
    ['emoji of several parts', '👩‍🚀'.repeat(60)],
    ['combining marks', `e${'\u0301'.repeat(3)}`.repeat(60)],
    ['graphemes of 10,000 code points', `e${'\u0301'.repeat(10_000)}`],
    ['wide characters', '漢字'.repeat(60)],
    ['flags', '🇪🇺🇹🇼'.repeat(40)],
    ['escapes', '\u202e'.repeat(60)],
  ])('%s are cut between characters', (_name, text) => {
    const event = JSON.stringify({ type: text, chain: text, from: text, text });
    for (let columns = LEAST_COLUMNS; columns <= MOST_COLUMNS; columns++) {
      const shown = stripColor(
        create(columns)
          .renderEvents(makeBatch([event]), 1, POSITION)
          .toString(),
      );
      expect(findTorn(event, shown)).toBeUndefined();
      expect(shown).not.toMatch(/\\(u[0-9a-f]{0,3})?…/);
      for (const line of shown.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    }
  });
});

describe('row 137 (O11): links', () => {
  const page = (chain: string, member: string): string | undefined => {
    const event = `{"type":"t","chain":"${chain}",${member}}`;
    const renderer = createPrettyRenderer({
      style: createColorStyle('auto'),
      time: 'none',
      isWide: false,
      hasLinks: true,
      columns: () => 160,
    });
    const shown = renderer.renderEvents(makeBatch([event]), 1, POSITION).toString();
    return /\x1b\]8;;([^\x1b]+)\x1b\\/.exec(shown)?.[1];
  };
  const hex = (length: number): string => '0123456789abcdef'.repeat(8).slice(0, length);

  test.each([
    ['ethereum', `"tx_hash":"0x${hex(64)}"`, `https://etherscan.io/tx/0x${hex(64)}`],
    ['Base', `"from":"0x${hex(40)}"`, `https://basescan.org/address/0x${hex(40)}`],
    ['bitcoin', `"tx_hash":"${hex(64)}"`, `https://mempool.space/tx/${hex(64)}`],
    [
      'tron',
      '"to":"TP8Jpfp4a4oCcuGzWoJiSQwgX76zfcyRPp"',
      'https://tronscan.org/#/address/TP8Jpfp4a4oCcuGzWoJiSQwgX76zfcyRPp',
    ],
    ['solana', `"signature":"${'1A2b3C4d'.repeat(11)}"`, `https://solscan.io/tx/${'1A2b3C4d'.repeat(11)}`],
    ['solana', `"from":"${'1A2b3C4d'.repeat(5)}"`, `https://solscan.io/account/${'1A2b3C4d'.repeat(5)}`],
    [
      'bitcoin',
      `"to":"bc1q${'w508d6qe'.repeat(4)}"`,
      `https://mempool.space/address/bc1q${'w508d6qe'.repeat(4)}`,
    ],
    ['TRX', `"tx_hash":"${hex(64)}"`, `https://tronscan.org/#/transaction/${hex(64)}`],
    ...(
      [
        ['arbitrum', 'arbiscan.io'],
        ['avalanche', 'snowtrace.io'],
        ['bnb', 'bscscan.com'],
        ['bsc', 'bscscan.com'],
        ['eth', 'etherscan.io'],
        ['matic', 'polygonscan.com'],
        ['optimism', 'optimistic.etherscan.io'],
        ['polygon', 'polygonscan.com'],
      ] as const
    ).map(([chain, site]): [string, string, string] => [
      chain,
      `"tx_hash":"0x${hex(64)}"`,
      `https://${site}/tx/0x${hex(64)}`,
    ]),
  ])('are shown on %s for %s', (chain, member, url) => {
    expect(page(chain, member)).toBe(url);
  });

  test.each([
    ['an unknown chain', 'dogecoin', `"tx_hash":"0x${hex(64)}"`],
    ['a chain that is a name of JavaScript', '__proto__', `"tx_hash":"0x${hex(64)}"`],
    ['a hash of another length', 'ethereum', `"tx_hash":"0x${hex(63)}"`],
    ['a hash with a path', 'ethereum', `"tx_hash":"0x${hex(56)}/../../x"`],
    ['a URL', 'ethereum', '"tx_hash":"https://evil.example/"'],
    ['an address with a line break', 'ethereum', `"from":"0x${hex(40)}\\n"`],
    ['an escape sequence', 'ethereum', `"from":"0x${hex(40)}\\u001b\\\\"`],
  ])('are not shown for %s', (_name, chain, member) => {
    expect(page(chain, member)).toBeUndefined();
  });

  test('are shown on cards too', () => {
    const options = { style: createColorStyle('auto'), time: 'none', isWide: true, hasLinks: true } as const;
    const renderer = createPrettyRenderer({ ...options, columns: () => 80 });
    const event = `{"type":"t","chain":"ethereum","tx_hash":"0x${hex(64)}"}`;
    expect(renderer.renderEvents(makeBatch([event]), 1, POSITION).toString()).toContain(
      `\x1b]8;;https://etherscan.io/tx/0x${hex(64)}\x1b\\0x${hex(64)}\x1b]8;;\x1b\\`,
    );
  });
});

describe('--highlight and --bell', () => {
  const create = (hasBell: boolean, style = createColorStyle('terminal')): Renderer =>
    createPrettyRenderer({
      style,
      time: 'none',
      isWide: false,
      highlight: (batch, count) =>
        Array.from({ length: count }, (_unused, i) => i % 2 === 1 && batch.count > 1),
      hasBell,
      columns: () => 80,
    });
  const print = (renderer: Renderer, atMs: number): string[] =>
    renderer
      .renderEvents(
        makeBatch(['{"type":"a"}', '{"type":"b","tx_hash":"x"}', '{"type":"c"}', '{"type":"d"}'], atMs),
        4,
        POSITION,
      )
      .toString()
      .split('\n')
      .slice(0, -1);

  test('a highlighted event has a sign on the left, and all its lines are inverted', () => {
    const lines = print(create(false), 0).map((line) => stripColor(line));
    expect(lines.slice(2)).toEqual(['  a', '» b', expect.stringMatching(/^ +x$/), '  c', '» d']);
    const [, , , b, hash] = print(create(false), 0);
    for (const line of [b, hash]) expect(line).toMatch(/^\x1b\[7m.*\x1b\[27m$/);
  });

  test('the bell rings once a second at most', () => {
    const renderer = create(true);
    const rings = [0, 100, 999, 1_000, 1_500, 2_001].map(
      (atMs) => print(renderer, atMs).join('\n').split('\x07').length - 1,
    );
    expect(rings).toEqual([1, 0, 0, 1, 0, 1]);
  });
});
