// Every search in an event finds the same values, whatever the white space between tokens.
import { describe, expect, test } from '@jest/globals';
import { createExpectationCounter } from '../../src/commands/check/expectations.ts';
import { createTypeReader } from '../../src/events/event-type.ts';
import type { PathStep } from '../../src/events/path.ts';
import { createScalarReader, createSourceReader } from '../../src/events/seek-path.ts';
import { parseFieldList } from '../../src/filter/field-list.ts';
import { createFilter } from '../../src/filter/filter.ts';
import { createFieldsRenderer } from '../../src/render/fields.ts';
import { PLAIN_STYLE } from '../../src/render/paint.ts';
import { makeVisible } from '../../src/render/sanitize.ts';
import { EventBatch, type StreamItem } from '../../src/stream/items.ts';
import { escapeGlob } from '../filter/filter-by-tree.ts';
import { makeBatch } from '../helpers/batches.ts';
import { countCases, pickSeed, timeForCases } from '../helpers/cases.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import {
  findPlain,
  isContainer,
  type PlainValue,
  readPlainJson,
  readPlainString,
} from '../helpers/plain-json.ts';
import { type Random, seededRandom } from '../helpers/random-json.ts';
import { makeShape, spellShape } from '../helpers/spaced-json.ts';

const EVENTS = 4_000;
const EVENTS_A_SHAPE = 8;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n' };

const CONNECTED: StreamItem = {
  kind: 'connected',
  connection: 1,
  host: 'api.atlantis.example',
  keyPrefix: 'ak_live_00112233',
  expectedKeyPrefix: 'ak_live_00112233',
  requestId: 'r',
  atMs: 0,
};

type Path = readonly (string | number)[];

describe('row 58: values are found whatever the white space', () => {
  test(
    'by --fields, --where and --type, as type and id of a message, and by check',
    async () => {
      const seed = pickSeed(141_421);
      const random = seededRandom(seed);
      for (let left = countCases(EVENTS); left > 0; left -= EVENTS_A_SHAPE) {
        const shape = makeShape(random);
        const events = Array.from({ length: EVENTS_A_SHAPE }, () => spellShape(random, shape));
        const roots = events.map((event) => readPlainJson(event.replace('\ufeff', '')));
        const path = pickPath(random, roots[0] as PlainValue);
        const field = path.map((step) => `[${JSON.stringify(step)}]`).join('');
        const found = { fields: await showFields(events, field), events: [] as unknown[] };
        const expected = {
          fields: roots.map((root) => showField(findAt(root, path))),
          events: [] as unknown[],
        };
        for (const [i, root] of roots.entries()) {
          const event = events[i] ?? '';
          const value = findAt(root, path);
          const type = findType(root);
          found.events.push({
            where: await compare(event, field, value),
            isTyped: await hasType(event, type ?? '*'),
            ...readLabels(event, path),
          });
          expected.events.push({
            where: expectComparison(value),
            isTyped: type !== undefined,
            ...expectLabels(type, value),
          });
        }
        expect({ seed, texts: events, field, ...found }).toEqual({ seed, texts: events, field, ...expected });
      }
    },
    timeForCases(EVENTS),
  );
});

/** A path to something in the event, most often to a scalar. */
function pickPath(random: Random, root: PlainValue): Path {
  const path: (string | number)[] = [];
  let value = root;
  while (value.entries.length > 0 && (path.length === 0 || random() < 0.95)) {
    const index = Math.floor(random() * value.entries.length);
    const step = value.token === '[' ? index : (value.entries[index]?.[0] ?? '');
    path.push(step);
    value = findPlain(value, step) ?? value;
  }
  return path.length === 0 ? ['a'] : path;
}

function findAt(root: PlainValue, path: Path): PlainValue | undefined {
  let value: PlainValue | undefined = root;
  for (const step of path) value = value === undefined ? undefined : findPlain(value, step);
  return value;
}

const isText = ({ token }: PlainValue): boolean => token.startsWith('"');

async function showFields(events: readonly string[], field: string): Promise<string[]> {
  const renderer = await createFieldsRenderer({
    fields: await parseFieldList(field),
    style: PLAIN_STYLE,
    form: 'tabs',
    hasHeader: false,
    isWide: false,
    columns: () => undefined,
  });
  const lines = renderer.renderEvents(makeBatch(events, 0), events.length, { connection: 1, firstSeq: 1 });
  return lines.toString().split('\n').slice(0, -1);
}

function showField(value: PlainValue | undefined): string {
  if (value === undefined) return '';
  if (isContainer(value)) return makeVisible(value.source.replace(/[\t\r\n]+/g, ' '));
  if (!isText(value)) return value.token;
  return makeVisible(readPlainString(value.token).replace(/[\\\n]/g, (one) => ESCAPES[one] ?? one));
}

const OPERATORS = ['=', '!=', '>=', '>'] as const;

/** The comparisons of the value with itself that match; arrays and objects match none. */
async function compare(event: string, field: string, value: PlainValue | undefined): Promise<string[]> {
  if (value === undefined || isContainer(value)) return [];
  const passed: string[] = [];
  const literal = isText(value) ? JSON.stringify(readPlainString(value.token)) : value.token;
  for (const operator of OPERATORS.slice(0, /^[tfn]/.test(literal) ? 2 : 4)) {
    const filter = await createFilter({ types: [], where: [`${field} ${operator} ${literal}`] });
    if (filter(makeBatch([event], 0)).count > 0) passed.push(operator);
  }
  return passed;
}

function expectComparison(value: PlainValue | undefined): string[] {
  if (value === undefined || isContainer(value)) return [];
  return /^[tfn]/.test(value.token) ? ['='] : ['=', '>='];
}

async function hasType(event: string, type: string): Promise<boolean> {
  const filter = await createFilter({ types: [type === '*' ? type : escapeGlob(type)], where: [] });
  return filter(makeBatch([event], 0)).count > 0;
}

/** The type of an event (contract O8). */
function findType(root: PlainValue): string | undefined {
  const fields = ['type', 'event_type', 'event'].map((name) => findPlain(root, name));
  const token = fields.find((field) => field !== undefined && isText(field))?.token;
  return token === undefined ? undefined : readPlainString(token);
}

/** The values that message headers, subjects and `check` read. */
function readLabels(event: string, path: Path) {
  const steps = path.map(
    (step): PathStep =>
      typeof step === 'number' ? { kind: 'item', index: step } : { kind: 'member', name: step },
  );
  const bytes = Buffer.from(event);
  const expected = { expectations: [], min: 1, withinMs: 1, maxLagMs: undefined, lagPaths: [] };
  const counter = createExpectationCounter(expected, createFakeClock());
  counter.take(CONNECTED);
  const batch = makeBatch([event], 0);
  counter.take({ kind: 'events', batch: new EventBatch(batch, batch, 1, 1) });
  return {
    type: createTypeReader()(bytes),
    id: createScalarReader(steps)(bytes),
    checked: counter.types[0]?.type,
    raw: createSourceReader(steps)(bytes),
  };
}

function expectLabels(type: string | undefined, value: PlainValue | undefined) {
  const isScalar = value !== undefined && !isContainer(value);
  const id = isScalar && isText(value) ? value.token.slice(1, -1) : value?.token;
  return {
    type,
    id: isScalar && id !== '' && !/^[tfn]/.test(value.token) ? id : undefined,
    checked: type?.slice(0, 64) || '(no type)',
    raw: isScalar ? value.token : undefined,
  };
}
