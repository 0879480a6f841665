// Reports on stderr, as text for people or as one JSON object per line for programs (contract G5). Every line is
// redacted, and its control characters are made visible; a failing stderr never ends the run.
import type { Io } from '../io/io.ts';
import { fitCaret, wrapWords } from '../render/fit-lines.ts';
import { type LogStyle, PLAIN_LOG_STYLE } from '../render/paint.ts';
import { formatTime } from './format.ts';

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
  'signal',
  'summary',
  'error',
  'warning',
  'setting',
  'profile',
] as const;
type StatusEvent = (typeof STATUS_EVENTS)[number];
type StatusLevel = 'debug' | 'info' | 'warn' | 'error';

/** The texts may be untrusted; the reporter makes them safe. */
export interface StatusRecord {
  readonly event: StatusEvent;
  readonly level: StatusLevel;
  /** One line for people. */
  readonly message: string;
  /** The message as several lines, for a terminal. */
  readonly block?: readonly string[];
  /** What the user can do next: one or a few lines. */
  readonly hint?: string | undefined;
  /** Fields for programs; names are snake_case with the unit, `delay_ms`. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface ReporterOptions {
  readonly format: 'text' | 'json';
  /** Only errors. */
  readonly isQuiet: boolean;
  /** Debug messages too. */
  readonly isVerbose: boolean;
  readonly useColor: boolean;
  /** All messages but the first one begin with the time of day. */
  readonly hasTimes?: boolean;
}

export interface Reporter {
  report(record: StatusRecord): void;
}

const HINT_INDENT = 2;

export async function loadLogStyle({ useColor }: Pick<ReporterOptions, 'useColor'>): Promise<LogStyle> {
  if (!useColor) return PLAIN_LOG_STYLE;
  const { createColorLogStyle } = await import('../render/style.ts');
  return createColorLogStyle();
}

export function createReporter(
  io: Io,
  options: ReporterOptions,
  style: LogStyle = PLAIN_LOG_STYLE,
  statusLine?: { clear(): void },
): Reporter {
  const isShown = ({ level }: StatusRecord): boolean =>
    level === 'error' || (level === 'debug' ? options.isVerbose : !options.isQuiet);
  let lastHint: string | undefined;
  let isFirst = true;
  const write = (line: string, paint: (safe: string) => string): void => {
    const columns = io.stderr.columns();
    const text = io.toDisplay(line);
    const lines = columns === undefined ? [text] : wrapWords(text, columns);
    for (const one of lines) io.writeErr(one, paint);
  };
  const fitHint = (hint: string): string[] => {
    const columns = io.stderr.columns() ?? Number.POSITIVE_INFINITY;
    return fitCaret(hint.split('\n'), columns - HINT_INDENT, io.toDisplay, io.signs);
  };
  return {
    report(record) {
      if (!isShown(record)) return;
      statusLine?.clear();
      if (options.format === 'json') {
        io.writeErr(toJson(record, io.clock.wallMs()));
        return;
      }
      const label = record.level === 'error' ? 'error: ' : record.level === 'warn' ? 'warning: ' : '';
      const { open, close } = style[record.level];
      const paint = (safe: string): string => open + safe + close;
      const [message = '', ...lines] = (io.stderr.isTty && record.block) || [record.message];
      const time = options.hasTimes && !isFirst ? `${formatTime(io.clock.wallMs()).slice(0, 8)} ` : '';
      isFirst = false;
      write(`${time}atlantis: ${label}${message}`, paint);
      for (const line of lines) write(`  ${line}`, paint);
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
    hint: record.hint,
    ...record.fields,
  });
}
