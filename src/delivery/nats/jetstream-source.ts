// A JetStream stream as a source, with the items and the retry policy of the live stream. After a loss it resumes after
// the last message that was handed out, so there is a gap only if the stream has dropped messages (consumer.ts).
import type { JsMsg } from '@nats-io/jetstream';
import type { Clock } from '../../clock.ts';
import { followStream, RetryDelay } from '../../connection/follow.ts';
import { type Cause, describeCause, type Gap } from '../../connection/lifecycle.ts';
import type { PolicyConfig } from '../../connection/retry-policy.ts';
import { type Batch, textOf } from '../../events/batch.ts';
import type { LiveSource } from '../../session/source.ts';
import type { NatsConfig } from '../../settings/nats-settings.ts';
import { type Connected, EventBatch, StreamEndedError, type StreamItem } from '../../stream/items.ts';
import type { StatusRecord } from '../../ui/reporter.ts';
import { sayConnectedTo } from '../from/messages.ts';
import { classifyNatsError, createConnector } from './client.ts';
import { type FoundConsumer, findConsumer, type SeenStream, type WantedConsumer } from './consumer.ts';
import { STREAM_DETAILS } from './messages.ts';
import { MAX_PULL_BYTES, PullConnection, type PullHistory } from './pull-connection.ts';

interface JetStreamSourceConfig {
  readonly nats: NatsConfig;
  readonly wanted: WantedConsumer;
  readonly policy: PolicyConfig;
  /** Undefined: all events are wanted. */
  readonly select: ((batch: Batch) => Batch) | undefined;
}

interface JetStreamSourceDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Called each time the stream is ready to be read. */
  onFound(found: FoundConsumer): void;
}

export class JetStreamSource implements LiveSource {
  readonly kind = 'live';
  readonly resumesAfterLoss = true;
  readonly host: string;
  readonly #config: JetStreamSourceConfig;
  readonly #deps: JetStreamSourceDeps;
  readonly #connectNats: ReturnType<typeof createConnector>;
  readonly #history: PullHistory = { done: new Map(), largestBytes: 0, pullBytes: MAX_PULL_BYTES };
  #connection: PullConnection | undefined;
  /** The creation time of the stream. */
  #created: string | undefined;
  #nextSeq: number | undefined;
  /** The last message that was handed out. */
  #last: JsMsg | undefined;
  #lastStoredAtMs: number | undefined;
  /** The last message that was read: the server delivers it once more. PullConnection drops it if it is unchanged. */
  #comparedSeq: number | undefined;
  /** Another message now has the sequence number `#comparedSeq`. */
  #isReplaced = false;
  #found: FoundConsumer | undefined;
  /** The time of the last byte before the connection was lost. */
  #lostAtMs: number | undefined;
  readonly #retryDelay = new RetryDelay();

  constructor(config: JetStreamSourceConfig, deps: JetStreamSourceDeps) {
    const { nats, wanted } = config;
    this.#config = config;
    this.#connectNats = createConnector(nats);
    this.#deps = deps;
    this.host = `${nats.address.host}/${wanted.stream}`;
  }

