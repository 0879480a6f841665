// A view that draws on the whole terminal, such as `top`: nothing else may write to it, and however the process ends,
// the screen is restored first.

/** A view that is open. */
export interface FullScreen {
  /** Takes a text for stderr, to write it after `restore`. */
  hold(text: string): void;
  /** Restores the screen at once, and calls the function that `take` returned. Never throws. */
  restore(): void;
}

interface ScreenSlot {
  /** Writes to stderr, or passes the text to the view. */
  write(text: string): void;
  /** Sets the view; returns a function that removes it. */
  take(screen: FullScreen): () => void;
  /** Restores the screen, if there is a view. */
  restore(): void;
}

/** @param writeNow writes to stderr */
export function createScreenSlot(writeNow: (text: string) => void): ScreenSlot {
  let current: FullScreen | undefined;
  return {
    write(text) {
      if (current === undefined) writeNow(text);
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
