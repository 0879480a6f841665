// The stream that the library returns: events one by one, or all items in order.
//
// It connects on the first pull, and reads from the server only while it is pulled. However an iteration ends
// (break, throw, abort, close), the socket is closed and no timer or listener is left.
import { type Clock, sleep } from '../clock.ts';
import type { DialConfig } from '../connection/config.ts';
import { type Connect, openConnection, RetryDelay } from '../connection/follow.ts';
import { type FollowAllItem, type MergeFigures, StreamFollower } from '../connection/follow-all.ts';
import { type Cause, describeCause, type KeyOrigin } from '../connection/lifecycle.ts';
import type { LiveStream } from '../connection/live-stream.ts';
import type { PolicyConfig } from '../connection/retry-policy.ts';
import { UsageError } from '../errors.ts';
import { splitBatch } from '../events/batch.ts';
import type { EventFilter } from '../filter/filter.ts';
import { hasPrefix, keyPrefix } from '../io/key.ts';
import { createRedactor } from '../io/redact.ts';
import { makeVisible } from '../render/sanitize.ts';
import { EventBatch, StreamEndedError, type StreamEvent, type StreamItem } from './items.ts';
import { sayAlreadyIterated } from './messages.ts';
import { CALLBACK_OF, type StreamConfig } from './options.ts';
import { makePull, onAbort, type Pull } from './pull.ts';
import { StreamKey } from './stream-key.ts';

/** Undefined: all events. */
export type Select = EventFilter | undefined;

export interface StreamDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Called only with `useEnvironment`. */
  readEnvironment(): Readonly<Record<string, string | undefined>>;
  /** Monotonic time in ms at which the run ends. If the server asks for a delay beyond it, the stream ends at once. */
  readonly deadlineMs?: number | undefined;
  /** Rewrites hints about flags. */
  translateHint?(hint: string): string;
  /** A compiled filter that replaces the one of the config. */
  readonly select?: Select;
  /** Where the key came from, for messages; default: the options. */
  readonly keyOrigin?: KeyOrigin | undefined;
}

export interface ConnectLoopConfig {
  readonly dial: DialConfig;
  readonly policy: PolicyConfig;
  readonly select: Select;
}

export class EventStream implements AsyncIterable<StreamEvent> {
  /** Kept when bundles are minified. @internal */
  static readonly name = 'EventStream';
  readonly #config: StreamConfig;
  readonly #prepare: () => Promise<ConnectLoopConfig>;
  readonly #deps: StreamDeps;
  readonly #redactor = createRedactor();
  /** Aborted by the caller's signal, `close`, or the end of an iteration. */
  readonly #ending = new AbortController();
  #pull: Pull<StreamItem> | undefined;
  #connection: LiveStream | undefined;
  #follower: StreamFollower | undefined;
  readonly #keyOf = new WeakMap<LiveStream, string>();
  readonly #retryDelay = new RetryDelay();

  /** @internal */
  constructor(config: StreamConfig, prepare: () => Promise<ConnectLoopConfig>, deps: StreamDeps) {
    this.#config = config;
    this.#prepare = prepare;
    this.#deps = deps;
  }

  /** Host, and port if it is not the default of the scheme. */
  get host(): string {
    return this.#config.url.host;
  }

  /** Round trip of the last answered ping of the latest connection, in ms. */
  get roundTripMs(): number | undefined {
    return this.#connection?.roundTripMs;
  }

  /** What the merge of several connections has done. @internal */
  get mergeFigures(): MergeFigures | undefined {
    return this.#follower?.figures;
  }

  /** Pings now; resolves with the round trip in ms if the pong arrives. @internal */
  ping(): Promise<number> {
    return this.#connection?.ping() ?? new Promise(() => {});
  }

  /** Ends the delay before a retry. @internal */
  retryNow(): void {
    this.#retryDelay.end();
  }

