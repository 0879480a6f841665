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
import { findFault, type ShownForm } from '../shown-values.ts';

const EVENTS = 10_000;
/** Several of each shape, since plans are cached by layout. */
const EVENTS_A_SHAPE = 8;

const PATHS: readonly { columns: number | undefined; form: ShownForm }[] = [
  { columns: 20, form: 'grid' },
  { columns: 40, form: 'grid' },
  { columns: 80, form: 'grid' },
  { columns: 120, form: 'grid' },
  { columns: 200, form: 'grid' },
  { columns: 120, form: 'card' },
  { columns: undefined, form: 'line' },
];

/** Creates a renderer that has already printed the header. */
function create({ columns, form }: (typeof PATHS)[number], style = PLAIN_STYLE): Renderer {
  const isWide = form === 'card';
  const renderer = createPrettyRenderer({ style, time: 'none', isWide, columns: () => columns });
  renderer.renderEvents(makeBatch([]), 0, POSITION);
  return renderer;
}

const show = (renderer: Renderer, event: string): string =>
  stripColor(renderer.renderEvents(makeBatch([event]), 1, POSITION).toString());

const findBreak = (lines: string): string | undefined =>
  lines.indexOf('\n') === lines.length - 1 ? undefined : 'it is not one line';

describe('row 58: pretty output shows the values of the event, exact or visibly cut, whatever its white space', () => {
  test(
    `${countCases(EVENTS)} random events on terminals, as cards and into a pipe`,
    () => {
      const seed = pickSeed(271_828);
      const random = seededRandom(seed);
      const renderers = PATHS.map((path) => create(path, createColorStyle('auto')));
      for (let left = countCases(EVENTS); left > 0; ) {
        const shape = makeShape(random);
        for (let i = 0; i < EVENTS_A_SHAPE && left > 0; i++, left--) {
          const event = spellShape(random, shape);
          for (const [at, renderer] of renderers.entries()) {
            const { form } = PATHS[at] as (typeof PATHS)[number];
            const lines = show(renderer, event);
            const fault = findFault(event, lines, form) ?? (form === 'line' ? findBreak(lines) : undefined);
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
    ['{"a":1.5}', '{"a":  1.5}', /^a 1\.5$/],
    ['{"a":1.5,"b":2}', '{"a":\r\n1.5,"b":\n2}', /^a 1\.5 b 2$/],
    ['{"a":  1.5}', '{"a":1.5}', /^a 1\.5$/],
    ['{"price":100.25}', '{"price":    5.25}', /^price 5\.25$/],
    ['{"amount_usd":1.25}', '{"amount_usd":  2000.25}', /^(\$2,000\.25|amount_usd 2000\.25)$/],
    ['{"a":true,"b":null}', '{"a": false,"b":\tnull}', /^a false( b null)?$/],
    ['{"a":"x"}', '{"a": "y"}', /^a y$/],
    ['{"a":{"b":1}}', '{"a": { "b":  2 } }', /^a\.b 2$/],
    ['{"a":[1]}', '{"a":\n[ 2 ]}', /^a \[2\]$/],
  ])('after the event %j, the event %j is shown with its own values', (first, second, shown) => {
    for (const path of PATHS) {
      const renderer = create(path);
      show(renderer, first);
      show(renderer, first);
      expect(show(renderer, second).trim().replace(/\s+/g, ' ')).toMatch(shown);
    }
  });
});
