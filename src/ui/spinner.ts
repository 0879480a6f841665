// The spinner itself: the only importer of ora. A bundle of its own, loaded on a terminal only, after
// connecting has begun.
import ora from 'ora';
import type { Signs } from '../render/signs.ts';

/** `busy` turns, `live` stands. */
export type Look = 'busy' | 'live';

export interface Spinner {
  show(text: string, look: Look): void;
  /** Removes it from the screen. */
  clear(): void;
}

const TO_LINE_START = '\x1b[1G';

/** Ms between the pictures of a spinner that turns, and of one that stands. */
const INTERVALS_MS: Readonly<Record<Look, number>> = { busy: 100, live: 1_000 };

interface SpinnerOptions {
  readonly useColor: boolean;
  readonly signs: Signs;
  /** Asked before every picture; false leaves the screen as it is. */
  mayDraw(): boolean;
}

/**
 * A spinner on a terminal. It leaves stdin, the cursor and all signals alone. One that cannot be drawn disappears for
 * good: nothing that goes wrong here reaches the caller.
 */
export function createSpinner(
  stream: NodeJS.WriteStream,
  { useColor, signs, mayDraw }: SpinnerOptions,
): Spinner {
  // Beyond what is drawn nothing may be touched: others read the keyboard and own the signals (contract S1).
  const spinner = ora({ stream, discardStdin: false, hideCursor: false, isEnabled: true, color: false });
  const erase = spinner.clear.bind(spinner);
  /** Disabled, ora draws nothing more, and stopped, it leaves the streams alone. */
  const giveUp = (): void => {
    try {
      erase();
    } catch {
      // Then the last picture stays on the screen.
    }
    spinner.isEnabled = false;
    spinner.stop();
  };
  const attempt = (step: () => unknown): typeof spinner => {
    try {
      step();
    } catch {
      giveUp();
    }
    return spinner;
  };
  // ora calls these from its timers, and from inside of other writes to the terminal.
  const render = spinner.render.bind(spinner);
  spinner.render = () => attempt(() => mayDraw() && render());
  spinner.clear = () => attempt(erase);
  // A window that becomes narrow wraps the picture, or does not: terminals differ, and none tells. So the cursor
  // waits at its beginning, where it stays in both cases, on a space; and what is erased is all from there on.
  const frame = spinner.frame.bind(spinner);
  spinner.frame = () => ` ${frame()}${TO_LINE_START}`;
  stream.clearLine = () => stream.clearScreenDown();
  let current: Look | undefined;
  return {
    show(text, look) {
      if (!spinner.isEnabled) return;
      attempt(() => {
        spinner.text = text;
        if (spinner.isSpinning && look === current) {
          spinner.render();
          return;
        }
        if (spinner.isSpinning) spinner.stop();
        current = look;
        // Without Unicode ora takes `line` for any spinner that is named.
        spinner.spinner = look === 'busy' ? 'dots' : { frames: [signs.live], interval: INTERVALS_MS.live };
        spinner.color = !useColor ? false : look === 'busy' ? 'cyan' : 'green';
        spinner.start();
      });
      // A first picture that could not be drawn has started a timer nevertheless.
      if (!spinner.isEnabled) giveUp();
    },
    clear() {
      attempt(() => spinner.isSpinning && spinner.stop());
    },
  };
}
