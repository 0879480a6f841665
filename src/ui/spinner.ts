// The spinner itself: the only importer of ora. A bundle of its own, loaded on a terminal only, after
// connecting has begun.
import ora from 'ora';

export interface Spinner {
  show(text: string): void;
  /** Removes it from the screen. */
  clear(): void;
}

/** A spinner on a terminal. It leaves stdin, the cursor and all signals alone. */
export function createSpinner(stream: NodeJS.WriteStream): Spinner {
  const spinner = ora({ stream, discardStdin: false, hideCursor: false, isEnabled: true, spinner: 'dots' });
  return {
    show(text) {
      if (spinner.isSpinning) spinner.text = text;
      else spinner.start(text);
    },
    clear() {
      if (spinner.isSpinning) spinner.stop();
    },
  };
}
