// Wakes a loop that waits; one wake-up before the wait is remembered.

export interface WakeSignal {
  wake(): void;
  /** Resolves at the next wake-up; at once if there was one since the last wait ended. */
  untilWoken(): Promise<void>;
}

export function createWakeSignal(): WakeSignal {
  let isPending = false;
  let resume: (() => void) | undefined;
  return {
    wake() {
      if (resume === undefined) isPending = true;
      else {
        const waiting = resume;
        resume = undefined;
        waiting();
      }
    },
    untilWoken() {
      if (isPending) {
        isPending = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        resume = resolve;
      });
    },
  };
}
