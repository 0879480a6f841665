// Events to an HTTP endpoint, one request at a time, so that they arrive in order whatever has to be repeated;
// and what an answer means for the events in it.
import { once } from 'node:events';
import {
  type Agent,
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { type Clock, waitFor } from '../../clock.ts';
import { parseRetryAfter } from '../../connection/dial/refusal.ts';
import { classifyError } from '../../connection/network-errors.ts';
import { EXIT } from '../../errors.ts';
import { describeSinkFault, type Sink, type SinkFault, type Verdict } from '../sink.ts';
import type { SpoolRecord } from '../spool/record.ts';
import { makePosted, type Posted, type PostedForm } from './http-body.ts';
import type { HttpTarget } from './http-target.ts';

/** An answer that came whole. */
interface HttpAnswer {
  readonly status: number;
  /** What `Retry-After` asks for in ms, or undefined. */
  readonly retryAfterMs: number | undefined;
  /** The beginning of its body, for the reason. */
  readonly excerpt: string;
}

/** Nothing is wrong with the events; the same request may be taken later (RFC 9110 § 15.5.9, RFC 6585 § 4). */
const TRY_AGAIN = new Set([408, 425, 429]);

/**
 * The verdict: 2xx takes the events, 408, 425, 429 and 5xx ask for another try, and any other 4xx is about the
 * events. A redirect is not followed: events go only where they were meant to go. A 1xx is not a final answer.
 *
 * @param host the endpoint, for the words
 * @param hasWorked whether it ever took anything in this run
 */
export function judgeAnswer(
  { status, retryAfterMs, excerpt }: HttpAnswer,
  host: string,
  hasWorked: boolean,
): Verdict {
  if (status >= 200 && status < 300) return { kind: 'accepted', duplicates: 0 };
  const why = `HTTP ${status}${excerpt === '' ? '' : `: ${excerpt}`}`;
  if (status >= 500 || TRY_AGAIN.has(status)) {
    const fault = { words: `${host} answered ${why}`, retryAfterMs, exitCodeInTheEnd: EXIT.unreachable };
    return { kind: 'failed', fault };
  }
  if (status >= 400) return { kind: 'refused', why, isTooLarge: status === 413 };
  const fault = {
    words: `${host} answered ${why}, which takes no events`,
    hint:
      status >= 300
        ? 'Redirects are not followed: give the final address with --to.'
        : 'Check the address in --to: it is not an endpoint for events.',
    exitCode: hasWorked ? undefined : EXIT.refused,
    exitCodeInTheEnd: EXIT.refused,
  };
  return { kind: 'failed', fault };
}

const EXCERPT_LENGTH = 200;

/** The beginning of a body in one line. */
function excerptOf(body: Buffer): string {
  return body
    .toString('utf8', 0, 4 * EXCERPT_LENGTH)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, EXCERPT_LENGTH);
}

interface HttpSinkConfig extends PostedForm {
  readonly target: HttpTarget;
  /** Most events in one request. */
  readonly batch: number;
  /** For a whole request with its answer, in ms. */
  readonly sendTimeoutMs: number;
  /** Added to each request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly userAgent: string;
  readonly relayName: string;
  /** With credentials, or undefined to connect directly. */
  readonly proxyUrl: string | undefined;
  /** PEM that replaces the built-in roots, or undefined. */
  readonly trustedRoots: readonly string[] | undefined;
}

/** More of an answer's body is not waited for: its status says all. */
const MAX_BODY_BYTES = 64 * 1024;
const BROKEN_OFF = 'the answer broke off';

export class HttpSink implements Sink {
  readonly name: string;
  readonly unitSize: number;
  readonly unitsAtOnce = 1;
  readonly wantsLifecycle = false;
  readonly #settings: HttpSinkConfig;
  readonly #clock: Clock;
  #agent: Agent | undefined;
  #closing = new AbortController();
  #hasWorked = false;

  constructor(settings: HttpSinkConfig, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.name = settings.target.name;
    this.unitSize = settings.batch;
  }

  async open(signal: AbortSignal): Promise<SinkFault | undefined> {
    const { target, proxyUrl, trustedRoots } = this.#settings;
    this.#closing = new AbortController();
    if (proxyUrl !== undefined) {
      const { createConnectAgent } = await import('../../connection/dial/proxy-agent.ts');
      this.#agent = createConnectAgent(proxyUrl, trustedRoots, this.#closing.signal, { keepAlive: true });
    } else {
      const options = { keepAlive: true, maxSockets: 1 };
      this.#agent = target.isSecure ? new HttpsAgent(options) : new HttpAgent(options);
    }
    return this.#hasWorked || proxyUrl !== undefined ? undefined : await this.#reach(signal);
  }

