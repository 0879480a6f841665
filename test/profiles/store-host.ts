// A host for store writers in tests: this process, with its own clock and PID namespace.

import type { StoreHost } from '../../src/profiles/write.ts';

/** The real thing, unless a test says otherwise. */
export function createStoreHost(overrides: Partial<StoreHost> = {}): StoreHost {
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
