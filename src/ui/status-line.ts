// What is going on right now, on the last line of a terminal: gone before anything else is written (O3).

import type { LogConfig } from '../config/tail-config.ts';
import type { Io } from '../io.ts';
import type { Spinner } from './spinner.ts';

export interface StatusLine {
  /** Shows a safe text until `clear`. */
  show(text: string): void;
  clear(): void;
}

export const NO_STATUS_LINE: StatusLine = { show() {}, clear() {} };

/** On a narrower terminal, or one that does not say how wide it is, a redrawn line would wrap and smear. */
const MIN_COLUMNS = 30;

/** A status line where one belongs: a terminal that can, for a person who wants to read. */
export function createStatusLine(io: Io, log: LogConfig): StatusLine {
  const fits = io.stderr.isTty && log.format === 'text' && !log.isQuiet && io.env['TERM'] !== 'dumb';
  if (!fits || (io.stderr.columns() ?? 0) < MIN_COLUMNS || (io.env['CI'] ?? '') !== '') return NO_STATUS_LINE;
  let wanted: string | undefined;
  let spinner: Spinner | undefined;
  let isLoading = false;
  const load = async (): Promise<void> => {
    isLoading = true;
    const { createSpinner } = await import('./spinner.ts');
    spinner = createSpinner(io.stderr.stream());
    if (wanted !== undefined) spinner.show(wanted);
  };
  return {
    show(text) {
      wanted = text;
      if (spinner !== undefined) spinner.show(text);
      else if (!isLoading) void load();
    },
    clear() {
      wanted = undefined;
      spinner?.clear();
    },
  };
}
