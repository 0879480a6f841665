// Hostile strings in every output: only printable characters, line ends and our own escape sequences are written
// (contract O2).
import { describe, expect, test } from '@jest/globals';
import { parseFieldList } from '../../src/filter/field-list.ts';
import { createEnvelopeRenderer } from '../../src/render/envelope.ts';
import { createFieldsRenderer } from '../../src/render/fields.ts';
import { NDJSON_RENDERER } from '../../src/render/ndjson.ts';
import { PLAIN_LOG_STYLE } from '../../src/render/paint.ts';
import { createPrettyRenderer } from '../../src/render/pretty/pretty.ts';
import type { Renderer } from '../../src/render/renderer.ts';
import { createColorLogStyle, createColorStyle } from '../../src/render/style.ts';
import * as say from '../../src/ui/messages.ts';
import { createReporter } from '../../src/ui/reporter.ts';
import { LineProgress } from '../../src/ui/stream-progress.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createFakeIo } from '../helpers/fake-io.ts';
import {
  assertSafe,
  assertSafeLines,
  COLORS,
  LINKS,
  makeHostile,
  makeHostileEvent,
} from '../helpers/hostile.ts';
import { makeBatch, POSITION } from './events.ts';

/** Events for each kind of output; each has about ten hostile strings. */
const EVENTS_A_PATH = 500;

describe('O2: hostile strings', () => {
  const style = createColorStyle('auto');
  const pretty = (columns: number | undefined, isWide = false): Renderer =>
    createPrettyRenderer({ style, time: 'utc', isWide, hasLinks: true, columns: () => columns });
  const fields = async (columns: number | undefined): Promise<Renderer> =>
    createFieldsRenderer({
      fields: await parseFieldList('type,from.label,list[*],text'),
      style,
      form: columns === undefined ? 'tabs' : 'columns',
      hasHeader: false,
      isWide: false,
      columns: () => columns,
    });

  const csv = async (): Promise<Renderer> => {
    const list = await parseFieldList('type,from.label,list[*],text');
    return createFieldsRenderer({
      fields: list,
      style,
      form: 'csv',
      hasHeader: true,
      isWide: false,
      columns: () => undefined,
    });
  };

  test.each<[string, Renderer | Promise<Renderer>, boolean]>([
    ['pretty at 40 columns', pretty(40), true],
    ['pretty at 120 columns', pretty(120), true],
    ['pretty --wide', pretty(80, true), true],
    ['pretty into a file', pretty(undefined), true],
    ['CSV', csv(), false],
    ['columns on a terminal', fields(80), true],
    ['fields into a pipe', fields(undefined), false],
  ])('are safe in events, as %s', async (name, made, hasColor) => {
    const renderer = await made;
    for (let i = 0; i < EVENTS_A_PATH; i++) {
      const event = makeHostileEvent();
      const shown = renderer.renderEvents(makeBatch([event]), 1, POSITION).toString();
      // Tabs separate fields, and CR LF ends lines of CSV.
      assertSafe(
        name === 'fields into a pipe' ? shown.replaceAll('\t', '') : shown.replaceAll('\r\n', '\n'),
        hasColor ? [COLORS, LINKS] : [],
      );
    }
  });

  test.each([
    ['NDJSON', NDJSON_RENDERER],
    ['envelopes', createEnvelopeRenderer()],
  ])('are one line without control characters in events, as %s', (_name, renderer) => {
    for (let i = 0; i < EVENTS_A_PATH; i++) {
      const event = makeHostileEvent();
      const line = renderer.renderEvents(makeBatch([event]), 1, POSITION).toString();
      assertSafeLines(line);
      if (line.indexOf('\n') !== line.length - 1) expect(line).toBe('one line');
    }
  });

  test.each(['text', 'json'] as const)('are safe in untrusted text on stderr, as %s', (format) => {
    const io = createFakeIo();
    const options = { format, isQuiet: false, isVerbose: true, useColor: true };
    const reporter = createReporter(io, options, format === 'text' ? createColorLogStyle() : PLAIN_LOG_STYLE);
    for (let i = 0; i < 700; i++) {
      const host = makeHostile();
      const cause = {
        kind: 'closed-by-policy',
        host,
        detail: makeHostile(),
        requestId: makeHostile(),
      } as const;
      reporter.report(
        say.sayConnected({
          kind: 'connected',
          connection: 1,
          host,
          keyPrefix: makeHostile(),
          expectedKeyPrefix: makeHostile(),
          requestId: makeHostile(),
          atMs: 0,
        }),
      );
      reporter.report(say.sayLost({ kind: 'lost', cause, lastByteAtMs: 0, upMs: 0 }, 0));
      reporter.report({ event: 'error', level: 'error', message: makeHostile(), hint: makeHostile() });
    }
    for (const line of io.errLines) assertSafe(line, [COLORS]);
    expect(io.errLines.length).toBeGreaterThanOrEqual(2_100);
  });

  test('are safe as a host in the status line', () => {
    const shown: string[] = [];
    const line = { columns: 60, show: (text: string) => void shown.push(text), clear() {} };
    const status = new LineProgress(line, createFakeClock(), { style: createColorLogStyle() });
    for (let i = 0; i < 700; i++) status.connecting(makeHostile());
    for (const text of shown) assertSafe(`${text}\n`, [COLORS]);
    expect(shown).toHaveLength(700);
  });
});
