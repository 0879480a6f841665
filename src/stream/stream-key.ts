// The key of a stream (contract P5): fixed, or read before each attempt. After a 401 to a key that had worked, it is
// read once more, and sent only if it is a different key.
import { type Clock, waitFor } from '../clock.ts';
import type { Connect } from '../connection/follow.ts';
import type { Cause } from '../connection/lifecycle.ts';
import { CredentialError } from '../errors.ts';
import { parseKey } from '../io/key.ts';
import { nameOption, sayNoKeyReturned } from './messages.ts';
import type { StreamConfig } from './options.ts';

export class StreamKey {
  readonly #config: Pick<StreamConfig, 'key' | 'keyTimeoutMs' | 'connectTimeoutMs'>;
  readonly #clock: Clock;
  #lastKey = '';
  #hasWorked = false;
  /** A 401, after which the key is read once more. */
  #refusal: Cause | undefined;

  constructor(config: StreamConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Reads the key; undefined if the signal aborts. @throws CredentialError, and any error of the key function */
  async read(signal: AbortSignal): Promise<string | undefined> {
    const { key, connectTimeoutMs, keyTimeoutMs = connectTimeoutMs } = this.#config;
    if (typeof key === 'string') return key;
    const given = await waitFor(Promise.resolve(key(signal)), keyTimeoutMs, this.#clock, signal);
    if (signal.aborted) return undefined;
    if (typeof given === 'string') return parseKey(given, nameOption('key'));
    throw new CredentialError(...sayNoKeyReturned(keyTimeoutMs));
  }

  /** Connects with a key, unless the service has just refused the same key. */
  async attempt(key: string, connect: () => ReturnType<Connect>): ReturnType<Connect> {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (refusal !== undefined && key === this.#lastKey) return refusal;
    this.#lastKey = key;
    const reached = await connect();
    if (reached === undefined) return undefined;
    if ('take' in reached) {
      this.#hasWorked = true;
      return reached;
    }
    const canBeReplaced = this.#hasWorked && typeof this.#config.key === 'function';
    if (reached.kind !== 'unauthorized' || !canBeReplaced) return reached;
    this.#hasWorked = false;
    this.#refusal = reached;
    return { ...reached, kind: 'key-outdated' };
  }
}
