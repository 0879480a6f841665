// Messages that were published and wait for JetStream's word, each under a reply subject of its own.
//
// The client's own publish makes a timer and several promises for each message; this makes none, and sees at once
// when the oldest has waited for too long.
import type { Msg } from '@nats-io/transport-node';
import type { Clock } from '../../clock.ts';
import type { Cause } from '../../connection/lifecycle.ts';
import { type ApiError, classifyApiError } from './connect.ts';

/** JetStream's word on one message. */
type Acknowledgement =
  | { readonly kind: 'kept'; readonly isDuplicate: boolean }
  | { readonly kind: 'too-large'; readonly why: string }
  | { readonly kind: 'failed'; readonly cause: Cause };

interface Waiting {
  readonly sinceMs: number;
  settle(word: Acknowledgement): void;
}

/** The only stream whose acknowledgement counts. */
export interface ExpectedStream {
  readonly name: string;
  /** The JetStream domain of the server, where it has one: another domain may have a stream of the same name. */
  readonly domain: string | undefined;
}

interface PubAnswer {
  readonly error?: ApiError;
  readonly duplicate?: boolean;
  readonly stream?: string;
  readonly domain?: string;
  readonly seq?: number;
}

/** Errors of a message, not of the stream: the message, or its headers, are larger than it allows. */
const TOO_LARGE = new Set([10054, 10097]);

export class Acknowledgements {
  readonly #host: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #expected: ExpectedStream;
  /** In the order of sending. */
  readonly #waiting = new Map<string, Waiting>();
  #sent = 0;
  #cancelLook: (() => void) | undefined;

  /** @param timeoutMs a message that waits for longer has failed, and with it all others */
  constructor(host: string, clock: Clock, timeoutMs: number, expected: ExpectedStream) {
    this.#expected = expected;
    this.#host = host;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** The last token of a reply subject that nobody has used yet, and the word that comes to it. */
  expect(): { readonly token: string; readonly word: Promise<Acknowledgement> } {
    this.#sent += 1;
    const token = this.#sent.toString(36);
    const word = new Promise<Acknowledgement>((settle) => {
      this.#waiting.set(token, { sinceMs: this.#clock.monotonicMs(), settle });
    });
    this.#cancelLook ??= this.#clock.setTimer(() => this.#look(), this.#timeoutMs);
    return { token, word };
  }

  /** Takes what came to a reply subject. */
  take(token: string, message: Msg): void {
    const waiting = this.#waiting.get(token);
    this.#waiting.delete(token);
    waiting?.settle(this.#read(message));
  }

  /** Nothing more will come. */
  failAll(cause: Cause): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { settle } of all) settle({ kind: 'failed', cause });
  }

  #read(message: Msg): Acknowledgement {
    const host = this.#host;
    if (message.headers?.code === 503) {
      const detail = 'no stream takes the message';
      return { kind: 'failed', cause: { kind: 'nats-unavailable', host, detail } };
    }
    try {
      const answer = message.json<PubAnswer>();
      const { error, stream } = answer;
      if (error !== undefined) {
        if (TOO_LARGE.has(error.err_code ?? 0)) return { kind: 'too-large', why: error.description ?? '' };
        return { kind: 'failed', cause: classifyApiError(error, host) };
      }
      if (typeof stream === 'string') return this.#judge(answer);
    } catch {
      // As below: an answer in another form confirms nothing.
    }
    const detail = 'the answer to a message is not an acknowledgement';
    return { kind: 'failed', cause: { kind: 'not-nats', host, detail } };
  }

  #judge({ stream, domain, seq, duplicate = false }: PubAnswer): Acknowledgement {
    const host = this.#host;
    const { name, domain: expectedDomain } = this.#expected;
    if (stream !== name || domain !== expectedDomain) {
      const where = domain === undefined ? '' : ` of the domain ${domain}`;
      const detail = `a message went to ${stream}${where} instead of ${name}`;
      return { kind: 'failed', cause: { kind: 'nats-other-stream', host, detail } };
    }
    if (typeof seq === 'number' && seq > 0) return { kind: 'kept', isDuplicate: duplicate };
    // A cluster says so of a duplicate whose first copy is not replicated yet, and may still lose it.
    const detail = 'an acknowledgement without a sequence number: the message may not be stored';
    return { kind: 'failed', cause: { kind: 'nats-unavailable', host, detail } };
  }

  #look(): void {
    this.#cancelLook = undefined;
    const [oldest] = this.#waiting.values();
    if (oldest === undefined) return;
    const leftMs = oldest.sinceMs + this.#timeoutMs - this.#clock.monotonicMs();
    if (leftMs > 0) this.#cancelLook = this.#clock.setTimer(() => this.#look(), leftMs);
    else {
      const detail = `no acknowledgement within ${Math.round(this.#timeoutMs)} ms`;
      this.failAll({ kind: 'timed-out', host: this.#host, detail });
    }
  }
}
