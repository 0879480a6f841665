// The environment of every test file: jest's own for Node, without what it leaks.
import { createRequire } from 'node:module';
import { TestEnvironment } from 'jest-environment-node';

// Not imported: the bindings of a module cannot be replaced.
const hooks = createRequire(import.meta.url)('node:async_hooks');
const { AsyncLocalStorage } = hooks;
/** From Node 24 on, an enabled storage costs nothing; Node 26 does not allow the class to be replaced. */
const isLeaking = Number.parseInt(process.versions.node, 10) < 24;

/**
 * jest-circus makes an AsyncLocalStorage for each file of tests and never disables it. Before Node 24, each one makes
 * every promise slower: after fifty files in a worker, an `await` takes eighty times as long.
 */
export default class extends TestEnvironment {
  #storages = [];

  async setup() {
    await super.setup();
    if (!isLeaking) return;
    const storages = this.#storages;
    hooks.AsyncLocalStorage = class extends AsyncLocalStorage {
      constructor(...options) {
        super(...options);
        storages.push(this);
      }
    };
  }

  async teardown() {
    if (isLeaking) hooks.AsyncLocalStorage = AsyncLocalStorage;
    for (const storage of this.#storages) storage.disable();
    await super.teardown();
  }
}
