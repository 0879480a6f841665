// The spinner itself: the only importer of ora. A bundle of its own, loaded on a terminal only, after
// connecting has begun.
import ora from 'ora';

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

/**
 * A spinner on a terminal. It leaves stdin, the cursor and all signals alone.
 *
 * @param mayDraw asked before every picture; false leaves the screen as it is
 */
export function createSpinner(
  stream: NodeJS.WriteStream,
  useColor: boolean,
  mayDraw: () => boolean,
): Spinner {
  // Beyond what is drawn nothing may be touched: others read the keyboard and own the signals (contract S1).
  const spinner = ora({ stream, discardStdin: false, hideCursor: false, isEnabled: true, color: false });
  const render = spinner.render.bind(spinner);
  spinner.render = () => (mayDraw() ? render() : spinner);
  // A window that becomes narrow wraps the picture, or does not: terminals differ, and none tells. So the cursor
  // waits at its beginning, where it stays in both cases, on a space; and what is erased is all from there on.
  const frame = spinner.frame.bind(spinner);
  spinner.frame = () => ` ${frame()}${TO_LINE_START}`;
  stream.clearLine = () => stream.clearScreenDown();
  let current: Look | undefined;
  return {
    show(text, look) {
      spinner.text = text;
      if (spinner.isSpinning && look === current) {
        spinner.render();
        return;
      }
      if (spinner.isSpinning) spinner.stop();
      current = look;
      spinner.spinner = look === 'busy' ? 'dots' : { frames: ['●'], interval: INTERVALS_MS.live };
      spinner.color = !useColor ? false : look === 'busy' ? 'cyan' : 'green';
      spinner.start();
    },
    clear() {
      if (spinner.isSpinning) spinner.stop();
    },
  };
}
