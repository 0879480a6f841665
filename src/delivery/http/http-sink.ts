// The HTTP sink: posts events to an endpoint, one request at a time, so that retries keep their order.
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
import { connect as connectTls, createSecureContext } from 'node:tls';
import { type Clock, waitFor } from '../../clock.ts';
import { parseRetryAfter } from '../../connection/dial/refusal.ts';
import { tcpOptions, trustOptions } from '../../connection/dial/tcp.ts';
import { createTunnelAgent } from '../../connection/dial/tunnel.ts';
import { DETAILS } from '../../connection/messages.ts';
import { classifyError, isTlsAlert } from '../../connection/network-errors.ts';
import { UsageError } from '../../errors.ts';
import { isLoopbackHost } from '../../settings/stream-url.ts';
import { describeSinkFault, type SendResult, type Sink, type SinkFault } from '../sink.ts';
import type { SpoolRecord } from '../spool/record.ts';
import {
  type HttpResponse,
  judgeResponse,
  makeExcerpt,
  makeRequest,
  type RequestConfig,
  type UnitRequest,
} from './http-exchange.ts';
import {
  INCOMPLETE,
  noCompleteResponse,
  sayFragmentInUrl,
  sayLoginInUrl,
  sayNoEndpoint,
  sayUnencrypted,
} from './messages.ts';

/** A checked endpoint. `host` and `name` are safe to print, `href` may have a secret in its query. */
export interface HttpTarget {
  readonly href: string;
  readonly host: string;
  /** Without query. */
  readonly name: string;
  readonly isSecure: boolean;
  readonly isLoopback: boolean;
}

