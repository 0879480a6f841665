// The options of `stream()`, and the configuration that they make: everything is checked, nothing is left open.
//
// Pure but for looking at certificates: nothing is read, resolved or connected to.

import { CONNECTION_DEFAULTS, type ConnectConfig, fillRetryBounds } from '../connection/config.ts';
import type { Gap, Lost, Retrying } from '../connection/items.ts';
import { UsageError } from '../errors.ts';
import { parseKey } from '../io/key.ts';
import { checkCertificates } from '../settings/certificates.ts';
import { checkProxyUrl } from '../settings/proxy-url.ts';
import { parseStreamUrl, type StreamUrl } from '../settings/stream-url.ts';
import type { Connected, Connecting, Discarded } from './items.ts';

/** Asked for the key before each attempt to connect; `signal` aborts when the stream ends meanwhile. */
export type ReadKey = (signal: AbortSignal) => string | Promise<string>;

/**
 * Told what happens to the stream, in order with the events, whoever iterates and in whichever way. The stream
 * waits for a promise that one returns; what one throws ends the stream, and the iteration rejects with it.
 */
export interface StreamCallbacks {
  /** An attempt begins. */
  readonly onConnecting?: ((item: Connecting) => void | Promise<void>) | undefined;
  /** The service has welcomed the key: events come from now on. */
  readonly onConnected?: ((item: Connected) => void | Promise<void>) | undefined;
  /** A live connection ended. */
  readonly onLost?: ((item: Lost) => void | Promise<void>) | undefined;
  /** The next attempt begins after a delay. */
  readonly onRetrying?: ((item: Retrying) => void | Promise<void>) | undefined;
  /** Live again; events sent meanwhile were not delivered, and their number is unknown. */
  readonly onGap?: ((item: Gap) => void | Promise<void>) | undefined;
  /** Messages came that are no events: binary, not JSON, or too large. */
  readonly onDiscarded?: ((item: Discarded) => void | Promise<void>) | undefined;
}

/** Durations are in ms. */
export interface StreamOptions extends StreamCallbacks {
  /** Base or stream URL: `https:` or `wss:`; `http:` and `ws:` for this machine only. */
  readonly url: string;
  /**
   * The API key, or a function that gives it. The function is called before each attempt, so a key that was
   * rotated is used from the next one on; after a 401 to a key that had worked it is called once more, and another key
   * is tried. What it throws ends the stream.
   */
  readonly key: string | ReadKey;
  /** Ends the stream: goodbye to the server, then the iteration ends without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Only events whose type matches one of these globs; default every event. */
  readonly type?: string | readonly string[] | undefined;
  /** Only events for which each of these holds, as `amount_usd > 1000000`; default every event. */
  readonly where?: string | readonly string[] | undefined;
  /** Attempts beyond the first one in the whole run; default without bound. */
  readonly maxReconnects?: number | undefined;
  /** Bounds of the backoff; default 1,000 and 30,000. One alone moves the default of the other. */
  readonly retryMinMs?: number | undefined;
  readonly retryMaxMs?: number | undefined;
  /** For a whole attempt from the name lookup to the upgrade, and the same again for the welcome; default 15,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Between pings; default 20,000, 0 turns keepalive off. */
  readonly pingIntervalMs?: number | undefined;
  /** Without a byte after a ping for this long the connection counts as dead; default 10,000. */
  readonly pongTimeoutMs?: number | undefined;
  /** Roots to trust beside those of Node, in PEM. There is no option that turns certificate checks off. */
  readonly ca?: string | readonly string[] | undefined;
  /** `http://[user:password@]host:port` or `https://…`: reached by CONNECT, never for loopback; default none. */
  readonly proxy?: string | undefined;
  /**
   * Honours HTTPS_PROXY, ALL_PROXY and NO_PROXY where `proxy` is not given, and NODE_EXTRA_CA_CERTS beside
   * `ca`; default false: the environment is not read.
   */
  readonly useEnvironment?: boolean | undefined;
}

export interface StreamConfig extends ConnectConfig {
  readonly url: StreamUrl;
  readonly key: string | ReadKey;
  /** How long the function may take; default as an attempt. */
  readonly keyTimeoutMs?: number;
  readonly signal: AbortSignal | undefined;
  readonly types: readonly string[];
  readonly where: readonly string[];
  /** PEM; empty where only the roots of Node are trusted. */
  readonly ca: readonly string[];
  readonly proxyUrl: string | undefined;
  readonly useEnvironment: boolean;
  readonly callbacks: StreamCallbacks;
}

/** As long as a flag may be: a year. */
const MAX_DURATION_MS = 365 * 24 * 3_600_000;

const CALLBACKS = [
  'onConnecting',
  'onConnected',
  'onLost',
  'onRetrying',
  'onGap',
  'onDiscarded',
] as const satisfies readonly (keyof StreamCallbacks)[];