  /**
   * The events, one by one, until the signal aborts.
   *
   * @throws UsageError if the stream has been iterated before
   */
  [Symbol.asyncIterator](): Pull<StreamEvent> {
    return makePull(listEvents(this.items(), this.#ending.signal), () => this.#ending.abort());
  }

  /**
   * All items in order, the events in batches. After the signal aborts, yields what was already read.
   * Rejects with a StreamEndedError when the stream gives up.
   *
   * @throws UsageError if the stream has been iterated before
   */
  items(): Pull<StreamItem> {
    if (this.#pull !== undefined) {
      throw new UsageError(...sayAlreadyIterated());
    }
    this.#pull = makePull(this.#run(), () => this.#ending.abort());
    return this.#pull;
  }

  /** Ends the stream; resolves when its socket is closed. */
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
    const removeHandler = signal === undefined ? undefined : onAbort(signal, end);
    try {
      if (!this.#ending.signal.aborted) yield* this.#follow(await this.#prepare());
    } finally {
      removeHandler?.();
      this.#connection = undefined;
    }
  }

  async *#follow(settings: ConnectLoopConfig): AsyncGenerator<StreamItem, void, undefined> {
    const { clock, random } = this.#deps;
    if (settings.dial.proxyUrl !== undefined) this.#redactor.addProxyUrl(settings.dial.proxyUrl);
    let seq = 1;
    const { signal } = this.#ending;
    const createConnect = (): Connect => this.#createConnect(settings.dial);
    const context = { clock, random, signal, createConnect, retryDelay: this.#retryDelay };
    this.#follower = new StreamFollower(settings.policy, this.#config.redundancy, context);
    for await (const item of this.#follower.items()) {
      if (item.kind !== 'events') {
        yield* this.#notify(this.#translate(item));
        continue;
      }
      const { batch, connection } = item;
      if (batch.discarded.length > 0) {
        yield* this.#notify({ kind: 'discarded', connection, reasons: batch.discarded });
      }
      if (batch.count === 0) continue;
      const { select } = settings;
      const maxBytes = select?.maxBytes ?? Number.POSITIVE_INFINITY;
      const isWhole = batch.bytes.length <= maxBytes;
      for (const part of isWhole ? [batch] : splitBatch(batch, maxBytes)) {
        const wanted = select === undefined ? part : select(part);
        yield { kind: 'events', batch: new EventBatch(part, wanted, connection, seq) };
        seq += wanted.count;
        if (!isWhole) await sleep(clock, 0, signal);
      }
    }
  }

  #createConnect(dial: DialConfig): Connect {
    const { clock } = this.#deps;
    const streamKey = new StreamKey(this.#config, clock);
    return async (isFirst, { signal, usedAddresses }) => {
      const key = await streamKey.read(signal);
      if (key === undefined) return undefined;
      this.#redactor.addSecret(key);
      const reached = await streamKey.attempt(key, () =>
        openConnection({ ...dial, key, usedAddresses }, { clock, signal }, isFirst),
      );
      if (reached !== undefined && 'take' in reached) this.#keyOf.set(reached, key);
      return reached;
    };
  }

  async *#notify(item: StreamItem): AsyncGenerator<StreamItem, void, undefined> {
    const { callbacks } = this.#config;
    const callback = item.kind === 'events' ? undefined : callbacks[CALLBACK_OF[item.kind]];
    await (callback as ((item: StreamItem) => void | Promise<void>) | undefined)?.(item);
    yield item;
  }

  /** The public item, without secrets (contract P4). @throws StreamEndedError */
  #translate(item: Exclude<FollowAllItem, { kind: 'events' }>): StreamItem {
    if (item.kind === 'connecting') return item;
    if (item.kind === 'notice') {
      return 'cause' in item ? { ...item, cause: this.#redactCause(item.cause) } : item;
    }
    if (item.kind === 'connected') {
      this.#connection = item.stream;
      const { acceptedKeyPrefix, requestId } = item.stream;
      const key = this.#keyOf.get(item.stream) ?? '';
      const expectedKeyPrefix = keyPrefix(key);
      // The service sends more characters of a short key than may be shown.
      const isOurs = hasPrefix(key, acceptedKeyPrefix);
      return {
        kind: 'connected',
        connection: item.connection,
        host: this.host,
        keyPrefix: isOurs ? expectedKeyPrefix : this.#redactor.redact(acceptedKeyPrefix),
        expectedKeyPrefix,
        requestId: this.#redactor.redact(requestId),
        atMs: this.#deps.clock.wallMs(),
        ...(item.isFirstOfSlot && item.connection > 1 ? { isAdditional: true } : {}),
      };
    }
    const cause = this.#redactCause(item.cause);
    if (item.kind !== 'gave-up') return { ...item, cause };
    const { happened, remedy } = describeCause(cause);
    const hint = this.#deps.translateHint?.(remedy) ?? remedy;
    throw new StreamEndedError(makeVisible(happened), makeVisible(hint), { ...item, cause });
  }

  #redactCause(cause: Cause): Cause {
    const { host, detail, errorCode, requestId } = cause;
    return {
      ...cause,
      // If a key was given as the URL by mistake, the host name contains it.
      host: this.#redactor.redact(host),
      detail: this.#redactor.redact(detail),
      ...(errorCode === undefined ? {} : { errorCode: this.#redactor.redact(errorCode) }),
      ...(requestId === undefined ? {} : { requestId: this.#redactor.redact(requestId) }),
    };
  }
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
