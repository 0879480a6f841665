// What a consumer of `EventStream.items()` is given, in order. Types, and the batch of events.
//
// What is exported here is API: a change of it is a breaking change.
import type { Connecting, Gap, Lost, Retrying } from '../connection/follow.ts';
import { type Batch, flagsOf, textOf } from '../events/batch.ts';
import type { DiscardReason } from '../events/messages.ts';
import { StreamEvent } from './event.ts';

export type { Connecting, Gap, Lost, Retrying } from '../connection/follow.ts';

/** The service has welcomed the key. */
export interface Connected {
  readonly kind: 'connected';
  /** 1 for the first connection of the stream. */
  readonly connection: number;
  /** Host and, if it is not the scheme's own, port. */
  readonly host: string;
  /** The beginning of the key that the service accepted; no more of a key is ever shown. */
  readonly keyPrefix: string;
  /** The beginning of the key in use. Another one was accepted where the two differ: somebody else's may be charged. */
  readonly expectedKeyPrefix: string;
  /** What support asks for. */
  readonly requestId: string;
  /** Wall clock, ms since the epoch. */
  readonly atMs: number;
}

/** Messages came that are no events. */
export interface Discarded {
  readonly kind: 'discarded';
  readonly connection: number;
  /** Why, one entry a message. */
  readonly reasons: readonly DiscardReason[];
}

/** Events that came together. */
export interface Events {
  readonly kind: 'events';
  readonly batch: EventBatch;
}

/** What happens, in order. A stream that gave up ends with a StreamEndedError instead of an item. */
export type StreamItem = Connecting | Connected | Events | Discarded | Lost | Retrying | Gap;

/** Events that came together, without those that filters leave out: an iterable, possibly empty. */
export class EventBatch implements Iterable<StreamEvent> {
  /** Bundles are minified, names that people see are not. @internal */
  static readonly name = 'EventBatch';
  /** Number of the connection that brought them. */
  readonly connection: number;
  /** Number of the first event in the stream, from 1. */
  readonly firstSeq: number;
  /**
   * As they came from the connection, with those that filters leave out.
   * @internal
   */
  readonly received: Batch;
  /** @internal */
  readonly wanted: Batch;

  /** @internal */
  constructor(received: Batch, wanted: Batch, connection: number, firstSeq: number) {
    this.received = received;
    this.wanted = wanted;
    this.connection = connection;
    this.firstSeq = firstSeq;
  }

  /** How many they are. */
  get size(): number {
    return this.wanted.count;
  }

  /** Wall clock when they came, ms since the epoch. */
  get receivedAtMs(): number {
    return this.received.receivedAtMs;
  }

  *[Symbol.iterator](): Generator<StreamEvent, void, undefined> {
    const { wanted, receivedAtMs, connection, firstSeq } = this;
    for (let i = 0; i < wanted.count; i += 1) {
      yield new StreamEvent(textOf(wanted, i), flagsOf(wanted, i), receivedAtMs, connection, firstSeq + i);
    }
  }
}
