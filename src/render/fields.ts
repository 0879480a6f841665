// `--fields`: some values of each event, as tab-separated values in a pipe and as aligned columns on a terminal. Loaded
// on demand.
//
// Numbers are printed as sent and never cut. Strings are decoded, with `\t`, `\n`, `\r` and `\\` escaped and other
// invisible characters as `\uXXXX`. Arrays and objects are their own JSON. A missing value is empty.
import { type Batch, textsOf } from '../events/batch.ts';
import { isContainerByte } from '../events/match-value.ts';
import { decodeString } from '../events/message-text.ts';
import type { PathStep } from '../events/path.ts';
import { readSource } from '../events/seek.ts';
import { prepareSteps, type SeekStep, visitValues } from '../events/seek-path.ts';
import { escapeCommands } from './ci-commands.ts';
import type { Cell } from './columns.ts';
import type { Style } from './paint.ts';
import { isNumberText } from './pretty/numbers.ts';
import type { Renderer } from './renderer.ts';
import { joinRawLines, makeVisible } from './sanitize.ts';
import type { Signs } from './signs.ts';

export interface FieldsOptions {
  readonly fields: readonly { readonly text: string; readonly steps: readonly PathStep[] }[];
  /** Columns instead of tabs. */
  readonly isTty: boolean;
  readonly style: Style;
  readonly signs?: Signs;
  /** Nothing is cut to the terminal's width. */
  readonly isWide: boolean;
  columns(): number | undefined;
}

/** Values that are joined at once: an array can have millions of items. */
const MAX_PARTS = 1_000;
const TO_ESCAPE = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

export async function createFieldsRenderer(options: FieldsOptions): Promise<Renderer> {
  const paths = options.fields.map(({ steps }) => prepareSteps(steps));
  const readRows = (batch: Batch, count: number): Cell[][] =>
    textsOf(batch)
      .slice(0, count)
      .map((text) => paths.map((steps) => readCell(text, steps)));
  if (!options.isTty) {
    return {
      renderEvents: (batch, count) =>
        escapeCommands(
          readRows(batch, count)
            .map((row) => `${row.map(({ text }) => text).join('\t')}\n`)
            .join(''),
        ),
    };
  }
  // Loaded on demand: a pipe does not need string-width, which takes 30 ms to load.
  const { createColumns } = await import('./columns.ts');
  const columns = createColumns({
    names: options.fields.map(({ text }) => escapeText(text)),
    header: options.style.header,
    signs: options.signs,
    width: () => (options.isWide ? undefined : options.columns()),
  });
  return { renderEvents: (batch, count) => escapeCommands(columns.render(readRows(batch, count))) };
}

/** The values at a path; `[*]` leads to several, which are joined with commas. */
function readCell(event: Buffer, steps: readonly SeekStep[]): Cell {
  let text = '';
  let parts: string[] = [];
  let isComposite = false;
  visitValues(event, steps, (view, start, end) => {
    const isContainer = isContainerByte(view.getUint8(start));
    isComposite ||= isContainer || parts.length > 0;
    if (parts.length === MAX_PARTS) {
      text += `${parts.join(',')},`;
      parts = [];
    }
    parts.push(showSourceText(readSource(view, start, end), isContainer));
    return false;
  });
  text += parts.join(',');
  return { text, mayBeCut: !isNumberText(text), isComposite };
}

function showSourceText(source: string, isContainer: boolean): string {
  if (isContainer) return makeVisible(joinRawLines(source));
  return source.startsWith('"') ? escapeText(decodeString(source)) : source;
}

function escapeText(text: string): string {
  return makeVisible(text.replace(TO_ESCAPE, (character) => ESCAPES[character] ?? character));
}
