// Pretty output shows the values of an event and nothing else, whatever its shape and its white space.
import { describe, expect, test } from '@jest/globals';
import { PLAIN_STYLE } from '../../../src/render/paint.ts';
import { createPrettyRenderer } from '../../../src/render/pretty/pretty.ts';
import type { Renderer } from '../../../src/render/renderer.ts';
import { createColorStyle } from '../../../src/render/style.ts';
import { countCases, pickSeed, timeForCases } from '../../helpers/cases.ts';
import { seededRandom } from '../../helpers/random-json.ts';
import { makeShape, spellShape } from '../../helpers/spaced-json.ts';
import { makeBatch, POSITION, stripColor } from '../events.ts';
import { findFault } from '../shown-values.ts';

const EVENTS = 10_000;
/** Several of each shape, since plans are cached by layout. */
const EVENTS_A_SHAPE = 8;

const PATHS = [
  { columns: 80, isWide: false },
  { columns: 120, isWide: false },
  { columns: 120, isWide: true },
  { columns: undefined, isWide: false },
];

const create = (columns: number | undefined, isWide: boolean, style = PLAIN_STYLE): Renderer =>
  createPrettyRenderer({ style, time: 'none', isWide, columns: () => columns });

const show = (renderer: Renderer, event: string): string =>
  stripColor(renderer.renderEvents(makeBatch([event]), 1, POSITION).toString());

const findBreak = (lines: string): string | undefined =>
  lines.indexOf('\n') === lines.length - 1 ? undefined : 'it is not one line';

describe('row 58: pretty output shows the values of the event, whatever its white space', () => {
  test(
    `${countCases(EVENTS)} random events on terminals, with --wide and into a pipe`,
    () => {
      const seed = pickSeed(271_828);
      const random = seededRandom(seed);
      const paths = PATHS.map(({ columns, isWide }) => ({
        renderer: create(columns, isWide, createColorStyle()),
        options: { isWide, mayLeaveOut: columns !== undefined && !isWide },
        isOneLine: columns === undefined,
      }));
      for (let left = countCases(EVENTS); left > 0; ) {
        const shape = makeShape(random);
        for (let i = 0; i < EVENTS_A_SHAPE && left > 0; i++, left--) {
          const event = spellShape(random, shape);
          for (const [at, { renderer, options, isOneLine }] of paths.entries()) {
            const lines = show(renderer, event);
            const fault = findFault(event, lines, options) ?? (isOneLine ? findBreak(lines) : undefined);
            if (fault === undefined) continue;
            const where = JSON.stringify(PATHS[at]);
            throw new Error(`ATLANTIS_SEED=${seed}, ${where}: ${JSON.stringify(event)}: ${fault}`);
          }
        }
      }
    },
    timeForCases(EVENTS),
  );

  test.each([
    ['{"a":1.5}', '{"a":  1.5}', 'a 1.5\n'],
    ['{"a":1.5,"b":2}', '{"a":\r\n1.5,"b":\n2}', 'a 1.5  b 2\n'],
    ['{"a":  1.5}', '{"a":1.5}', 'a 1.5\n'],
    ['{"price":100.25}', '{"price":    5.25}', 'price 5.25\n'],
    ['{"amount_usd":1.25}', '{"amount_usd":  2000.25}', /^ *\$2,000\.25( {2}amount_usd 2000\.25)?\n$/],
    ['{"a":true,"b":null}', '{"a": false,"b":\tnull}', 'a false  b null\n'],
    ['{"a":"x"}', '{"a": "y"}', 'a y\n'],
    ['{"a":{"b":1}}', '{"a": { "b":  2 } }', 'a.b 2\n'],
    ['{"a":[1]}', '{"a":\n[ 2 ]}', 'a [2]\n'],
  ])('after %j comes %j', (first, second, shown) => {
    for (const { columns, isWide } of PATHS) {
      const renderer = create(columns, isWide);
      show(renderer, first);
      show(renderer, first);
      expect(show(renderer, second)).toEqual(
        typeof shown === 'string' ? shown : expect.stringMatching(shown),
      );
    }
  });
});
