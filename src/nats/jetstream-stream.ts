// A JetStream stream, read like the live stream: the same items in the same order, over reconnects by the same
// policy, but without gaps: after a loss it goes on behind the last message that was handed out.
import type { Clock } from '../clock.ts';
import type { NatsSettings } from '../config/nats-settings.ts';
import { type Cause, describeCause } from '../connection/causes.ts';
import { type Connection, follow } from '../connection/follow.ts';
import type { Gap } from '../connection/items.ts';
import type { PolicySettings } from '../connection/policy.ts';
import type { DialSettings } from '../connection/settings.ts';
import { StreamEndedError } from '../library/errors.ts';
import { EventBatch, type StreamItem } from '../library/items.ts';
import { type Batch, textOf } from '../protocol/batch.ts';
import { classifyText } from '../protocol/scanner.ts';
import { connectNats } from './connect.ts';
import { type FoundConsumer, findConsumer, type WantedConsumer } from './consumer.ts';
import { classifyNatsError } from './faults.ts';
import { JetStreamConnection } from './jetstream-connection.ts';

export interface JetStreamStreamSettings {
  readonly nats: NatsSettings;
  readonly wanted: WantedConsumer;
  readonly policy: PolicySettings;
  /** Leaves the wanted events of a batch; undefined where all are. */
  readonly select: ((batch: Batch) => Batch) | undefined;
}

export interface JetStreamStreamWorld {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Called each time the stream is ready to be read. */
  onFound(found: FoundConsumer): void;
}

export class JetStreamStream {
  readonly host: string;
  readonly roundTripMs = undefined;
  readonly #settings: JetStreamStreamSettings;
  readonly #world: JetStreamStreamWorld;
  readonly #signal: AbortSignal;
  readonly #done = new Set<number>();
  #connection: JetStreamConnection | undefined;
  #knownServers: readonly string[] = [];
  /** The number of the message that comes next, where the server does not remember it. */
  #nextSeq: number | undefined;
  /** When the last message was stored that was handed out. */
  #lastStoredAtMs: number | undefined;

  constructor(settings: JetStreamStreamSettings, world: JetStreamStreamWorld, signal: AbortSignal) {
    const { nats, wanted } = settings;
    this.#settings = settings;
    this.#world = world;
    this.#signal = signal;
    this.host = `${nats.address.host}/${wanted.stream}`;
  }

  /** Everything that happens, in order. Rejects with a StreamEndedError when the stream is given up. */
  async *items(): AsyncGenerator<StreamItem, void, undefined> {
    const { clock, random } = this.#world;
    const { policy, select } = this.#settings;
    const context = { clock, random, signal: this.#signal, connect: () => this.#connect() };
    let seq = 1;
    for await (const item of follow({ dial: this.#describeDial(), policy }, context)) {
      if (item.kind === 'gave-up') {
        const { happened, remedy } = describeCause(item.cause);
        throw new StreamEndedError(happened, remedy, item);
      }
      // There is none: it goes on where it was.
      if (item.kind === 'gap') continue;
      if (item.kind === 'connected') {
        const { connection } = item;
        const nobody = { keyPrefix: '', expectedKeyPrefix: '', requestId: '' };
        yield { kind: 'connected', connection, host: this.host, atMs: clock.wallMs(), ...nobody };
      } else if (item.kind === 'events') {
        const { batch, connection } = item;
        const gap = this.#noteBatch(batch);
        if (gap !== undefined) yield gap;
        if (batch.discarded.length > 0) yield { kind: 'discarded', connection, reasons: batch.discarded };
        const wanted = select === undefined ? batch : select(batch);
        if (batch.count > 0) {
          yield { kind: 'events', batch: new EventBatch(batch, wanted, connection, seq) };
        } else this.#connection?.acknowledge(batch);
        seq += wanted.count;
      } else yield item;
    }
  }

  /** So many of the wanted events of a batch are where they were to go: see SourceTraits. */
  acknowledge({ received, wanted }: EventBatch, delivered: number, isLast: boolean): void {
    const isAll = delivered >= wanted.count && !isLast;
    const events = isAll ? undefined : countUpTo(received, wanted, delivered);
    this.#connection?.acknowledge(received, events);
  }

  async #connect(): Promise<Connection | Cause | undefined> {
    const { nats, wanted } = this.#settings;
    const { clock, onFound } = this.#world;
    const { host } = nats.address;
    const connection = await connectNats(nats, this.#knownServers, this.#signal);
    if (connection === undefined || 'kind' in connection) return connection;
    this.#knownServers = connection.info?.connect_urls ?? this.#knownServers;
    try {
      const start =
        this.#nextSeq === undefined ? wanted.start : ({ kind: 'seq', seq: this.#nextSeq } as const);
      const found = await findConsumer(connection, { ...wanted, start }, nats.connectTimeoutMs);
      this.#nextSeq ??= found.nextSeq;
      this.#connection = new JetStreamConnection(connection, found, host, clock, this.#done);
      onFound(found);
      return this.#connection;
    } catch (error) {
      await connection.close().catch(() => {});
      const cause = classifyNatsError(error, host);
      return cause.kind === 'nats-no-stream' ? { ...cause, detail: wanted.stream } : cause;
    }
  }

  /** A gap where the stream dropped messages before they were read. */
  #noteBatch(batch: Batch): Gap | undefined {
    const numbers = this.#connection?.numbersOf(batch);
    if (numbers === undefined || this.#settings.wanted.durable !== undefined) return undefined;
    const expected = this.#nextSeq;
    const fromMs = this.#lastStoredAtMs;
    this.#nextSeq = numbers.last + 1;
    this.#lastStoredAtMs = batch.receivedAtMs;
    if (expected === undefined || fromMs === undefined || numbers.first <= expected) return undefined;
    const detail = `messages ${expected} to ${numbers.first - 1} are gone`;
    const cause: Cause = { kind: 'nats-trimmed', host: this.host, detail };
    return { kind: 'gap', fromMs, toMs: batch.receivedAtMs, cause };
  }

  /** For the connect loop; what it says of the service is not used. */
  #describeDial(): DialSettings {
    const { nats } = this.#settings;
    return {
      url: '',
      host: this.host,
      key: '',
      userAgent: '',
      proxyUrl: undefined,
      trustedRoots: nats.trustedRoots,
      connectTimeoutMs: nats.connectTimeoutMs,
      keepalive: { pingIntervalMs: nats.pingIntervalMs, pongTimeoutMs: nats.pingIntervalMs },
      classify: classifyText,
    };
  }
}

/** How many of the received events are done with once the first `delivered` of the wanted ones are. */
function countUpTo(received: Batch, wanted: Batch, delivered: number): number {
  if (delivered === 0) return 0;
  let at = 0;
  for (let found = 0; at < received.count; at += 1) {
    if (!textOf(received, at).equals(textOf(wanted, found))) continue;
    found += 1;
    if (found === delivered) break;
  }
  return at + 1;
}
