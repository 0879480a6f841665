// `--fields`: some values of each event, as tab-separated values in a pipe, as CSV, and as aligned columns on a
// terminal. Loaded on demand.
//
// Numbers are printed as sent and never cut. Strings are decoded. CSV keeps line breaks; elsewhere `\t`, `\n`, `\r` and
// `\\` are escaped. Other invisible characters become `\uXXXX`. Arrays and objects are printed as JSON. A missing value
// is empty.
import { type Batch, textsOf } from '../events/batch.ts';
import { isContainerByte } from '../events/match-value.ts';
import { decodeString } from '../events/message-text.ts';
import type { PathStep } from '../events/path.ts';
import { readSource } from '../events/seek.ts';
import { prepareSteps, type SeekStep, visitValues } from '../events/seek-path.ts';
import { escapeCommands } from './ci-commands.ts';
import type { FieldCell } from './columns.ts';
import type { Style } from './paint.ts';
import { isNumberText } from './pretty/numbers.ts';
import type { Renderer } from './renderer.ts';
import { joinRawLines, makeVisible } from './sanitize.ts';
import type { Signs } from './signs.ts';

interface FieldsOptions {
  readonly fields: readonly { readonly text: string; readonly steps: readonly PathStep[] }[];
  readonly form: 'columns' | 'tabs' | 'csv';
  /** A first line with the names; columns always have it. */
  readonly hasHeader: boolean;
  readonly style: Style;
  readonly signs?: Signs;
  /** Nothing is cut to the terminal's width. */
  readonly isWide: boolean;
  columns(): number | undefined;
}

/** Values that are joined at once, because an array can have millions of items. */
const MAX_PARTS = 1_000;
const TO_ESCAPE = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

export async function createFieldsRenderer(options: FieldsOptions): Promise<Renderer> {
  const { form, hasHeader, style, signs } = options;
  const showText = form === 'csv' ? showLines : escapeText;
  const paths = options.fields.map(({ steps }) => prepareSteps(steps));
  const names = options.fields.map(({ text }) => showText(text));
  const readRows = (batch: Batch, count: number): FieldCell[][] =>
    textsOf(batch)
      .slice(0, count)
      .map((text) => paths.map((steps) => readCell(text, steps, showText)));
  if (form !== 'columns') {
    const join = form === 'csv' ? joinCsv : joinTabs;
    let header = hasHeader ? join(names.map((text) => ({ text, isNumber: false }))) : '';
    return {
      renderEvents(batch, count) {
        const lines = header + readRows(batch, count).map(join).join('');
        header = '';
        return escapeCommands(lines);
      },
    };
  }
  // A pipe does not need string-width, which takes 30 ms to load.
  const { createColumns } = await import('./columns.ts');
  const width = (): number | undefined => (options.isWide ? undefined : options.columns());
  const fields = options.fields.map(({ steps }, i) => ({ title: names[i] ?? '', name: nameOf(steps) }));
  const columns = createColumns({ fields, header: style.header, signs, width });
  return { renderEvents: (batch, count) => escapeCommands(columns.render(readRows(batch, count))) };
}

/** The last name on a path: `address` of `from.address`. */
function nameOf(steps: readonly PathStep[]): string {
  const last = steps.findLast(({ kind }) => kind === 'member');
  return last?.kind === 'member' ? last.name : '';
}

/** Joins the values with commas if `[*]` leads to several. */
function readCell(event: Buffer, steps: readonly SeekStep[], showText: (text: string) => string): FieldCell {
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
    const source = readSource(view, start, end);
    if (isContainer) parts.push(makeVisible(joinRawLines(source)));
    else parts.push(source.startsWith('"') ? showText(decodeString(source)) : source);
    return false;
  });
  text += parts.join(',');
  return { text, isNumber: isNumberText(text), isComposite };
}

function escapeText(text: string): string {
  return makeVisible(text.replace(TO_ESCAPE, (character) => ESCAPES[character] ?? character));
}

function joinTabs(row: readonly FieldCell[]): string {
  return `${row.map(({ text }) => text).join('\t')}\n`;
}

/** CSV can have line breaks in a value. */
function showLines(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map(makeVisible)
    .join('\n');
}

/** RFC 4180 § 2: lines end in CR LF, and these characters need quotes. */
const TO_QUOTE = /[",\n]/;
/** Spreadsheets evaluate a text that begins with one of these as a formula; the last four are the fullwidth forms. */
const FORMULA = /^[=+\-@\uff1d\uff0b\uff0d\uff20]/;

function joinCsv(row: readonly FieldCell[]): string {
  const values = row.map(({ text, isNumber }) => {
    const safe = !isNumber && FORMULA.test(text) ? `'${text}` : text;
    return TO_QUOTE.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  });
  return `${values.join(',')}\r\n`;
}
