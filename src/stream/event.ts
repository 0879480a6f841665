// One event of the stream: the server's own text, and what can be made of it.
//
// What is exported here is API: a change of it is a breaking change.
import { decodeText, MESSAGE } from '../events/messages.ts';
import { TYPE_FIELDS } from '../events/type-test.ts';
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
    if (this.#flags === 0) return this.text;
    return makeSafeLine(Buffer.from(this.text), this.#flags).toString('utf8');
  }
}
