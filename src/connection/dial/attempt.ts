// One attempt to reach a server: how far it got, its time limit, and the cause if it fails. The stream, HTTP sinks and
// NATS use it, so that a fault has the same name everywhere (contract C1, C9).
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Clock, sleep, waitFor } from '../../clock.ts';
import type { AttemptObserver, RouteConfig } from '../config.ts';
import type { Cause } from '../lifecycle.ts';
import { AWAITED, type ConnectionPhase, DETAILS, describePhase } from '../messages.ts';
import { classifyError, isReset } from '../network-errors.ts';
import { MIN_SPACING_MS } from '../retry-policy.ts';
import { classifyRefusal, type UpgradeRefusal } from './refusal.ts';
import { parseEndpoint, tcpOptions } from './tcp.ts';

/** Timeout of the handshake that shows whether a port speaks TLS. */
const PROBE_MS = 1_000;

/** Errors that a network cannot cause. */
const BUGS = [TypeError, RangeError, ReferenceError];

export class TunnelRefusedError extends Error {
  readonly refusal: UpgradeRefusal;

  constructor(refusal: UpgradeRefusal) {
    super(`HTTP ${refusal.status}`);
    this.refusal = refusal;
  }
}

interface AttemptOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** The time limit in ms, until `end` or `replaceLimit` is called. */
  readonly limitMs: number;
  readonly onPhase?: AttemptObserver['onPhase'] | undefined;
  /** For messages: what has to arrive within the limit; default `response`. */
  readonly awaited?: string;
}

export class Attempt {
  readonly route: RouteConfig;
  /** Host and port of the proxy in use. */
  readonly proxy: string | undefined;
  /** Aborts at the time limit, or when the caller gives up. */
  readonly signal: AbortSignal;
  /** Cancels the time limit, and ignores the signal of the caller from then on. */
  readonly end: () => void;
  isTimedOut = false;
  /** Whether `investigate` decided to open another connection. */
  isInvestigated = false;
  readonly #options: AttemptOptions;
  readonly #stop = new AbortController();
  #cancelLimit: () => void;
  #phase: ConnectionPhase = 'lookup';
  /** Whether both sides of the TLS handshake have agreed on a cipher. */
  #hasCipher = false;

  constructor(route: RouteConfig, options: AttemptOptions) {
    this.route = route;
    this.proxy = route.proxyUrl === undefined ? undefined : new URL(route.proxyUrl).host;
    this.signal = this.#stop.signal;
    this.#options = options;
    const { signal } = options;
    const giveUp = (): void => this.#stop.abort();
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted) giveUp();
    this.#cancelLimit = this.#startLimit(options.limitMs);
    this.end = () => {
      this.#cancelLimit();
      signal?.removeEventListener('abort', giveUp);
    };
  }

  enter(phase: ConnectionPhase, socket?: Socket): void {
    this.#phase = phase;
    this.#options.onPhase?.(phase, socket);
  }

  replaceLimit(ms: number): void {
    this.#cancelLimit();
    this.#cancelLimit = this.#startLimit(ms);
  }

  watchHandshake<S extends TLSSocket>(socket: S): S {
    this.#hasCipher = false;
    // The only event between the agreement on a cipher and the end of the handshake.
    socket.once('keylog', () => {
      this.#hasCipher = true;
    });
    return socket;
  }

  /** @throws the error itself if it is a bug */
  classify(error: unknown): Cause {
    if (BUGS.some((kind) => error instanceof kind)) throw error;
    const { host } = this.route;
    if (this.isTimedOut) {
      const { limitMs, awaited = AWAITED.response } = this.#options;
      const phase = describePhase(this.#phase, this.proxy);
      const detail = DETAILS.nothingWithin(awaited, limitMs, phase);
      return { kind: 'timed-out', host, detail, ...(this.proxy !== undefined && { proxy: this.proxy }) };
    }
    // The time of day only matters for Retry-After, which is ignored in the response of a proxy.
    if (error instanceof TunnelRefusedError) return classifyRefusal(error.refusal, host, 0);
    return classifyError(error, host, this.#phase, this.proxy, this.#hasCipher);
  }

  /**
   * Like `classify`, but if a plaintext connection was closed, also tries a TLS handshake on the port. The handshake
   * needs another connection, so call this for the first attempt only.
   */
  async investigate(error: unknown): Promise<Cause> {
    const cause = this.classify(error);
    const url = this.#plaintextUrl;
    const { clock, signal } = this.#options;
    if (this.isTimedOut || url === undefined || !isReset(error)) return cause;
    this.isInvestigated = true;
    await sleep(clock, MIN_SPACING_MS + 50, signal);
    if (signal?.aborted || !(await this.#speaksTls(url))) return cause;
    const host = this.#phase === 'proxy' ? (this.proxy ?? cause.host) : cause.host;
    return { ...cause, kind: 'plaintext-to-tls', host, detail: DETAILS.acceptsTls };
  }

  #startLimit(ms: number): () => void {
    return this.#options.clock.setTimer(() => {
      this.isTimedOut = true;
      this.#stop.abort();
    }, ms);
  }

  get #plaintextUrl(): string | undefined {
    const { url, proxyUrl } = this.route;
    if (this.#phase === 'proxy') return proxyUrl?.startsWith('http:') ? proxyUrl : undefined;
    return proxyUrl === undefined && /^(?:ws|http):/.test(url) ? url : undefined;
  }

  async #speaksTls(url: string): Promise<boolean> {
    const { connect } = await import('node:tls');
    const { host, port } = parseEndpoint(url);
    const { mustBeLoopback = false } = this.#phase === 'proxy' ? {} : this.route;
    const probe = connect({ host, port, ...tcpOptions(PROBE_MS, mustBeLoopback), rejectUnauthorized: false });
    const verdict = new Promise<boolean>((resolve) => {
      probe.once('secureConnect', () => resolve(true));
      // An alert, about the version or a missing client certificate, also proves that the port speaks TLS.
      probe.on('error', (error) => resolve(/alert number/.test(error.message)));
    });
    const { clock, signal = this.signal } = this.#options;
    const speaksTls = await waitFor(verdict, PROBE_MS, clock, signal);
    probe.destroy();
    return speaksTls === true;
  }
}
