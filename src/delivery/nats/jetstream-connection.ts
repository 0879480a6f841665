// A connection from which messages of a stream are pulled, seen by the connect loop as any other connection:
// nothing is asked of the server while nobody takes, and whatever came before the end is handed out first.
import type { IncomingHttpHeaders } from 'node:http';
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../clock.ts';
import type { Cause } from '../../connection/lifecycle.ts';
import { type Batch, BatchBuilder } from '../../events/batch.ts';
import { classifyText } from '../../events/scanner.ts';
import { classifyNatsError } from './connect.ts';
import type { FoundConsumer } from './consumer.ts';
import { type HeldBack, holdBack } from './held-back.ts';
import { HEADERS } from './message-headers.ts';

/** Messages that are asked for at once. */
const PULL_MESSAGES = 256;
/** The server keeps a request for so long; another one follows. */
const PULL_EXPIRES_MS = 30_000;
/** The same for a durable consumer, whose reader waits at its end for the last request to be over. */
const DURABLE_PULL_EXPIRES_MS = 1_000;
/** How long the last acknowledgements may take to be sent. */
const LAST_WORDS_MS = 500;
/** Numbers of delivered messages that are remembered, in case that an acknowledgement is lost. */
const REMEMBERED = 4_096;
/** A held message is spoken for this many times before its time is up. */
const TOUCHES = 3;

/** When the messages were stored that were delivered: the same number at another time is another message. */
export type DoneMessages = Map<number, bigint>;

export class JetStreamConnection {
  readonly requestId = '';
  readonly headers: IncomingHttpHeaders = {};
  readonly acceptedKeyPrefix = '';
  readonly roundTripMs = undefined;
  lastByteAtMs: number;
  readonly #host: string;
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #found: FoundConsumer;
  readonly #held: HeldBack;
  readonly #done: DoneMessages;
  #arrived: JsMsg[] = [];
  /** Messages that are not acknowledged yet, for a durable consumer only. */
  readonly #open = new Set<JsMsg>();
  readonly #messagesOf = new WeakMap<Batch, readonly JsMsg[]>();
  #pull: ConsumerMessages | undefined;
  readonly #reading: Promise<void>;
  /** How many deliveries the durable consumer has made, up to the last one to this reader. */
  #deliveredTo = 0;
  #wake: () => void = () => {};
  #wakePull: () => void = () => {};
  #endedBy: Cause | undefined;
  #cancelTouch: (() => void) | undefined;