  async *items(signal: AbortSignal): AsyncGenerator<StreamItem, void, undefined> {
    const { clock, random } = this.#deps;
    const { policy, select } = this.#config;
    const connect = (): Promise<PullConnection | Cause | undefined> => this.#connect(signal);
    const context = { clock, random, signal, connect, retryDelay: this.#retryDelay };
    let seq = 1;
    for await (const item of followStream(policy, context)) {
      if (item.kind === 'gave-up') {
        const { happened, remedy } = describeCause(item.cause);
        throw new StreamEndedError(happened, remedy, item);
      }
      // A loss is not a gap here, because reading resumes after the last message.
      if (item.kind === 'gap') continue;
      if (item.kind === 'lost') this.#lostAtMs = item.lastByteAtMs;
      if (item.kind === 'connected') {
        const { connection } = item;
        const noKey = { keyPrefix: '', expectedKeyPrefix: '', requestId: '' };
        yield { kind: 'connected', connection, host: this.host, atMs: clock.wallMs(), ...noKey };
        const gap = this.#describeMissed();
        if (gap !== undefined) yield gap;
      } else if (item.kind === 'events') {
        const { batch, connection } = item;
        if (this.#isReplacedBy(batch)) {
          await this.#connection?.abandon();
          continue;
        }
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

  sayConnected({ host, connection }: Connected): StatusRecord {
    return sayConnectedTo(host, connection);
  }

  retryNow(): void {
    this.#retryDelay.end();
  }

  acknowledge({ received, wanted }: EventBatch, delivered: number, isLast: boolean): void {
    const isAll = delivered >= wanted.count && !isLast;
    const events = isAll ? undefined : countUpTo(received, wanted, delivered);
    this.#connection?.acknowledge(received, events);
  }

  async #connect(signal: AbortSignal): Promise<PullConnection | Cause | undefined> {
    const { nats, wanted } = this.#config;
    const { clock, onFound } = this.#deps;
    const { host } = nats.address;
    const connection = await this.#connectNats(signal);
    if (connection === undefined || 'kind' in connection) return connection;
    try {
      const seen = this.#seen;
      const found = await findConsumer(connection, wanted, seen, nats.connectTimeoutMs);
      this.#noteFound(found, seen);
      this.#connection = new PullConnection(connection, found, host, clock, this.#history);
      onFound(found);
      return this.#connection;
    } catch (error) {
      await connection.close().catch(() => {});
      const cause = classifyNatsError(error, host);
      return cause.kind === 'nats-no-stream' ? { ...cause, detail: wanted.stream } : cause;
    }
  }

  get #seen(): SeenStream | undefined {
    if (this.#created === undefined) return undefined;
    const nextSeq = this.#nextSeq;
    const readSeq = this.#last === undefined || nextSeq === undefined ? undefined : nextSeq - 1;
    return { created: this.#created, readSeq, nextSeq, isReplaced: this.#isReplaced };
  }

  #noteFound(found: FoundConsumer, seen: SeenStream | undefined): void {
    const { created, missed, nextSeq, isResumed } = found;
    this.#created = created;
    this.#found = found;
    if (missed === undefined) this.#nextSeq ??= nextSeq;
    else this.#nextSeq = nextSeq;
    const isRecreated = missed?.kind === 'nats-recreated';
    if (isRecreated) this.#last = undefined;
    this.#comparedSeq = isRecreated || isResumed ? undefined : seen?.readSeq;
    this.#isReplaced = false;
  }

  #describeMissed(): Gap | undefined {
    const { missed } = this.#found ?? {};
    if (missed === undefined) return undefined;
    const toMs = this.#deps.clock.wallMs();
    const { kind, detail, sinceMs = this.#lostAtMs ?? toMs } = missed;
    return toGap(sinceMs, toMs, { kind, host: this.host, detail });
  }

  /** True if another message now has a sequence number that was already read. */
  #isReplacedBy(batch: Batch): boolean {
    const ends = this.#connection?.endsOf(batch);
    if (ends === undefined || this.#comparedSeq === undefined) return false;
    this.#isReplaced ||= ends.first.seq <= this.#comparedSeq;
    return this.#isReplaced;
  }

  /** Returns a gap if the stream dropped messages before the batch. */
  #noteBatch(batch: Batch): Gap | undefined {
    const ends = this.#connection?.endsOf(batch);
    if (ends === undefined) return undefined;
    const { first, last } = ends;
    const [before, nextSeq, fromMs] = [this.#last, this.#nextSeq ?? 0, this.#lastStoredAtMs];
    this.#last = last;
    this.#nextSeq = Math.max(nextSeq, last.seq + 1);
    this.#lastStoredAtMs = batch.receivedAtMs;
    if (!this.#isDurable) {
      this.#history.done.clear();
      this.#history.done.set(last.seq, last.timestampNanos);
    }
    if (fromMs === undefined || first.seq <= nextSeq || !this.#followsOn(before, first)) return undefined;
    const cause: Cause = {
      kind: 'nats-trimmed',
      host: this.host,
      detail: STREAM_DETAILS.trimmed(nextSeq, first.seq),
    };
    return toGap(fromMs, batch.receivedAtMs, cause);
  }

  /** True if no other reader of the same durable consumer got a message in between. */
  #followsOn(before: JsMsg | undefined, { info, redelivered }: JsMsg): boolean {
    if (!this.#isDurable) return true;
    if (before === undefined || before.redelivered || redelivered || this.#found?.isFiltered) return false;
    return info.deliverySequence === before.info.deliverySequence + 1;
  }

  get #isDurable(): boolean {
    return this.#config.wanted.durable !== undefined;
  }
}

/** How many received events can be acknowledged once the first `delivered` wanted events have left this process. */
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

/** The times may be from the clocks of two machines, so their difference may be negative. */
function toGap(fromMs: number, toMs: number, cause: Cause): Gap {
  return { kind: 'gap', fromMs, toMs, durationMs: Math.max(0, toMs - fromMs), cause };
}
