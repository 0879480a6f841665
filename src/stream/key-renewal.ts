// The key from one attempt to the next (contract P5). A key that had worked may have been replaced: after a 401 it is
// asked for once more, and sent only if it is another one.
import type { Cause } from '../connection/causes.ts';
import type { Connect } from '../connection/follow.ts';

export class KeyRenewal {
  /** The key of the last attempt. */
  current = '';
  readonly #canChange: boolean;
  #hasWorked = false;
  #refusal: Cause | undefined;

  /** @param canChange whether asking for the key again can give another one */
  constructor(canChange: boolean) {
    this.#canChange = canChange;
  }

  /** Attempts with a key, unless the service has just refused this very key. */
  async attempt(key: string, connect: () => ReturnType<Connect>): ReturnType<Connect> {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (refusal !== undefined && key === this.current) return refusal;
    this.current = key;
    const reached = await connect();
    if (reached === undefined) return undefined;
    if ('take' in reached) {
      this.#hasWorked = true;
    } else if (reached.kind === 'unauthorized' && this.#canChange && this.#hasWorked) {
      this.#hasWorked = false;
      this.#refusal = reached;
      return { ...reached, kind: 'key-outdated' };
    }
    return reached;
  }
}