const OTHERS = [
  'url',
  'key',
  'signal',
  'type',
  'where',
  'maxReconnects',
  'retryMinMs',
  'retryMaxMs',
  'connectTimeoutMs',
  'pingIntervalMs',
  'pongTimeoutMs',
  'ca',
  'proxy',
  'useEnvironment',
] as const satisfies readonly (keyof StreamOptions)[];

/** @throws UsageError, CredentialError that name the option and say what is accepted; never the key */
export function checkOptions(options: StreamOptions): StreamConfig {
  demand(typeof options === 'object' && options !== null, 'the options of stream()', options, 'an object');
  const known: readonly string[] = [...OTHERS, ...CALLBACKS];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`stream() has no option "${unknown.slice(0, 64)}"`, `accepted: ${known.join(', ')}`);
  }
  const { url, key, signal, ca = [], proxy, useEnvironment = false } = options;
  demand(typeof url === 'string', 'url', url, 'the base URL that came with the key');
  if (typeof key !== 'string' && typeof key !== 'function') {
    throw new UsageError('the option key is neither a string nor a function', 'accepted: one of the two');
  }
  demand(signal === undefined || isSignal(signal), 'signal', signal, 'an AbortSignal');
  demand(typeof useEnvironment === 'boolean', 'useEnvironment', useEnvironment, 'true or false');
  const pems = listTexts('ca', ca);
  for (const pem of pems) checkCertificates(pem, 'the option ca');
  if (proxy !== undefined) demand(typeof proxy === 'string', 'proxy', '(not a string)', 'a URL');
  return {
    url: parseStreamUrl(url, 'the option url'),
    key: typeof key === 'string' ? parseKey(key, 'the options') : key,
    signal,
    types: listTexts('type', options.type ?? []),
    where: listTexts('where', options.where ?? []),
    maxReconnects: checkCount(options.maxReconnects),
    ...checkRetryBounds(options),
    connectTimeoutMs:
      checkDuration('connectTimeoutMs', options.connectTimeoutMs) ?? CONNECTION_DEFAULTS.connectTimeoutMs,
    pingIntervalMs:
      checkDuration('pingIntervalMs', options.pingIntervalMs, 0) ?? CONNECTION_DEFAULTS.pingIntervalMs,
    pongTimeoutMs: checkDuration('pongTimeoutMs', options.pongTimeoutMs) ?? CONNECTION_DEFAULTS.pongTimeoutMs,
    ca: pems,
    proxyUrl: proxy === undefined ? undefined : checkProxyUrl(proxy, 'the option proxy'),
    useEnvironment,
    callbacks: pickCallbacks(options),
  };
}

function demand(holds: boolean, name: string, value: unknown, accepted: string): void {
  if (holds) return;
  const shown = typeof value === 'object' && value !== null ? 'an object' : String(value).slice(0, 100);
  throw new UsageError(`the option ${name} cannot be ${shown}`, `accepted: ${accepted}`);
}

/** By what it does, since it may come from another realm. */
function isSignal(signal: unknown): boolean {
  return typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal;
}

function listTexts(name: string, given: string | readonly string[]): readonly string[] {
  const texts: readonly unknown[] = typeof given === 'string' ? [given] : given;
  const areTexts = Array.isArray(texts) && texts.every((text) => typeof text === 'string' && text !== '');
  demand(areTexts, name, '(something else)', 'a text or a list of texts, none empty');
  return texts as readonly string[];
}

function checkCount(count: number | undefined): number {
  if (count === undefined) return Number.POSITIVE_INFINITY;
  const isCount = count === Number.POSITIVE_INFINITY || (Number.isSafeInteger(count) && count >= 0);
  demand(isCount, 'maxReconnects', count, 'a whole number from 0, or Infinity');
  return count;
}

function checkDuration(name: string, ms: number | undefined, least = 1): number | undefined {
  if (ms === undefined) return undefined;
  const isDuration = typeof ms === 'number' && ms >= least && ms <= MAX_DURATION_MS;
  demand(isDuration, name, ms, `a number of ms from ${least} to ${MAX_DURATION_MS} (a year)`);
  return ms;
}

function checkRetryBounds(options: StreamOptions): { retryMinMs: number; retryMaxMs: number } {
  const bounds = fillRetryBounds(
    checkDuration('retryMinMs', options.retryMinMs),
    checkDuration('retryMaxMs', options.retryMaxMs),
  );
  demand(bounds.retryMaxMs >= bounds.retryMinMs, 'retryMaxMs', bounds.retryMaxMs, 'at least retryMinMs');
  return bounds;
}

function pickCallbacks(options: StreamOptions): StreamCallbacks {
  for (const name of CALLBACKS) {
    const callback: unknown = options[name];
    demand(callback === undefined || typeof callback === 'function', name, callback, 'a function');
  }
  return options;
}
