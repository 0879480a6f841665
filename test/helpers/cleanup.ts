// Whatever a helper starts is ended with the test that started it, also if the test fails half-way.
//
// Importing this file in a jest test is enough: it hooks `afterEach` and `afterAll`. Outside jest (a helper
// process) the hooks are absent and `runCleanups` has to be called.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How long a resource may live: to the end of the test that asked for it, or of its whole file. */
export type Lifetime = 'test' | 'file';

type Cleanup = () => unknown;

const pending: Record<Lifetime, Set<Cleanup>> = { test: new Set(), file: new Set() };

/**
 * Runs `cleanup` after the current test (default) or after the last test of the file; newest first.
 * Returns a function that cancels the registration (for resources that ended by themselves).
 */
export function registerCleanup(cleanup: Cleanup, lifetime: Lifetime = 'test'): () => void {
  pending[lifetime].add(cleanup);
  return () => {
    pending[lifetime].delete(cleanup);
  };
}

/** Runs and forgets what is registered; every cleanup runs, then the first error (if any) is thrown. */
export async function runCleanups(lifetime: Lifetime): Promise<void> {
  const errors: unknown[] = [];
  const cleanups = [...pending[lifetime]].reverse();
  pending[lifetime].clear();
  for (const cleanup of cleanups) {
    try {
      await cleanup();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

let searchFolder: (folder: string) => void = () => undefined;

/** Searches every folder of a test before it is removed. */
export function searchFoldersWith(search: (folder: string) => void): void {
  searchFolder = search;
}

/** A fresh empty folder, removed with everything in it at the end of its lifetime. */
export function makeTempFolder(lifetime: Lifetime = 'test'): string {
  const folder = mkdtempSync(join(tmpdir(), 'atlantis-test-'));
  registerCleanup(() => {
    try {
      searchFolder(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }, lifetime);
  return folder;
}

type Hook = (run: () => Promise<void>) => void;
const jestHooks = globalThis as { afterEach?: Hook; afterAll?: Hook };
jestHooks.afterEach?.(() => runCleanups('test'));
jestHooks.afterAll?.(() => runCleanups('file'));
