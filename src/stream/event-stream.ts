// A stream as its consumer sees it: events pulled one by one, or all that happens in order.
//
// Nothing is connected to before the first pull, and nothing is read from the server while nobody pulls. However
// an iteration ends (break, throw, abort, close), the socket is closed and no timer or listener stays.
import { waitFor } from '../clock.ts';
import { type Cause, describeCause } from '../connection/causes.ts';
import type { DialConfig } from '../connection/config.ts';
import {
  type Connect,
  type Connection,
  type FollowItem,
  follow,
  openConnection,
} from '../connection/follow.ts';
import { CredentialError, UsageError } from '../errors.ts';
import { hasPrefix, keyPrefix, parseKey } from '../io/key.ts';
import { createRedactor } from '../io/redact.ts';
import { makeVisible } from '../render/sanitize.ts';
import { EventBatch, StreamEndedError, type StreamEvent, type StreamItem } from './items.ts';
import type { StreamCallbacks, StreamConfig } from './options.ts';
import type { ConnectLoopConfig, StreamDeps } from './prepare.ts';

/** What `for await` takes, with an end that does not wait for the next item. */
export interface Pull<T> extends AsyncIterator<T, void, undefined> {
  [Symbol.asyncIterator](): Pull<T>;
  return(): Promise<IteratorResult<T, void>>;
}

const CALLBACK_OF = {
  connecting: 'onConnecting',
  connected: 'onConnected',
  discarded: 'onDiscarded',
  lost: 'onLost',
  retrying: 'onRetrying',
  gap: 'onGap',
} as const satisfies Record<Exclude<StreamItem['kind'], 'events'>, keyof StreamCallbacks>;

export class EventStream implements AsyncIterable<StreamEvent> {
  /** Bundles are minified, names that people see are not. @internal */
  static readonly name = 'EventStream';
  readonly #config: StreamConfig;
  readonly #prepare: () => Promise<ConnectLoopConfig>;
  readonly #deps: StreamDeps;
  readonly #redactor = createRedactor();
  /** Aborts for whatever reason the stream is to end: the caller's signal, `close`, an iteration that is left. */
  readonly #ending = new AbortController();
  #pull: Pull<StreamItem> | undefined;
  #connection: Connection | undefined;
  /** The key of the last attempt. */
  #key = '';

  /** @internal */
  constructor(config: StreamConfig, prepare: () => Promise<ConnectLoopConfig>, deps: StreamDeps) {
    this.#config = config;
    this.#prepare = prepare;
    this.#deps = deps;
  }

  /** Host and, if it is not the scheme's own, port. */
  get host(): string {
    return this.#config.url.host;
  }

  /** Round trip of the last answered ping of this connection in ms, or undefined. */
  get roundTripMs(): number | undefined {
    return this.#connection?.roundTripMs;
  }

  /**
   * Pings now; resolves with the round trip in ms when the pong comes, which may be never.
   *
   * @internal
   */
  ping(): Promise<number> {
    return this.#connection?.ping() ?? new Promise(() => {});
  }

