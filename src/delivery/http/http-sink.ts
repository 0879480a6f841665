// The HTTP sink: posts events to an endpoint, one request at a time, so that retries keep their order.
import { type Agent, type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { RouteConfig } from '../../connection/config.ts';
import { Attempt } from '../../connection/dial/attempt.ts';
import { connect } from '../../connection/dial/connect.ts';
import { MAX_BODY_MS, parseRetryAfter, readBody } from '../../connection/dial/refusal.ts';
import type { Cause } from '../../connection/lifecycle.ts';
import { AWAITED, ENDINGS } from '../../connection/messages.ts';
import { UsageError } from '../../errors.ts';
import { sha256 } from '../../events/event-id.ts';
import { isLoopbackHost } from '../../settings/stream-url.ts';
import { SEND_TIMED_OUT_HINT } from '../messages.ts';
import { describeSinkFault, LIFECYCLE_MARK, type SendResult, type Sink, type SinkFault } from '../sink.ts';
import type { SpoolRecord } from '../spool/record.ts';
import { makeTraceparent } from '../trace-context.ts';
import {
  type HttpResponse,
  judgeResponse,
  makeRequest,
  type RequestConfig,
  type UnitRequest,
} from './http-exchange.ts';
import * as say from './messages.ts';
import { signRequest } from './standard-webhooks.ts';

/** `host` and `name` are safe to print. A webhook has a secret in its path or query. */
export interface HttpTarget {
  readonly href: string;
  readonly host: string;
  /** The host, and a hash if the URL has a path or a query. */
  readonly name: string;
  /** The URL without its query. */
  readonly identity: string;
  readonly isSecure: boolean;
  readonly isLoopback: boolean;
}

/** @throws UsageError that names the flag, and at most the host of the URL */
export function parseHttpTarget(flag: string, text: string, allowHttp: boolean): HttpTarget {
  if (!/^https?:\/\//i.test(text) || /[\x00-\x20\x7f\\]/.test(text) || !URL.canParse(text)) {
    throw new UsageError(...say.sayNoEndpoint(flag));
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new UsageError(...say.sayLoginInUrl(flag));
  if (url.hash !== '') throw new UsageError(...say.sayFragmentInUrl(flag));
  const isSecure = url.protocol === 'https:';
  const isLoopback = isLoopbackHost(url.hostname);
  const identity = `${url.origin}${url.pathname === '/' ? '' : url.pathname}`;
  const isBare = url.pathname === '/' && url.search === '';
  const name = isBare ? url.host : `${url.host}#${sha256(identity).slice(0, 8)}`;
  if (!isSecure && !isLoopback && !allowHttp) throw new UsageError(...say.sayUnencrypted(flag, url.host));
  return { href: url.href, host: url.host, name, identity, isSecure, isLoopback };
}

interface HttpSinkConfig extends RequestConfig {
  /** Default: the name of the target. */
  readonly name?: string | undefined;
  readonly target: HttpTarget;
  /** Maximum number of events in one request. */
  readonly batch: number;
  /** For a request with its whole response. */
  readonly sendTimeoutMs: number;
  /** The keys that sign each attempt; empty: no signature. */
  readonly signingKeys: readonly Buffer[];
  readonly headers: Readonly<Record<string, string>>;
  /** Hides secrets in the response. */
  redact(text: string): string;
  readonly userAgent: string;
  readonly relayName: string;
  /** With credentials; undefined: no proxy. */
  readonly proxyUrl: string | undefined;
  /** PEM to trust in addition to Node's roots. */
  readonly trustedRoots: readonly string[] | undefined;
  /** NODE_TLS_REJECT_UNAUTHORIZED=0 is set, which is accepted for loopback only (contract C7). */
  readonly areTlsChecksOff: boolean;
}

/** The response was incomplete: it is unknown whether the server has processed the events. */
class IncompleteError extends Error {}

/** Encodes text as UTF-8, as curl does. Node sends each character of a header as one byte. */
function encodeHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]),
  );
}

export class HttpSink implements Sink {
  readonly name: string;
  readonly unitSize: number;
  readonly maxInFlight = 1;
  readonly wantsLifecycle = false;
  readonly sendTimeoutMs: number;
  readonly #config: HttpSinkConfig;
  readonly #clock: Clock;
  readonly #route: RouteConfig;
  readonly #headers: Readonly<Record<string, string>>;
  #agent: Agent | undefined;
  /** The attempt of the current request, for which the agent may open a connection. */
  #attempt: Attempt | undefined;
  #closing = new AbortController();
  #hasWorked = false;
  /** Whether a port that closes the connection has been checked for TLS. */
  #isInvestigated = false;

