// What an `EventStream` yields: single events, or with `items()` batches and lifecycle items; and the error at its end.
//
// Public API, except where marked internal: a change is a breaking change.
import type { Cause, Connecting, EndReason, Gap, Lost, Notice, Retrying } from '../connection/lifecycle.ts';
import { AtlantisError, type ExitCode, isAtlantisError } from '../errors.ts';
import { type Batch, flagsOf, textOf } from '../events/batch.ts';
import { TYPE_FIELDS } from '../events/event-type.ts';
import { type DiscardReason, decodeText, MESSAGE } from '../events/message-text.ts';
import { escapeJsonCommands } from '../render/ci-commands.ts';
import { makeSafeLine } from '../render/ndjson.ts';

export class StreamEvent {
  /** Kept when bundles are minified. @internal */
  static readonly name = 'StreamEvent';
  /** The exact text of the server: numbers of any size, key order and escapes as sent. */
  readonly text: string;
  /** Wall clock on receipt, ms since the epoch. */
  readonly receivedAtMs: number;
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** Sequence number in this stream, from 1; events that filters drop are not counted. */
  readonly seq: number;
  readonly #flags: number;
  #parsed: { readonly value: unknown } | undefined;

  /** @internal */
  constructor(bytes: Buffer, flags: number, receivedAtMs: number, connection: number, seq: number) {
    this.#flags = flags & (MESSAGE.lineBreak | MESSAGE.unsafeCharacter);
    this.text = decodeText(bytes, flags);
    this.receivedAtMs = receivedAtMs;
    this.connection = connection;
    this.seq = seq;
  }

  /**
   * The result of JSON.parse, parsed on first access. **It rounds**: numbers beyond 2^53, such as on-chain
   * amounts, lose their last digits. `text` has all digits; docs/library.md shows how to read them.
   */
  get value(): unknown {
    this.#parsed ??= { value: JSON.parse(this.text) };
    return this.#parsed.value;
  }

  /** The first of the members `type`, `event_type` and `event` that is a string, if any. */
  get type(): string | undefined {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const members = value as Readonly<Record<string, unknown>>;
    const field = TYPE_FIELDS.find(
      (name) => Object.hasOwn(members, name) && typeof members[name] === 'string',
    );
    return field === undefined ? undefined : (members[field] as string);
  }

  /**
   * The text as one line, without line feed, as `atlantis stream tail` prints it into a pipe. Raw line breaks become
   * spaces; characters that control a terminal or a CI system become `\uXXXX` (contract O1). The JSON value stays the
   * same.
   */
  get line(): string {
    if (this.#flags === 0 && !this.text.includes('##')) return this.text;
    return escapeJsonCommands(makeSafeLine(Buffer.from(this.text), this.#flags)).toString('utf8');
  }
}

/** Error of a stream that was refused or given up; the iteration rejects with it. */
export class StreamEndedError extends AtlantisError {
  /** Kept when bundles are minified. @internal */
  static override readonly name: string = 'StreamEndedError';
  /** What ended the last attempt or connection. Unlike the message, its texts are not sanitized. */
  override readonly cause: Cause;
  /** Why it was not retried. */
  readonly why: EndReason;

  /** @internal */
  constructor(message: string, hint: string, end: { cause: Cause; exitCode: ExitCode; why: EndReason }) {
    super(message, end.exitCode, hint);
    this.cause = end.cause;
    this.why = end.why;
  }
}

/**
 * Passes each item to `take`, until the stream ends or `take` resolves to false. The next item is pulled only after
 * `take` has resolved, which is the only back-pressure.
 *
 * @returns the error of a stream that gave up
 */
export async function pump<T>(
  items: AsyncIterable<T>,
  take: (item: T) => Promise<boolean> | boolean,
): Promise<StreamEndedError | undefined> {
  try {
    for await (const item of items) if (!(await take(item))) break;
  } catch (error) {
    // Another bundle may have its own StreamEndedError.
    if (isAtlantisError(error) && 'why' in error) return error as StreamEndedError;
    throw error;
  }
  return undefined;
}

export type { Connecting, Gap, Lost, Notice, Retrying } from '../connection/lifecycle.ts';

/** The service has accepted the key. */
export interface Connected {
  readonly kind: 'connected';
  /** 1 for the first connection of the stream. */
  readonly connection: number;
  /** Host, and port if it is not the default of the scheme. */
  readonly host: string;
  /** The prefix of the key that the service accepted; no more of a key is ever shown. */
  readonly keyPrefix: string;
  /** The prefix of the key in use. If the two differ, another key was accepted and may be charged. */
  readonly expectedKeyPrefix: string;
  /** Include it when you contact support. */
  readonly requestId: string;
  /** Wall clock, ms since the epoch. */
  readonly atMs: number;
  /** True for an additional connection, which does not replace a lost one. */
  readonly isAdditional?: boolean;
}

/** Messages that are not events. */
export interface Discarded {
  readonly kind: 'discarded';
  readonly connection: number;
  /** One reason for each message. */
  readonly reasons: readonly DiscardReason[];
}

/** Events that arrived together. */
export interface Events {
  readonly kind: 'events';
  readonly batch: EventBatch;
}

/** A stream that gives up ends with a StreamEndedError instead of an item. */
export type StreamItem = Connecting | Connected | Events | Discarded | Lost | Retrying | Gap | Notice;

/** The events that arrived together and passed the filters; possibly none. */
export class EventBatch implements Iterable<StreamEvent> {
  /** Kept when bundles are minified. @internal */
  static readonly name = 'EventBatch';
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** Sequence number of the first event, from 1. */
  readonly firstSeq: number;
  /** The events before the filters. @internal */
  readonly received: Batch;
  /** The events that passed the filters. @internal */
  readonly wanted: Batch;

  /** @internal */
  constructor(received: Batch, wanted: Batch, connection: number, firstSeq: number) {
    this.received = received;
    this.wanted = wanted;
    this.connection = connection;
    this.firstSeq = firstSeq;
  }

  /** Number of events. */
  get size(): number {
    return this.wanted.count;
  }

  /** Wall clock on receipt, ms since the epoch. */
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
