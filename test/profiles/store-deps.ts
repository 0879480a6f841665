// Dependencies of store writers in tests: this process, with its own clock and PID namespace.

import type { StoreDeps } from '../../src/profiles/write.ts';

/** The real dependencies, with the given ones replaced. */
export function createStoreDeps(overrides: Partial<StoreDeps> = {}): StoreDeps {
  return {
    platform: process.platform,
    uid: process.getuid?.(),
    homeDirectory: () => undefined,
    pid: process.pid,
    clock: {
      wallMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      setTimer(callback, ms) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
    random: () => Math.random(),
    env: {},
    sendSignal(pid, signal) {
      try {
        return process.kill(pid, signal);
      } catch {
        return false;
      }
    },
    ignoreFileSizeSignal() {},
    ...overrides,
  };
}
