// `--fields`: only some values of each event. Into a pipe as one line of tab-separated values, on a terminal as
// aligned columns under a header. A bundle of its own.
//
// Figures are printed as sent and never cut. Strings are decoded, with `\t`, `\n`, `\r` and `\\` for what they
// stand for and `\uXXXX` for whatever else cannot be seen; arrays and objects are their own JSON text; what is
// not there is empty.
import { type Batch, flagsOf, textsOf } from '../events/batch.ts';
import { findPlaces, type JsonPlace, readString } from '../events/json-level.ts';
import { decodeText } from '../events/messages.ts';
import type { Step } from '../events/path.ts';
import { escapeCommands } from './ci-commands.ts';
import type { Cell } from './columns.ts';
import type { Style } from './paint.ts';
import { isFigure } from './pretty/figures.ts';
import type { Renderer } from './renderer.ts';
import { makeVisible } from './sanitize.ts';
import type { Signs } from './signs.ts';

export interface FieldsOptions {
  readonly fields: readonly { readonly text: string; readonly steps: readonly Step[] }[];
  /** Columns instead of tabs. */
  readonly isTty: boolean;
  readonly style: Style;
  /** Default: those of a terminal with Unicode. */
  readonly signs?: Signs;
  /** Nothing is cut to the terminal's width. */
  readonly isWide: boolean;
  columns(): number | undefined;
}

const QUOTE = 0x22;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
/** White space between the tokens of a value that is printed as JSON. */
const RAW_SPACE = /[\t\r\n]+/g;
const TO_ESCAPE = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A renderer of batches, a line an event. */
export async function createFieldsRenderer(options: FieldsOptions): Promise<Renderer> {
  const { fields } = options;
  const readRows = (batch: Batch, count: number): Cell[][] =>
    textsOf(batch)
      .slice(0, count)
      .map((bytes, i) => {
        const text = decodeText(bytes, flagsOf(batch, i));
        return fields.map(({ steps }) => readCell(text, findPlaces(text, steps)));
      });
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
  // A bundle of its own: to measure text takes 30 ms of loading, which a pipe has no use for.
  const { createColumns } = await import('./columns.ts');
  const columns = createColumns({
    names: fields.map(({ text }) => escapeText(text)),
    header: options.style.header,
    signs: options.signs,
    width: () => (options.isWide ? undefined : options.columns()),
  });
  return { renderEvents: (batch, count) => escapeCommands(columns.render(readRows(batch, count))) };
}

/** Of several values, through `[*]`, one behind the other with commas. */
function readCell(text: string, places: readonly JsonPlace[]): Cell {
  const shown = places.map((place) => showValue(text, place)).join(',');
  const [first] = places;
  const isComposite = places.length > 1 || (first !== undefined && isContainer(text.charCodeAt(first.start)));
  return { text: shown, mayBeCut: !isFigure(shown), isComposite };
}

function showValue(text: string, { start, end }: JsonPlace): string {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return escapeText(readString(text, start, end));
  const source = text.slice(start, end);
  return isContainer(code) ? makeVisible(source.replace(RAW_SPACE, ' ')) : source;
}

function isContainer(code: number): boolean {
  return code === OPEN_ARRAY || code === OPEN_OBJECT;
}

function escapeText(text: string): string {
  return makeVisible(text.replace(TO_ESCAPE, (character) => ESCAPES[character] ?? character));
}