  /** Whether anybody is there: asked before events are received that nobody would take. */
  async #reach(signal: AbortSignal): Promise<SinkFault | undefined> {
    const { target, trustedRoots, sendTimeoutMs } = this.#settings;
    const { hostname, port } = new URL(target.href);
    const host = hostname.replace(/^\[|\]$/g, '');
    const where = { host, port: Number(port || (target.isSecure ? 443 : 80)) };
    const roots = trustedRoots === undefined ? {} : { ca: [...trustedRoots] };
    const socket = target.isSecure
      ? connectTls({ ...where, ...roots, servername: isIP(host) === 0 ? host : '' })
      : connectTcp(where);
    try {
      const connected = once(socket, target.isSecure ? 'secureConnect' : 'connect');
      const came = await waitFor(connected, sendTimeoutMs, this.#clock, signal);
      return came === undefined ? this.#describe(undefined, true) : undefined;
    } catch (error) {
      return this.#describe(error, false);
    } finally {
      socket.on('error', () => {});
      socket.destroy();
    }
  }

  async send(unit: readonly SpoolRecord[]): Promise<Verdict> {
    const posted = makePosted(unit, this.#settings);
    const { host } = this.#settings.target;
    const answer = await this.#post(posted, true);
    if ('words' in answer) return { kind: 'failed', fault: answer };
    const verdict = judgeAnswer(answer, host, this.#hasWorked);
    if (verdict.kind !== 'failed') this.#hasWorked = true;
    return verdict;
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#agent?.destroy();
    this.#agent = undefined;
    return Promise.resolve();
  }

  /** @param mayRepeat one more try, where a kept connection turns out to have been closed meanwhile */
  async #post(posted: Posted, mayRepeat: boolean): Promise<HttpAnswer | SinkFault> {
    const stop = new AbortController();
    const giveUp = (): void => stop.abort();
    const cancel = this.#clock.setTimer(giveUp, this.#settings.sendTimeoutMs);
    this.#closing.signal.addEventListener('abort', giveUp);
    const request = this.#begin(posted, stop.signal);
    try {
      return await this.#readAnswer(request);
    } catch (error) {
      const isClosing = this.#closing.signal.aborted;
      const isStale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      if (isStale && mayRepeat && !stop.signal.aborted) return await this.#post(posted, false);
      return this.#describe(error, stop.signal.aborted && !isClosing);
    } finally {
      cancel();
      this.#closing.signal.removeEventListener('abort', giveUp);
    }
  }

  #begin({ body, headers }: Posted, signal: AbortSignal): ClientRequest {
    const { target, headers: added, userAgent, relayName, trustedRoots } = this.#settings;
    const send = target.isSecure ? requestHttps : requestHttp;
    const request = send(target.href, {
      method: 'POST',
      agent: this.#agent,
      signal,
      headers: { 'User-Agent': userAgent, 'Atlantis-Relay': relayName, ...added, ...headers },
      ...(trustedRoots === undefined ? {} : { ca: [...trustedRoots] }),
    });
    request.end(body);
    return request;
  }

  #readAnswer(request: ClientRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      request.on('error', reject);
      // A request can also end without an error and without an answer.
      request.once('close', () => reject(new Error(BROKEN_OFF)));
      // A 101 is an answer like others; the bytes after it are not HTTP.
      request.once('upgrade', (response: IncomingMessage, socket: Duplex) => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, retryAfterMs: undefined, excerpt: '' });
      });
      request.once('response', (response: IncomingMessage) => {
        const parts: Buffer[] = [];
        let length = 0;
        const settle = (): void => {
          const retryAfter = response.headers['retry-after'];
          resolve({
            status: response.statusCode ?? 0,
            retryAfterMs: parseRetryAfter(retryAfter, this.#clock.wallMs()),
            excerpt: excerptOf(Buffer.concat(parts)),
          });
        };
        response.on('data', (part: Buffer) => {
          length += part.length;
          if (length <= MAX_BODY_BYTES) parts.push(part);
          else {
            settle();
            response.destroy();
          }
        });
        response.on('end', settle);
        // Half an answer is none: whoever sent it may not have finished with the events.
        const breakOff = (): void => reject(new Error(BROKEN_OFF));
        response.on('error', breakOff);
        response.on('close', breakOff);
      });
    });
  }

  #describe(error: unknown, isTimeout: boolean): SinkFault {
    const { target, sendTimeoutMs } = this.#settings;
    const { host } = target;
    if (isTimeout) {
      const detail = `no whole answer within ${sendTimeoutMs} ms`;
      return describeSinkFault({ kind: 'timed-out', host, detail }, this.#hasWorked);
    }
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (/^HPE_|^ERR_HTTP/.test(code) || message === BROKEN_OFF) {
      const detail = code === '' ? BROKEN_OFF : `not an HTTP answer, ${code}`;
      return describeSinkFault({ kind: 'dropped', host, detail }, this.#hasWorked);
    }
    return describeSinkFault(classifyError(error, host, 'connect'), this.#hasWorked);
  }
}
