// A bell: whoever waits for it is woken by the next ring, and one ring before the wait is remembered.

export interface Bell {
  ring(): void;
  /** Resolves at the next ring; at once if it was rung since the last wait ended. */
  untilRung(): Promise<void>;
}

export function createBell(): Bell {
  let wasRung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      if (wake === undefined) wasRung = true;
      else {
        const waiting = wake;
        wake = undefined;
        waiting();
      }
    },
    untilRung() {
      if (wasRung) {
        wasRung = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
  };
}
