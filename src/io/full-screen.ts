// A view that draws on the whole terminal, such as `top`. While it is open, nothing else writes to the terminal. The
// screen is restored before the process ends.

export interface FullScreen {
  /** Keeps a text for stderr until `restore`. */
  hold(text: string): void;
  /** Restores the screen at once, and calls the function that `take` returned. Never throws. */
  restore(): void;
}

interface ScreenSlot {
  write(text: string): void;
  /** Returns a function that removes the view. */
  take(screen: FullScreen): () => void;
  restore(): void;
}

export function createScreenSlot(writeStderr: (text: string) => void): ScreenSlot {
  let current: FullScreen | undefined;
  return {
    write(text) {
      if (current === undefined) writeStderr(text);
      else current.hold(text);
    },
    take(screen) {
      current = screen;
      return () => {
        if (current === screen) current = undefined;
      };
    },
    restore: () => current?.restore(),
  };
}
