// Published messages that wait for their acknowledgement from JetStream, each with its own reply subject.
//
// The publish function of the client creates a timer and several promises for each message. Here, one timer watches the
// oldest message.
import type { Msg } from '@nats-io/transport-node';
import type { Clock } from '../../clock.ts';
import type { CauseKind } from '../../connection/cause-table.ts';
import type { Cause } from '../../connection/lifecycle.ts';
import type { SendResult, SinkFault } from '../sink.ts';
import { type ApiError, classifyApiError } from './client.ts';
import { ACK_DETAILS } from './messages.ts';

interface Waiting {
  readonly sinceMs: number;
  settle(result: SendResult): void;
}

export interface ExpectedStream {
  readonly name: string;
  /** Undefined: the server has no JetStream domain. Another domain may have a stream of the same name. */
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

interface AcknowledgementDeps {
  readonly host: string;
  readonly clock: Clock;
  /** When one message has waited longer than this, all waiting messages fail. */
  readonly timeoutMs: number;
  readonly expected: ExpectedStream;
  describe(cause: Cause): SinkFault;
}

export class Acknowledgements {
  readonly #deps: AcknowledgementDeps;
  /** In the order of sending. */
  readonly #waiting = new Map<string, Waiting>();
  #sent = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(deps: AcknowledgementDeps) {
    this.#deps = deps;
  }

  /** `token` is the last token of an unused reply subject; the result arrives there. */
  expect(): { readonly token: string; readonly result: Promise<SendResult> } {
    const { clock, timeoutMs } = this.#deps;
    this.#sent += 1;
    const token = this.#sent.toString(36);
    const result = new Promise<SendResult>((settle) => {
      this.#waiting.set(token, { sinceMs: clock.monotonicMs(), settle });
    });
    this.#cancelTimer ??= clock.setTimer(() => this.#checkOldest(), timeoutMs);
    return { token, result };
  }

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
    const fault = this.#deps.describe(cause);
    for (const { settle } of all) settle({ kind: 'failed', fault });
  }

  #read(message: Msg): SendResult {
    if (message.headers?.code === 503) return this.#fail('nats-unavailable', ACK_DETAILS.noStream);
    try {
      const result = this.#judge(message.json<PublishResponse>());
      if (result !== undefined) return result;
    } catch {
      // Not JSON, or not an object.
    }
    return this.#fail('not-nats', ACK_DETAILS.notAnAck);
  }

  #judge({ error, stream, domain, seq, duplicate = false }: PublishResponse): SendResult | undefined {
    if (error !== undefined) {
      if (TOO_LARGE.has(error.err_code ?? 0)) {
        return { kind: 'refused', why: error.description ?? '' };
      }
      return { kind: 'failed', fault: this.#deps.describe(classifyApiError(error, this.#deps.host)) };
    }
    if (typeof stream !== 'string') return undefined;
    const { expected } = this.#deps;
    if (stream !== expected.name || domain !== expected.domain) {
      return this.#fail('nats-other-stream', ACK_DETAILS.otherStream(stream, domain, expected.name));
    }
    if (typeof seq === 'number' && seq > 0) return { kind: 'accepted', duplicates: duplicate ? 1 : 0 };
    // The message is a duplicate, and its first copy is not replicated in the cluster yet and may still be lost.
    return this.#fail('nats-unavailable', ACK_DETAILS.noSeq);
  }

  #fail(kind: CauseKind, detail: string): SendResult {
    return { kind: 'failed', fault: this.#deps.describe({ kind, host: this.#deps.host, detail }) };
  }

  #checkOldest(): void {
    const { clock, timeoutMs, host } = this.#deps;
    this.#cancelTimer = undefined;
    const [oldest] = this.#waiting.values();
    if (oldest === undefined) return;
    const leftMs = oldest.sinceMs + timeoutMs - clock.monotonicMs();
    if (leftMs > 0) this.#cancelTimer = clock.setTimer(() => this.#checkOldest(), leftMs);
    else {
      this.failAll({ kind: 'timed-out', host, detail: ACK_DETAILS.late(timeoutMs) });
    }
  }
}