/** @throws UsageError with the name of the flag, without a password or query of the URL */
export function parseHttpTarget(flag: string, text: string, allowHttp: boolean): HttpTarget {
  if (!/^https?:\/\//i.test(text) || /[\x00-\x20\x7f\\]/.test(text) || !URL.canParse(text)) {
    throw new UsageError(...sayNoEndpoint(flag));
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new UsageError(...sayLoginInUrl(flag));
  if (url.hash !== '') throw new UsageError(...sayFragmentInUrl(flag));
  const isSecure = url.protocol === 'https:';
  const isLoopback = isLoopbackHost(url.hostname);
  const name = `${url.origin}${url.pathname === '/' ? '' : url.pathname}`;
  if (!isSecure && !isLoopback && !allowHttp) throw new UsageError(...sayUnencrypted(flag, name));
  return { href: url.href, host: url.host, name, isSecure, isLoopback };
}

interface HttpSinkConfig extends RequestConfig {
  readonly target: HttpTarget;
  /** Maximum number of events in one request. */
  readonly batch: number;
  /** Timeout in ms for a request with its whole response. */
  readonly sendTimeoutMs: number;
  /** Added to each request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly userAgent: string;
  readonly relayName: string;
  /** With credentials, or undefined to connect directly. */
  readonly proxyUrl: string | undefined;
  /** PEM to trust in addition to Node's roots. */
  readonly trustedRoots: readonly string[] | undefined;
}

/** Only this much of a response is read: its status is enough. */
const MAX_BODY_BYTES = 64 * 1024;

export class HttpSink implements Sink {
  readonly name: string;
  readonly unitSize: number;
  readonly maxInFlight = 1;
  readonly wantsLifecycle = false;
  readonly #config: HttpSinkConfig;
  readonly #clock: Clock;
  readonly #tcpOptions: ReturnType<typeof tcpOptions>;
  readonly #trust: ReturnType<typeof trustOptions>;
  #agent: Agent | undefined;
  #closing = new AbortController();
  #hasWorked = false;

  constructor(config: HttpSinkConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    const { target, trustedRoots, sendTimeoutMs } = config;
    // http:// is for loopback, unless --allow-http is given.
    this.#tcpOptions = tcpOptions(sendTimeoutMs, target.isLoopback && !target.isSecure);
    this.#trust = target.isSecure ? trustOptions(createSecureContext, trustedRoots) : {};
    this.name = config.target.name;
    this.unitSize = config.batch;
  }

  async open(signal: AbortSignal): Promise<SinkFault | undefined> {
    const { target, proxyUrl, trustedRoots, sendTimeoutMs } = this.#config;
    this.#closing = new AbortController();
    if (proxyUrl !== undefined) {
      const options = { keepAlive: true, connectTimeoutMs: sendTimeoutMs };
      this.#agent = await createTunnelAgent(proxyUrl, trustedRoots, this.#closing.signal, options);
    } else {
      const options = { keepAlive: true, maxSockets: 1, ...this.#tcpOptions };
      this.#agent = target.isSecure ? new HttpsAgent(options) : new HttpAgent(options);
    }
    return this.#hasWorked || proxyUrl !== undefined ? undefined : await this.#reach(signal);
  }

  /** Connects once, so that an unreachable endpoint is reported before any event is received. */
  async #reach(signal: AbortSignal): Promise<SinkFault | undefined> {
    const { target, sendTimeoutMs } = this.#config;
    const { hostname, port } = new URL(target.href);
    const host = hostname.replace(/^\[|\]$/g, '');
    const where = { host, port: Number(port || (target.isSecure ? 443 : 80)), ...this.#tcpOptions };
    const socket = target.isSecure
      ? connectTls({ ...where, ...this.#trust, servername: isIP(host) === 0 ? host : '' })
      : connectTcp(where);
    try {
      const connected = once(socket, target.isSecure ? 'secureConnect' : 'connect');
      const isConnected = (await waitFor(connected, sendTimeoutMs, this.#clock, signal)) !== undefined;
      return !isConnected ? this.#describe(undefined, true) : undefined;
    } catch (error) {
      return this.#describe(error, false);
    } finally {
      socket.on('error', () => {});
      socket.destroy();
    }
  }

  async send(unit: readonly SpoolRecord[]): Promise<SendResult> {
    const response = await this.#post(makeRequest(unit, this.#config), true);
    if ('message' in response) return { kind: 'failed', fault: response };
    const result = judgeResponse(response, this.#config.target.host, this.#hasWorked);
    if (result.kind !== 'failed') this.#hasWorked = true;
    return result;
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#agent?.destroy();
    this.#agent = undefined;
    return Promise.resolve();
  }

  /** @param mayRepeat retry at once if the server closed the kept-alive connection meanwhile */
  async #post(unit: UnitRequest, mayRepeat: boolean): Promise<HttpResponse | SinkFault> {
    const stop = new AbortController();
    const giveUp = (): void => stop.abort();
    const cancel = this.#clock.setTimer(giveUp, this.#config.sendTimeoutMs);
    this.#closing.signal.addEventListener('abort', giveUp);
    const request = this.#begin(unit, stop.signal);
    try {
      return await this.#readResponse(request);
    } catch (error) {
      const isClosing = this.#closing.signal.aborted;
      const isStale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      if (isStale && mayRepeat && !stop.signal.aborted) return await this.#post(unit, false);
      return this.#describe(error, stop.signal.aborted && !isClosing);
    } finally {
      cancel();
      this.#closing.signal.removeEventListener('abort', giveUp);
    }
  }

  #begin({ body, headers }: UnitRequest, signal: AbortSignal): ClientRequest {
    const { target, headers: added, userAgent, relayName } = this.#config;
    const send = target.isSecure ? requestHttps : requestHttp;
    const request = send(target.href, {
      method: 'POST',
      agent: this.#agent,
      signal,
      headers: { 'User-Agent': userAgent, 'Atlantis-Relay': relayName, ...added, ...headers },
      ...this.#trust,
    });
    request.end(body);
    return request;
  }

  #readResponse(request: ClientRequest): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      request.on('error', reject);
      // A request can end without an error and without a response.
      request.once('close', () => reject(new Error(INCOMPLETE)));
      // The bytes after a 101 are not HTTP.
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
            excerpt: makeExcerpt(Buffer.concat(parts)),
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
        // With half a response it is unknown whether the server has processed the events.
        const fail = (): void => reject(new Error(INCOMPLETE));
        response.on('error', fail);
        response.on('close', fail);
      });
    });
  }

  #describe(error: unknown, isTimeout: boolean): SinkFault {
    const { target, sendTimeoutMs } = this.#config;
    const { host } = target;
    if (isTimeout) {
      const detail = noCompleteResponse(sendTimeoutMs);
      return describeSinkFault({ kind: 'timed-out', host, detail }, this.#hasWorked);
    }
    const { code = '', message, rawPacket } = error as NodeJS.ErrnoException & { rawPacket?: unknown };
    if (isTlsAlert(rawPacket))
      return describeSinkFault(classifyError(error, host, 'connect'), this.#hasWorked);
    if (/^HPE_|^ERR_HTTP/.test(code) || message === INCOMPLETE) {
      const detail = code === '' ? INCOMPLETE : DETAILS.notHttp(code);
      return describeSinkFault({ kind: 'dropped', host, detail }, this.#hasWorked);
    }
    return describeSinkFault(classifyError(error, host, 'connect'), this.#hasWorked);
  }
}
