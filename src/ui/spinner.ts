// The spinner of the status line: the only importer of ora. Loaded on a terminal only, after connecting has begun.
import ora from 'ora';
import type { Signs } from '../render/signs.ts';

/** `busy` is animated, `live` is a fixed sign. */
export type Look = 'busy' | 'live';

export interface Spinner {
  show(text: string, look: Look): void;
  clear(): void;
}

const TO_LINE_START = '\x1b[1G';

const LIVE_INTERVAL_MS = 1_000;

interface SpinnerOptions {
  readonly useColor: boolean;
  readonly signs: Signs;
  /** Called before every frame; false skips it. */
  mayDraw(): boolean;
  /** Called before the frame is erased; false leaves it. */
  mayErase(): boolean;
}

/** After an error the spinner is never drawn again. No error reaches the caller. */
export function createSpinner(
  stream: NodeJS.WriteStream,
  { useColor, signs, mayDraw, mayErase }: SpinnerOptions,
): Spinner {
  // ora must not touch stdin, the cursor or signals, which other components use (contract S1).
  const spinner = ora({ stream, discardStdin: false, hideCursor: false, isEnabled: true, color: false });
  const erase = spinner.clear.bind(spinner);
  /** A disabled and stopped ora does not write. */
  const disable = (): void => {
    try {
      erase();
    } catch {
      // Then the last frame stays on the screen.
    }
    spinner.isEnabled = false;
    spinner.stop();
  };
  const runSafely = (step: () => unknown): typeof spinner => {
    try {
      step();
    } catch {
      disable();
    }
    return spinner;
  };
  // ora calls these from its timers and from other writes to the terminal.
  const render = spinner.render.bind(spinner);
  spinner.render = () => runSafely(() => mayDraw() && render());
  spinner.clear = () => runSafely(() => mayErase() && erase());
  // When a window becomes narrower, some terminals wrap the frame. So the cursor waits at the start of the frame, on a
  // space, and everything from there on is erased.
  const frame = spinner.frame.bind(spinner);
  spinner.frame = () => ` ${frame()}${TO_LINE_START}`;
  stream.clearLine = () => stream.clearScreenDown();
  let current: Look | undefined;
  return {
    show(text, look) {
      if (!spinner.isEnabled) return;
      runSafely(() => {
        spinner.text = text;
        if (spinner.isSpinning && look === current) {
          spinner.render();
          return;
        }
        if (spinner.isSpinning) spinner.stop();
        current = look;
        // Without Unicode, ora replaces a named spinner with `line`.
        spinner.spinner = look === 'busy' ? 'dots' : { frames: [signs.live], interval: LIVE_INTERVAL_MS };
        spinner.color = !useColor ? false : look === 'busy' ? 'cyan' : 'green';
        spinner.start();
      });
      // ora has started a timer even if drawing the first frame failed.
      if (!spinner.isEnabled) disable();
    },
    clear() {
      runSafely(() => spinner.isSpinning && spinner.stop());
    },
  };
}
