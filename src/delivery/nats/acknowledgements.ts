// Published messages that wait for their acknowledgement from JetStream, each with its own reply subject.
//
// The publish function of the client creates a timer and several promises for each message; here one timer watches the
// oldest message.
import type { Msg } from '@nats-io/transport-node';
import type { Clock } from '../../clock.ts';
import type { Cause } from '../../connection/causes.ts';
import { type ApiError, classifyApiError } from './client.ts';

type Acknowledgement =
  | { readonly kind: 'kept'; readonly isDuplicate: boolean }
  | { readonly kind: 'too-large'; readonly why: string }
  | { readonly kind: 'failed'; readonly cause: Cause };

interface Waiting {
  readonly sinceMs: number;
  settle(acknowledgement: Acknowledgement): void;
}

/** The stream that has to acknowledge. */
export interface ExpectedStream {
  readonly name: string;
  /** The JetStream domain of the server, if any: another domain may have a stream of the same name. */
  readonly domain: string | undefined;
}

interface PublishResponse {
  readonly error?: ApiError;
  readonly duplicate?: boolean;
  readonly stream?: string;
  readonly domain?: string;
  readonly seq?: number;
}

/** The message or its headers are larger than the stream allows. */
const TOO_LARGE = new Set([10054, 10097]);

export class Acknowledgements {
  readonly #host: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #expected: ExpectedStream;
  /** In the order of sending. */
  readonly #waiting = new Map<string, Waiting>();
  #sent = 0;
  #cancelTimer: (() => void) | undefined;

  /** @param timeoutMs when one message has waited for longer, all of them have failed */
  constructor(host: string, clock: Clock, timeoutMs: number, expected: ExpectedStream) {
    this.#expected = expected;
    this.#host = host;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** The last token of an unused reply subject, and the acknowledgement that will arrive there. */
  expect(): { readonly token: string; readonly acknowledged: Promise<Acknowledgement> } {
    this.#sent += 1;
    const token = this.#sent.toString(36);
    const acknowledged = new Promise<Acknowledgement>((settle) => {
      this.#waiting.set(token, { sinceMs: this.#clock.monotonicMs(), settle });
    });
    this.#cancelTimer ??= this.#clock.setTimer(() => this.#checkOldest(), this.#timeoutMs);
    return { token, acknowledged };
  }

  /** Takes a message that arrived at a reply subject. */
  take(token: string, message: Msg): void {
    const waiting = this.#waiting.get(token);
    this.#waiting.delete(token);
    waiting?.settle(this.#read(message));
  }

  failAll(cause: Cause): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { settle } of all) settle({ kind: 'failed', cause });
  }

  #read(message: Msg): Acknowledgement {
    const host = this.#host;
    if (message.headers?.code === 503) {
      const detail = 'no stream accepts the message';
      return { kind: 'failed', cause: { kind: 'nats-unavailable', host, detail } };
    }
    try {
      const response = message.json<PublishResponse>();
      const { error, stream } = response;
      if (error !== undefined) {
        if (TOO_LARGE.has(error.err_code ?? 0)) return { kind: 'too-large', why: error.description ?? '' };
        return { kind: 'failed', cause: classifyApiError(error, host) };
      }
      if (typeof stream === 'string') return this.#judge(response);
    } catch {
      // Not an acknowledgement.
    }
    const detail = 'the response to a message is not an acknowledgement';
    return { kind: 'failed', cause: { kind: 'not-nats', host, detail } };
  }

  #judge({ stream, domain, seq, duplicate = false }: PublishResponse): Acknowledgement {
    const host = this.#host;
    const { name, domain: expectedDomain } = this.#expected;
    if (stream !== name || domain !== expectedDomain) {
      const where = domain === undefined ? '' : ` of the domain ${domain}`;
      const detail = `a message went to ${stream}${where} instead of ${name}`;
      return { kind: 'failed', cause: { kind: 'nats-other-stream', host, detail } };
    }
    if (typeof seq === 'number' && seq > 0) return { kind: 'kept', isDuplicate: duplicate };
    // In a cluster: a duplicate whose first copy is not replicated yet and may still be lost.
    const detail = 'an acknowledgement without a sequence number: the message may not be stored';
    return { kind: 'failed', cause: { kind: 'nats-unavailable', host, detail } };
  }

  #checkOldest(): void {
    this.#cancelTimer = undefined;
    const [oldest] = this.#waiting.values();
    if (oldest === undefined) return;
    const leftMs = oldest.sinceMs + this.#timeoutMs - this.#clock.monotonicMs();
    if (leftMs > 0) this.#cancelTimer = this.#clock.setTimer(() => this.#checkOldest(), leftMs);
    else {
      const detail = `no acknowledgement within ${Math.round(this.#timeoutMs)} ms`;
      this.failAll({ kind: 'timed-out', host: this.#host, detail });
    }
  }
}
