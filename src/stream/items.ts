// What a consumer of `EventStream.items()` is given, in order: the types, an event, a batch of events, and the error
// that ends an iteration.
//
// What is exported here is API: a change of it is a breaking change.
import type { Cause } from '../connection/causes.ts';
import type { Connecting, Gap, Lost, Retrying } from '../connection/items.ts';
import type { EndReason } from '../connection/policy.ts';
import { AtlantisError, type ExitCode, isAtlantisError } from '../errors.ts';
import { type Batch, flagsOf, textOf } from '../events/batch.ts';
import { TYPE_FIELDS } from '../events/match-type.ts';
import { type DiscardReason, decodeText, MESSAGE } from '../events/messages.ts';
import { escapeJsonCommands } from '../render/ci-commands.ts';
import { makeSafeLine } from '../render/ndjson.ts';

export class StreamEvent {
  /** Bundles are minified, names that people see are not. @internal */
  static readonly name = 'StreamEvent';
  /** The server's own text, exact: numbers of any size, key order and escapes as sent. */
  readonly text: string;
  /** Wall clock when it came, ms since the epoch. */
  readonly receivedAtMs: number;
  /** Number of the connection that brought it, from 1. */
  readonly connection: number;
  /** Number of the event in this stream, from 1, without those that filters left out. */
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
   * What JSON.parse makes of the text, parsed when first asked for. **It rounds**: numbers beyond 2^53, as
   * on-chain amounts are, lose their last digits; `text` has them all (docs/library.md says how to get at them).
   */
  get value(): unknown {
    this.#parsed ??= { value: JSON.parse(this.text) };
    return this.#parsed.value;
  }

  /** The type: the first of the members `type`, `event_type` and `event` that is a string; undefined without. */
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
   * The text as one line without its end: what `atlantis stream tail` prints into a pipe. Equal to `text` as a
   * JSON value; raw line breaks are spaces, and characters that steer a terminal are `\uXXXX` (contract O1).
   */
  get line(): string {
    if (this.#flags === 0 && !this.text.includes('##')) return this.text;
    return escapeJsonCommands(makeSafeLine(Buffer.from(this.text), this.#flags)).toString('utf8');
  }
}

/** The stream was refused, or lost and given up: what an iteration over it rejects with. */
export class StreamEndedError extends AtlantisError {
  /** Bundles are minified, names that people see are not. @internal */
  static override readonly name: string = 'StreamEndedError';
  /** What ended the last attempt or connection. Unlike the message, its texts are the other side's own. */
  override readonly cause: Cause;
  /** Why it was not, or not again, tried. */
  readonly why: EndReason;

  /** @internal */
  constructor(message: string, hint: string, end: { cause: Cause; exitCode: ExitCode; why: EndReason }) {
    super(message, end.exitCode, hint);
    this.cause = end.cause;
    this.why = end.why;
  }
}

/** Whether it is a StreamEndedError, also of another bundle. */
export function isStreamEnded(error: unknown): error is StreamEndedError {
  return isAtlantisError(error) && 'why' in error;
}

const OPTIONS: readonly (readonly [flag: string, option: string])[] = [
  ['--ca-cert <file>', 'the option ca'],
  ['--connect-timeout', 'the option connectTimeoutMs'],
  ['--ping-interval', 'the options pingIntervalMs'],
  ['--pong-timeout', 'pongTimeoutMs'],
  ['--url', 'the option url'],
];

/** A hint about flags of the command in terms of the options of `stream()`. */
export function speakOfOptions(hint: string): string {
  return OPTIONS.reduce((text, [flag, option]) => text.replaceAll(flag, option), hint);
}

export type { Connecting, Gap, Lost, Retrying } from '../connection/items.ts';

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
