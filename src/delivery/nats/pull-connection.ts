// Pulls the messages of a JetStream stream, with the interface that the connect loop expects of a connection.
// Everything that arrived before the end is handed out.
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../clock.ts';
import type { Cause } from '../../connection/lifecycle.ts';
import { ENDINGS } from '../../connection/messages.ts';
import { type Batch, BatchBuilder } from '../../events/batch.ts';
import { classifyText } from '../../events/scanner.ts';
import { classifyNatsError, HEADERS, untilClosed } from './client.ts';
import { createInitialOrder, type FoundConsumer } from './consumer.ts';
import { STREAM_DETAILS } from './messages.ts';

const PULL_MESSAGES = 256;
/** Bounds for the bytes of a pull, which are estimated from the largest message so far. */
const MIN_PULL_BYTES = 1024 * 1024;
export const MAX_PULL_BYTES = 16 * 1024 * 1024;
const PULL_EXPIRES_MS = 30_000;
/** Short, because the end of a run waits for the last pull of a durable consumer to expire. */
const DURABLE_PULL_EXPIRES_MS = 1_000;
/** How long the last acknowledgements may take to be sent. */
const LAST_ACKS_MS = 500;
/** Messages that were passed on are remembered in case an acknowledgement is lost. */
const REMEMBERED = 4_096;
/** Number of times the acknowledgement deadline is extended within one ack wait. */
const EXTENSIONS = 3;

/** The state that all connections of a run share. */
export interface PullHistory {
  /** Timestamps of the messages that were passed on, by sequence number. A new stream reuses the numbers. */
  readonly done: Map<number, bigint>;
  largestBytes: number;
  /**
   * Maximum for one pull. A server closes a connection on which it has to send more than its `max_pending`, by default
   * 64 MiB. The client does not know this limit, so every loss halves the maximum.
   */
  pullBytes: number;
}

export class PullConnection {
  lastByteAtMs: number;
  readonly #host: string;
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #found: FoundConsumer;
  readonly #initialOrder: ReturnType<typeof createInitialOrder>;
  readonly #history: PullHistory;
  #arrived: JsMsg[] = [];
  #arrivedBytes = 0;
  readonly #unacknowledged = new Set<JsMsg>();
  readonly #messagesOf = new WeakMap<Batch, readonly JsMsg[]>();
  #pull: ConsumerMessages | undefined;
  readonly #reading: Promise<void>;
  /** The delivery sequence of the last message of a durable consumer. */
  #deliveredTo = 0;
  #wake: () => void = () => {};
  #wakePull: () => void = () => {};
  #endedBy: Cause | undefined;
  #cancelExtend: (() => void) | undefined;

  constructor(
    connection: NatsConnection,
    found: FoundConsumer,
    host: string,
    clock: Clock,
    history: PullHistory,
  ) {
    this.#history = history;
    this.#connection = connection;
    this.#found = found;
    this.#host = host;
    this.#clock = clock;
    this.lastByteAtMs = clock.wallMs();
    this.#initialOrder = createInitialOrder(found, clock, (messages) => this.#add(messages));
    if (found.ackWaitMs !== undefined) this.#extendDeadlines(found.ackWaitMs / EXTENSIONS);
    void untilClosed(connection, host).then((cause) => {
      if (this.#endedBy === undefined) history.pullBytes = Math.max(MIN_PULL_BYTES, history.pullBytes / 2);
      this.#end(cause);
    });
    this.#reading = this.#read(found.consumer);
  }

  get endedBy(): Cause {
    return this.#endedBy ?? { kind: 'dropped', host: this.#host, detail: ENDINGS.byClient };
  }

  get #usesAcks(): boolean {
    return this.#found.ackWaitMs !== undefined;
  }

