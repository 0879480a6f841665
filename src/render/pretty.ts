// Events for the eye: one line each, time, type and the rest, everything foreign made visible (contract O2).
// A bundle of its own, loaded only for --format pretty.
import { type Batch, MESSAGE } from '../protocol/messages.ts';
import type { Renderer } from './renderer.ts';
import { makeVisible } from './sanitize.ts';
import { createColorStyle, PLAIN_STYLE, type Style } from './style.ts';

export interface PrettyOptions {
  readonly useColor: boolean;
  readonly time: 'local' | 'utc' | 'relative' | 'none';
  /** Width of the terminal, or undefined. */
  columns(): number | undefined;
}

/** Names of the field that holds an event's type, first match wins (contract O8). */
const TYPE_FIELDS = ['type', 'event_type', 'event'] as const;

/** A renderer of batches for people. */
export function createPrettyRenderer(options: PrettyOptions): Renderer {
  const style = options.useColor ? createColorStyle() : PLAIN_STYLE;
  let firstAtMs: number | undefined;
  const renderEvents = ({ texts, flags, receivedAtMs }: Batch, count: number): string => {
    firstAtMs ??= receivedAtMs;
    const time = formatTime(options.time, receivedAtMs, firstAtMs);
    let lines = '';
    for (let i = 0; i < count; i += 1) {
      const skipped = (flags[i] ?? 0) & MESSAGE.byteOrderMark ? 3 : 0;
      lines += renderEvent(texts[i]?.toString('utf8', skipped) ?? '', time, style);
    }
    return lines;
  };
  return { renderEvents };
}

function renderEvent(text: string, time: string, style: Style): string {
  const type = findType(text);
  const body = makeVisible(text.trim().replace(/[\r\n]+/g, ' '));
  const head = type === undefined ? '' : `${style.type(type)(makeVisible(type))} `;
  return `${time === '' ? '' : `${style.time(time)} `}${head}${style.value(body)}\n`;
}

function findType(text: string): string | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  for (const name of TYPE_FIELDS) {
    const found: unknown = Reflect.get(value, name);
    if (typeof found === 'string') return found;
  }
  return undefined;
}

function formatTime(mode: PrettyOptions['time'], atMs: number, firstAtMs: number): string {
  if (mode === 'none') return '';
  if (mode === 'relative') return `+${((atMs - firstAtMs) / 1000).toFixed(3)}s`;
  const date = new Date(atMs);
  if (mode === 'utc') return date.toISOString().slice(11, 23);
  const pad = (n: number, width: number): string => String(n).padStart(width, '0');
  return `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}.${pad(date.getMilliseconds(), 3)}`;
}
