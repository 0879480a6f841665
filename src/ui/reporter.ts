// What the command says on stderr, as text for people or one JSON object a line for programs (contract G5).
//
// Every line passes the redactor and is made visible; nothing here can end the run.
import type { Io } from '../io/io.ts';
import { fitCaret } from '../render/fit-caret.ts';
import { type LogStyle, PLAIN_LOG_STYLE } from '../render/paint.ts';
import { makeVisible } from '../render/sanitize.ts';
import { wrapWords } from '../render/wrap-words.ts';
import { NO_STATUS_LINE, type StatusLine } from './status-line.ts';

export const STATUS_EVENTS = [
  'connecting',
  'connected',
  'lost',
  'retrying',
  'gap',
  'discarded',
  'paused',
  'resumed',
  'sink',
  'spooling',
  'caught-up',
  'dead-letter',
  'recording',
  'summary',
  'error',
  'warning',
  'setting',
  'profile',
] as const;
type StatusEvent = (typeof STATUS_EVENTS)[number];
type StatusLevel = 'debug' | 'info' | 'warn' | 'error';

/** One thing to say. Texts may hold foreign words; they are made safe when printed. */
export interface StatusRecord {
  readonly event: StatusEvent;
  readonly level: StatusLevel;
  /** One line for people. */
  readonly message: string;
  /** The same as a few lines for a terminal; the first one stands behind the name of the command. */
  readonly block?: readonly string[];
  /** What the user can do; a second line, or a few. */
  readonly hint?: string | undefined;
  /** Figures for programs; names in snake_case with their unit, as `delay_ms`. */
  readonly figures?: Readonly<Record<string, unknown>>;
}

export interface ReporterOptions {
  readonly format: 'text' | 'json';
  /** Only errors. */
  readonly isQuiet: boolean;
  /** Also what only matters when looking for a fault. */
  readonly isVerbose: boolean;
  readonly useColor: boolean;
}

export interface Reporter {
  report(record: StatusRecord): void;
}

/** Spaces before each line of a hint. */
const HINT_INDENT = 2;

/** The colours of stderr, or none. */
export async function loadLogStyle({ useColor }: Pick<ReporterOptions, 'useColor'>): Promise<LogStyle> {
  if (!useColor) return PLAIN_LOG_STYLE;
  const { createColorLogStyle } = await import('../render/style.ts');
  return createColorLogStyle();
}

/** A reporter that takes the status line away before it writes. */
export function createReporter(
  io: Io,
  options: ReporterOptions,
  style: LogStyle = PLAIN_LOG_STYLE,
  statusLine: Pick<StatusLine, 'clear'> = NO_STATUS_LINE,
): Reporter {
  const isShown = ({ level }: StatusRecord): boolean =>
    level === 'error' || (level === 'debug' ? options.isVerbose : !options.isQuiet);
  let lastHint: string | undefined;
  /** One line for programs and files; on a terminal broken between words. */
  const write = (line: string, paint: (safe: string) => string): void => {
    const columns = io.stderr.columns();
    const text = io.toDisplay(line);
    const lines = columns === undefined ? [text] : wrapWords(text, columns);
    for (const one of lines) io.writeErr(one, paint);
  };
  /** Cut only where nothing is left to take out: half a secret would not be known. */
  const fitHint = (hint: string): string[] => {
    const columns = io.stderr.columns();
    const lines = hint.split('\n').map((line) => makeVisible(io.redactor.redact(line)));
    const room = columns === undefined ? Number.POSITIVE_INFINITY : columns - HINT_INDENT;
    return fitCaret(lines, room, io.signs);
  };
  return {
    report(record) {
      if (!isShown(record)) return;
      statusLine.clear();
      if (options.format === 'json') {
        io.writeErr(toJson(record, io.clock.wallMs()));
        return;
      }
      const { open, close } = style[record.level];
      const paint = (safe: string): string => open + safe + close;
      const label = record.level === 'error' ? 'error: ' : record.level === 'warn' ? 'warning: ' : '';
      const [message = '', ...lines] = (io.stderr.isTty && record.block) || [record.message];
      write(`atlantis: ${label}${message}`, paint);
      for (const line of lines) write(`  ${line}`, paint);
      // The same advice again and again is noise, but for the last word.
      if (record.hint !== undefined && (record.hint !== lastHint || record.level === 'error')) {
        for (const line of fitHint(record.hint)) write(`  ${line}`, paint);
      }
      lastHint = record.hint ?? lastHint;
    },
  };
}

function toJson(record: StatusRecord, wallMs: number): string {
  return JSON.stringify({
    ts: new Date(wallMs).toISOString(),
    level: record.level,
    event: record.event,
    message: record.message,
    ...(record.hint === undefined ? {} : { hint: record.hint }),
    ...record.figures,
  });
}