  /** The next messages, as many as were stored in the same millisecond; undefined at the end. */
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
    const messages = this.#arrived.splice(0, next < 0 ? this.#arrived.length : next);
    for (const { data } of messages) this.#arrivedBytes -= data.length;
    this.#wakePull();
    return this.#makeBatch(messages, atMs);
  }

  endsOf(batch: Batch): { readonly first: JsMsg; readonly last: JsMsg } | undefined {
    const messages = this.#messagesOf.get(batch) ?? [];
    const [first, last] = [messages[0], messages.at(-1)];
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  /** @param events acknowledges only the first `events` events; default: all messages */
  acknowledge(batch: Batch, events?: number): void {
    if (!this.#usesAcks) return;
    let left = events;
    for (const message of this.#messagesOf.get(batch) ?? []) {
      if (left !== undefined && isEvent(message)) left -= 1;
      if (left !== undefined && left < 0) return;
      this.#unacknowledged.delete(message);
      this.#history.done.set(message.seq, message.timestampNanos);
      if (this.#endedBy === undefined) message.ack();
    }
    for (const seq of this.#history.done.keys()) {
      if (this.#history.done.size <= REMEMBERED) break;
      this.#history.done.delete(seq);
    }
  }

  /** Closes the connection and drops what arrived, because the stream is not the expected one. */
  abandon(): Promise<void> {
    this.#arrived = [];
    this.#arrivedBytes = 0;
    return this.#break({
      kind: 'nats-recreated',
      host: this.#host,
      detail: STREAM_DETAILS.reused,
    });
  }

  async close(): Promise<void> {
    this.#initialOrder.cancel();
    this.#cancelExtend?.();
    if (this.#endedBy !== undefined) return;
    this.#end(this.endedBy);
    if (this.#unacknowledged.size === 0) this.#pull?.stop();
    else await this.#nakUnacknowledged();
    await this.#connection.close().catch(() => {});
  }

  /**
   * Gives back unacknowledged messages, so that the next reader gets them at once. The last pull has to expire first,
   * because nats-server up to 2.10 would deliver the messages again into an abandoned pull.
   */
  async #nakUnacknowledged(): Promise<void> {
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.setTimer(resolve, DURABLE_PULL_EXPIRES_MS + LAST_ACKS_MS);
    });
    const nakAll = async (): Promise<void> => {
      await this.#reading;
      for (const message of this.#unacknowledged) message.nak();
      await this.#connection.flush();
    };
    try {
      await Promise.race([nakAll(), late]);
    } catch {
      // The connection is lost. The server redelivers the messages after the ack wait.
    } finally {
      cancel();
    }
  }

  async #read(consumer: Consumer): Promise<void> {
    const expires = this.#usesAcks ? DURABLE_PULL_EXPIRES_MS : PULL_EXPIRES_MS;
    try {
      while (this.#endedBy === undefined) {
        this.#pull = await consumer.fetch({ max_messages: this.#pullSize, expires });
        for await (const message of this.#pull) {
          if (this.#isFromAnotherConsumer(message)) {
            const detail = STREAM_DETAILS.consumerRecreated;
            return await this.#break({ kind: 'nats-recreated', host: this.#host, detail });
          }
          this.#receive(message);
        }
        const hasPaused = this.#isFull;
        while (this.#isFull && this.#endedBy === undefined) {
          await new Promise<void>((resolve) => {
            this.#wakePull = resolve;
          });
        }
        // The consumer may have been deleted in the pause. A fetch would notice that only by a timeout.
        if (hasPaused && this.#endedBy === undefined) await consumer.info();
      }
    } catch (error) {
      if (this.#endedBy === undefined) await this.#break(classifyNatsError(error, this.#host));
    }
  }

  /** Before the first message, the largest allowed size is assumed. */
  get #pullSize(): number {
    const { largestBytes, pullBytes } = this.#history;
    const expectedBytes = largestBytes || (this.#connection.info?.max_payload ?? 1);
    return Math.max(1, Math.min(PULL_MESSAGES, Math.floor(pullBytes / expectedBytes)));
  }

  get #isFull(): boolean {
    return this.#arrived.length >= PULL_MESSAGES || this.#arrivedBytes >= MAX_PULL_BYTES;
  }

  /** True if a consumer of the same name has replaced ours. */
  #isFromAnotherConsumer({ info }: JsMsg): boolean {
    if (!this.#usesAcks) return false;
    const isAnother = info.deliverySequence <= this.#deliveredTo;
    this.#deliveredTo = info.deliverySequence;
    return isAnother;
  }

  #receive(message: JsMsg): void {
    this.lastByteAtMs = this.#clock.wallMs();
    this.#history.largestBytes = Math.max(this.#history.largestBytes, message.data.length);
    if (this.#usesAcks) this.#unacknowledged.add(message);
    if (this.#endedBy === undefined) this.#add(this.#initialOrder.take(message));
  }

  #add(messages: readonly JsMsg[]): void {
    for (const message of messages) {
      if (this.#history.done.get(message.seq) !== message.timestampNanos) {
        this.#arrived.push(message);
        this.#arrivedBytes += message.data.length;
      } else if (this.#unacknowledged.delete(message)) {
        // The message was passed on before, but its acknowledgement was lost.
        message.ack();
      }
    }
    if (this.#arrived.length > 0) this.#wake();
  }

  async #break(cause: Cause): Promise<void> {
    this.#end(cause);
    await this.#connection.close().catch(() => {});
  }

  #end(cause: Cause): void {
    this.#endedBy ??= cause;
    this.#cancelExtend?.();
    this.#wake();
    this.#wakePull();
  }

  /** Extends the acknowledgement deadlines of messages that wait for a slow output. */
  #extendDeadlines(everyMs: number): void {
    this.#cancelExtend = this.#clock.setTimer(() => {
      for (const message of this.#unacknowledged) message.working();
      this.#extendDeadlines(everyMs);
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

/** Ms since the epoch. */
function storedAtMs({ timestampNanos }: JsMsg): number {
  return Number(timestampNanos / NANOS_PER_MS);
}

const isLifecycle = ({ headers }: JsMsg): boolean => headers?.get(HEADERS.kind) === HEADERS.lifecycle;
const isEvent = (message: JsMsg): boolean => !isLifecycle(message) && classifyText(message.data) >= 0;