  constructor(config: HttpSinkConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    const { target, proxyUrl, trustedRoots, sendTimeoutMs, areTlsChecksOff, userAgent, relayName } = config;
    this.#headers = encodeHeaders({
      'User-Agent': userAgent,
      'Atlantis-Relay': relayName,
      ...config.headers,
    });
    this.#route = {
      url: target.href,
      host: target.host,
      proxyUrl,
      trustedRoots,
      // A loopback name must resolve to this machine if the connection is not encrypted or not verified.
      mustBeLoopback: target.isLoopback && (!target.isSecure || areTlsChecksOff),
      mustCheckCertificates: !areTlsChecksOff,
      connectTimeoutMs: sendTimeoutMs,
    };
    this.name = config.name ?? config.target.name;
    this.unitSize = config.batch;
    this.sendTimeoutMs = sendTimeoutMs;
  }

  async open(signal: AbortSignal): Promise<SinkFault | undefined> {
    this.#closing = new AbortController();
    this.#agent = this.#createAgent();
    return this.#hasWorked ? undefined : await this.#reach(signal);
  }

  /** An agent whose connections are opened like all others. */
  #createAgent(): Agent {
    const { isSecure } = this.#config.target;
    const createConnection = (_options: unknown, done: (error: unknown, socket?: Duplex) => void): void => {
      if (this.#attempt === undefined) done(new Error(ENDINGS.byClient));
      else connect(this.#attempt).then((socket) => done(null, socket), done);
    };
    return Object.assign(new HttpAgent({ keepAlive: true, maxSockets: 1 }), {
      createConnection,
      protocol: isSecure ? 'https:' : 'http:',
      defaultPort: isSecure ? 443 : 80,
    });
  }

  /** Connects once, so that an unreachable endpoint is reported before any event is received. */
  async #reach(signal: AbortSignal): Promise<SinkFault | undefined> {
    const attempt = this.#begin(signal, AWAITED.connection);
    try {
      const socket = await connect(attempt);
      socket.destroy();
      return undefined;
    } catch (error) {
      return signal.aborted ? undefined : await this.#describe(attempt, error);
    } finally {
      attempt.end();
    }
  }

  async send(records: readonly SpoolRecord[]): Promise<SendResult> {
    // The spool may have lifecycle records, if a JetStream sink had the same name before.
    const unit = records.filter(({ mark }) => mark !== LIFECYCLE_MARK);
    if (unit.length === 0) return { kind: 'accepted', duplicates: 0 };
    const response = await this.#post(makeRequest(unit, this.#config), true);
    if ('message' in response) return { kind: 'failed', fault: response };
    const { target, redact } = this.#config;
    const result = judgeResponse(response, target.host, this.#hasWorked, redact);
    const isAnswer = result.kind === 'accepted' || (result.kind === 'refused' && result.doubt === undefined);
    if (isAnswer) this.#hasWorked = true;
    return result;
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#agent?.destroy();
    this.#agent = undefined;
    return Promise.resolve();
  }

  #begin(signal: AbortSignal, awaited: string): Attempt {
    return new Attempt(this.#route, {
      clock: this.#clock,
      signal,
      limitMs: this.#config.sendTimeoutMs,
      awaited,
    });
  }

  /** @param mayRepeat retry at once if the server closed the kept-alive connection in the meantime */
  async #post(unit: UnitRequest, mayRepeat: boolean): Promise<HttpResponse | SinkFault> {
    const attempt = this.#begin(this.#closing.signal, AWAITED.completeResponse);
    this.#attempt = attempt;
    const sent = this.#request(unit, attempt);
    try {
      return await this.#readResponse(sent, attempt);
    } catch (error) {
      const isStale = sent.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      if (isStale && mayRepeat && !attempt.signal.aborted) return await this.#post(unit, false);
      return await this.#describe(attempt, error);
    } finally {
      attempt.end();
      sent.destroy();
    }
  }

  #request({ key, trace, body, headers }: UnitRequest, attempt: Attempt): ClientRequest {
    const { target, signingKeys } = this.#config;
    const signature =
      signingKeys.length === 0 ? {} : signRequest(signingKeys, key, this.#clock.wallMs(), body);
    const tracing = trace === undefined ? {} : { traceparent: makeTraceparent(trace) };
    const sent = request(target.href, {
      method: 'POST',
      agent: this.#agent,
      signal: attempt.signal,
      headers: { ...this.#headers, ...headers, ...tracing, ...signature },
    });
    // A connection that is reused skips the earlier phases.
    sent.once('socket', () => attempt.enter('response'));
    sent.end(body);
    return sent;
  }

  #readResponse(sent: ClientRequest, attempt: Attempt): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      let hasResponse = false;
      // Once a response has begun, `readBody` finds out whether it is complete.
      sent.on('error', (error) => hasResponse || reject(error));
      // A request can end without an error and without a response.
      sent.once('close', () => hasResponse || reject(new IncompleteError()));
      // The bytes after a 101 are not HTTP.
      sent.once('upgrade', (response: IncomingMessage, socket: Duplex) => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, retryAfterMs: undefined, body: '' });
      });
      sent.once('response', (response: IncomingMessage) => {
        hasResponse = true;
        const { statusCode: status = 0, headers } = response;
        const isAccepted = status >= 200 && status < 300;
        // Any other status is final even if its body is incomplete, so reading the body gets a shorter limit.
        if (!isAccepted) attempt.replaceLimit(Math.min(MAX_BODY_MS, this.#config.sendTimeoutMs));
        void readBody(response, attempt.signal).then(({ body, isCutOff, isTooLarge }) => {
          if (isAccepted && isCutOff && !isTooLarge) return reject(new IncompleteError());
          const retryAfterMs = parseRetryAfter(headers['retry-after'], this.#clock.wallMs());
          resolve({ status, retryAfterMs, body });
        });
      });
    });
  }

  async #describe(attempt: Attempt, error: unknown): Promise<SinkFault> {
    const cause = await this.#findCause(attempt, error);
    const fault = describeSinkFault(cause, this.#hasWorked);
    if (cause.kind !== 'timed-out') return fault;
    return { ...fault, hint: SEND_TIMED_OUT_HINT };
  }

  async #findCause(attempt: Attempt, error: unknown): Promise<Cause> {
    if (error instanceof IncompleteError && !attempt.isTimedOut) {
      return { kind: 'dropped', host: attempt.route.host, detail: say.INCOMPLETE };
    }
    if (this.#hasWorked || this.#isInvestigated) return attempt.classify(error);
    const cause = await attempt.investigate(error);
    this.#isInvestigated = attempt.isInvestigated;
    return cause;
  }
}