  /** @param done what this run has delivered lately, over all connections; filled here for a durable consumer */
  constructor(
    connection: NatsConnection,
    found: FoundConsumer,
    host: string,
    clock: Clock,
    done: DoneMessages,
  ) {
    this.#done = done;
    this.#connection = connection;
    this.#found = found;
    this.#host = host;
    this.#clock = clock;
    this.lastByteAtMs = clock.wallMs();
    const { ackWaitMs = 0, unacknowledged, deliveredSeq } = found;
    this.#held = holdBack(unacknowledged, deliveredSeq, ackWaitMs + 1_000, clock, (held) => this.#add(held));
    if (found.ackWaitMs !== undefined) this.#touch(found.ackWaitMs / TOUCHES);
    void connection.closed().then((error) => {
      const isError = error instanceof Error;
      this.#end(
        isError ? classifyNatsError(error, host) : { kind: 'dropped', host, detail: 'the server ended it' },
      );
    });
    this.#reading = this.#read(found.consumer);
  }

  awaitWelcome(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  ping(): Promise<number> {
    return new Promise(() => {});
  }

  get endedBy(): Cause {
    return this.#endedBy ?? { kind: 'dropped', host: this.#host, detail: 'closed from this side' };
  }

  /** The next messages that were stored in the same millisecond; undefined once all is handed out. */
  async take(): Promise<Batch | undefined> {
    while (this.#arrived.length === 0) {
      if (this.#endedBy !== undefined) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const [first] = this.#arrived;
    const atMs = first === undefined ? 0 : storedAtMs(first);
    const next = this.#arrived.findIndex((message) => storedAtMs(message) !== atMs);
    const messages = next < 0 ? this.#arrived : this.#arrived.slice(0, next);
    this.#arrived = next < 0 ? [] : this.#arrived.slice(next);
    // Wakes the pull, which waits while there is enough.
    this.#wakePull();
    return this.#makeBatch(messages, atMs);
  }

  /** The first and the last message of a batch. */
  endsOf(batch: Batch): { readonly first: JsMsg; readonly last: JsMsg } | undefined {
    const messages = this.#messagesOf.get(batch) ?? [];
    const [first, last] = [messages[0], messages.at(-1)];
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  /** The first `events` of a batch are where they were to go; without a number, all of it, and what was no event. */
  acknowledge(batch: Batch, events?: number): void {
    if (this.#found.ackWaitMs === undefined) return;
    let left = events;
    for (const message of this.#messagesOf.get(batch) ?? []) {
      // Only a batch that is not acknowledged whole is looked at again.
      if (left !== undefined && isEvent(message)) left -= 1;
      if (left !== undefined && left < 0) return;
      this.#open.delete(message);
      this.#done.set(message.seq, message.timestampNanos);
      if (this.#endedBy === undefined) message.ack();
    }
    for (const seq of this.#done.keys()) {
      if (this.#done.size <= REMEMBERED) break;
      this.#done.delete(seq);
    }
  }

  /** Ends it, with nothing more to take: its messages are not those that were expected. */
  abandon(): Promise<void> {
    this.#arrived = [];
    return this.#break({
      kind: 'nats-recreated',
      host: this.#host,
      detail: 'numbers that were read come again',
    });
  }

  async close(): Promise<void> {
    this.#held.end();
    this.#cancelTouch?.();
    if (this.#endedBy !== undefined) return;
    this.#end({ kind: 'dropped', host: this.#host, detail: 'closed from this side' });
    if (this.#open.size === 0) this.#pull?.stop();
    else await this.#giveBack();
    await this.#connection.close().catch(() => {});
  }

  /**
   * Gives back what was pulled and not acknowledged, so that the next reader has it at once. Not before the last
   * pull has ended by itself: into an abandoned one the server delivers it once more (nats-server up to 2.10).
   */
  async #giveBack(): Promise<void> {
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.setTimer(resolve, DURABLE_PULL_EXPIRES_MS + LAST_WORDS_MS);
    });
    const giveAll = async (): Promise<void> => {
      await this.#reading;
      for (const message of this.#open) message.nak();
      await this.#connection.flush();
    };
    try {
      await Promise.race([giveAll(), late]);
    } catch {
      // The connection is gone: the server gives it to the next reader in its time.
    } finally {
      cancel();
    }
  }

  async #read(consumer: Consumer): Promise<void> {
    const expires = this.#found.ackWaitMs === undefined ? PULL_EXPIRES_MS : DURABLE_PULL_EXPIRES_MS;
    try {
      while (this.#endedBy === undefined) {
        this.#pull = await consumer.fetch({ max_messages: PULL_MESSAGES, expires });
        for await (const message of this.#pull) {
          if (this.#isFromAnother(message)) {
            const detail = 'its durable consumer was created again';
            return await this.#break({ kind: 'nats-recreated', host: this.#host, detail });
          }
          this.#receive(message);
        }
        const hasPaused = this.#arrived.length >= PULL_MESSAGES;
        while (this.#arrived.length >= PULL_MESSAGES && this.#endedBy === undefined) {
          await new Promise<void>((resolve) => {
            this.#wakePull = resolve;
          });
        }
        // A consumer that is not asked for messages may be deleted meanwhile: a fetch would notice it only by a timeout.
        if (hasPaused && this.#endedBy === undefined) await consumer.info();
      }
    } catch (error) {
      if (this.#endedBy === undefined) await this.#break(classifyNatsError(error, this.#host));
    }
  }

  /** True if a consumer of the same name has taken the place of ours while nothing was asked of it. */
  #isFromAnother({ info }: JsMsg): boolean {
    if (this.#found.ackWaitMs === undefined) return false;
    const isAnother = info.deliverySequence <= this.#deliveredTo;
    this.#deliveredTo = info.deliverySequence;
    return isAnother;
  }

  #receive(message: JsMsg): void {
    this.lastByteAtMs = this.#clock.wallMs();
    const isDurable = this.#found.ackWaitMs !== undefined;
    if (isDurable) this.#open.add(message);
    if (this.#endedBy !== undefined) return;
    this.#add(this.#held.take(message));
  }

  #add(messages: readonly JsMsg[]): void {
    for (const message of messages) {
      if (this.#done.get(message.seq) !== message.timestampNanos) this.#arrived.push(message);
      // Its acknowledgement was lost with the last connection, or with the server's memory.
      else if (this.#open.delete(message)) message.ack();
    }
    if (this.#arrived.length > 0) this.#wake();
  }

  async #break(cause: Cause): Promise<void> {
    this.#end(cause);
    await this.#connection.close().catch(() => {});
  }

  #end(cause: Cause): void {
    this.#endedBy ??= cause;
    this.#cancelTouch?.();
    this.#wake();
    this.#wakePull();
  }

  /** Says of messages that wait for a slow reader that they are in good hands. */
  #touch(everyMs: number): void {
    this.#cancelTouch = this.#clock.setTimer(() => {
      for (const message of this.#open) message.working();
      this.#touch(everyMs);
    }, everyMs);
  }

  #makeBatch(messages: readonly JsMsg[], atMs: number): Batch {
    const builder = new BatchBuilder();
    for (const message of messages) {
      if (isLifecycle(message)) continue;
      const flags = classifyText(message.data);
      if (flags >= 0) builder.add(message.data, flags);
      else builder.discard('not JSON');
    }
    const batch = builder.take(atMs);
    this.#messagesOf.set(batch, messages);
    return batch;
  }
}

const NANOS_PER_MS = 1_000_000n;

/** When the stream took the message, ms since the epoch. */
function storedAtMs({ timestampNanos }: JsMsg): number {
  return Number(timestampNanos / NANOS_PER_MS);
}

/** What a relay noted about its own connection. */
function isLifecycle({ headers }: JsMsg): boolean {
  return headers?.get(HEADERS.kind) === HEADERS.lifecycle;
}

const isEvent = (message: JsMsg): boolean => !isLifecycle(message) && classifyText(message.data) >= 0;