  /**
   * The events, one by one. After the signal aborted none comes any more.
   *
   * @throws UsageError when the stream is iterated over already: each one is a single run
   */
  [Symbol.asyncIterator](): Pull<StreamEvent> {
    return makePull(listEvents(this.items(), this.#ending.signal), () => this.#ending.abort());
  }

  /**
   * Everything that happens, in order, the events in batches. After the signal aborted comes what was read
   * before. Rejects with a StreamEndedError when the stream gave up.
   *
   * @throws UsageError when the stream is iterated over already: each one is a single run
   */
  items(): Pull<StreamItem> {
    if (this.#pull !== undefined) {
      throw new UsageError(
        'this stream is, or was, iterated over already',
        'each stream is a single run: call stream() again for another one',
      );
    }
    this.#pull = makePull(this.#run(), () => this.#ending.abort());
    return this.#pull;
  }

  /** Ends the stream from this side; resolves when its socket is gone. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#pull?.return();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#run(): AsyncGenerator<StreamItem, void, undefined> {
    const { signal } = this.#config;
    const end = (): void => this.#ending.abort();
    const ignore = signal === undefined ? undefined : onAbort(signal, end);
    try {
      if (!this.#ending.signal.aborted) yield* this.#follow(await this.#prepare());
    } finally {
      ignore?.();
      this.#connection = undefined;
    }
  }

  async *#follow(settings: ConnectLoopConfig): AsyncGenerator<StreamItem, void, undefined> {
    const { clock, random } = this.#deps;
    if (settings.dial.proxyUrl !== undefined) this.#redactor.addProxyUrl(settings.dial.proxyUrl);
    let seq = 1;
    const { signal } = this.#ending;
    const connect: Connect = (isFirst) => this.#connect(settings.dial, isFirst);
    for await (const item of follow(settings.policy, { clock, random, signal, connect })) {
      if (item.kind !== 'events') {
        yield* this.#tell(this.#translate(item));
        continue;
      }
      const { batch, connection } = item;
      if (batch.discarded.length > 0) {
        yield* this.#tell({ kind: 'discarded', connection, reasons: batch.discarded });
      }
      if (batch.count === 0) continue;
      const wanted = settings.select === undefined ? batch : settings.select(batch);
      yield { kind: 'events', batch: new EventBatch(batch, wanted, connection, seq) };
      seq += wanted.count;
    }
  }

  /** An attempt, with the key asked for now. */
  async #connect(dial: DialConfig, isFirst: boolean): ReturnType<Connect> {
    const { signal } = this.#ending;
    const key = await this.#readKey(signal);
    if (key === undefined) return undefined;
    this.#key = key;
    this.#redactor.addSecret(key);
    return openConnection({ ...dial, key }, { clock: this.#deps.clock, signal }, isFirst);
  }

  /** Undefined once the signal aborted. @throws CredentialError, and whatever the function throws */
  async #readKey(signal: AbortSignal): Promise<string | undefined> {
    const { key, connectTimeoutMs } = this.#config;
    if (typeof key === 'string') return key;
    const given = await waitFor(Promise.resolve(key(signal)), connectTimeoutMs, this.#deps.clock, signal);
    if (signal.aborted) return undefined;
    if (typeof given === 'string') return parseKey(given, 'the option key');
    throw new CredentialError(
      `the function in the option key gave no key within ${connectTimeoutMs} ms`,
      'it has to give a string; connectTimeoutMs allows more time',
    );
  }

  /** Tells the callback, then the consumer. */
  async *#tell(item: StreamItem): AsyncGenerator<StreamItem, void, undefined> {
    const { callbacks } = this.#config;
    const callback = item.kind === 'events' ? undefined : callbacks[CALLBACK_OF[item.kind]];
    await (callback as ((item: StreamItem) => void | Promise<void>) | undefined)?.(item);
    yield item;
  }

  /** In the words of the library, and without secrets (contract P4). @throws StreamEndedError */
  #translate(item: Exclude<FollowItem, { kind: 'events' }>): StreamItem {
    if (item.kind === 'connecting') return item;
    if (item.kind === 'connected') {
      this.#connection = item.stream;
      const { acceptedKeyPrefix, requestId } = item.stream;
      const expectedKeyPrefix = keyPrefix(this.#key);
      // The service's 16 characters may be all of a short key: then fewer are shown, and it is no mismatch.
      const isOurs = hasPrefix(this.#key, acceptedKeyPrefix);
      return {
        kind: 'connected',
        connection: item.connection,
        host: this.host,
        keyPrefix: isOurs ? expectedKeyPrefix : this.#redact(acceptedKeyPrefix),
        expectedKeyPrefix,
        requestId: this.#redact(requestId),
        atMs: this.#deps.clock.wallMs(),
      };
    }
    const cause = this.#redactCause(item.cause);
    if (item.kind !== 'gave-up') return { ...item, cause };
    const { happened, remedy } = describeCause(cause);
    const hint = this.#deps.phraseHint?.(remedy) ?? remedy;
    throw new StreamEndedError(makeVisible(happened), makeVisible(hint), { ...item, cause });
  }

  #redact(text: string): string {
    return this.#redactor.redact(text);
  }

  #redactCause(cause: Cause): Cause {
    const { detail, errorCode, requestId } = cause;
    return {
      ...cause,
      detail: this.#redact(detail),
      ...(errorCode === undefined ? {} : { errorCode: this.#redact(errorCode) }),
      ...(requestId === undefined ? {} : { requestId: this.#redact(requestId) }),
    };
  }
}

/** The listener of each signal of a caller, and what it calls. */
const abortListeners = new WeakMap<AbortSignal, { listener: () => void; handlers: Set<() => void> }>();

/**
 * Calls back when the signal aborts, or now if it has, until the returned function is called. All streams share one
 * listener, because Node 20 warns of a leak if a signal has eleven.
 */
function onAbort(signal: AbortSignal, handler: () => void): () => void {
  if (signal.aborted) handler();
  let shared = abortListeners.get(signal);
  if (shared === undefined) {
    const handlers = new Set<() => void>();
    const listener = (): void => {
      for (const one of [...handlers]) one();
    };
    shared = { handlers, listener };
    abortListeners.set(signal, shared);
    signal.addEventListener('abort', shared.listener);
  }
  const { handlers, listener } = shared;
  handlers.add(handler);
  return () => {
    handlers.delete(handler);
    if (handlers.size > 0) return;
    signal.removeEventListener('abort', listener);
    abortListeners.delete(signal);
  };
}

async function* listEvents(
  items: Pull<StreamItem>,
  ending: AbortSignal,
): AsyncGenerator<StreamEvent, void, undefined> {
  for await (const item of items) {
    if (item.kind !== 'events') continue;
    for (const event of item.batch) {
      if (ending.aborted) return;
      yield event;
    }
  }
}

/** A generator queues `return` behind a pull that may wait for ever: `end` lets that one settle. */
function makePull<T>(generator: AsyncGenerator<T, void, undefined>, end: () => void): Pull<T> {
  return {
    next: () => generator.next(),
    return() {
      end();
      return generator.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
