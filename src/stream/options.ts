// The options of `stream()`, checked and completed with defaults. Reads no files and connects to nothing.
import { MAX_DURATION_MS } from '../clock.ts';
import {
  CONNECTION_DEFAULTS,
  type ConnectConfig,
  type ConnectionsConfig,
  chooseFirstBudget,
  fillRetryBounds,
  MAX_CONNECTIONS,
  MERGE_DEFAULTS,
} from '../connection/config.ts';
import type { Gap, Lost, Notice, Retrying } from '../connection/lifecycle.ts';
import { UsageError } from '../errors.ts';
import { createEventIdentifier, DEFAULT_ID_STEPS, readIdPath } from '../events/event-id.ts';
import { parseKey } from '../io/key.ts';
import { checkCertificates } from '../settings/certificates.ts';
import { checkProxyUrl } from '../settings/proxy.ts';
import { parseStreamUrl, type StreamUrl } from '../settings/stream-url.ts';
import type { Connected, Connecting, Discarded, StreamItem } from './items.ts';
import * as say from './messages.ts';

/** Returns the key; called before each attempt to connect. `signal` aborts when the stream ends. */
export type ReadKey = (signal: AbortSignal) => string | Promise<string>;

/**
 * Called for each lifecycle item, in order with the events, however the stream is consumed. The stream waits for a
 * promise that a callback returns. An error in a callback ends the stream, and the iteration rejects with that error.
 */
export interface StreamCallbacks {
  /** An attempt begins. */
  readonly onConnecting?: ((item: Connecting) => void | Promise<void>) | undefined;
  /** The service has accepted the key; events follow. */
  readonly onConnected?: ((item: Connected) => void | Promise<void>) | undefined;
  /** A live connection ended. */
  readonly onLost?: ((item: Lost) => void | Promise<void>) | undefined;
  /** The next attempt begins after a delay. */
  readonly onRetrying?: ((item: Retrying) => void | Promise<void>) | undefined;
  /** The stream is live again after a gap: an unknown number of events was missed. */
  readonly onGap?: ((item: Gap) => void | Promise<void>) | undefined;
  /** Messages that are not events: binary, not JSON, or too large. */
  readonly onDiscarded?: ((item: Discarded) => void | Promise<void>) | undefined;
  /**
   * A connection that did not answer was replaced. With several connections also: one was refused or closed, one
   * delivers different events, or the deduplication window is full.
   */
  readonly onNotice?: ((item: Notice) => void | Promise<void>) | undefined;
}

/** Durations are in ms. */
export interface StreamOptions extends StreamCallbacks {
  /** Base or stream URL: `https:` or `wss:`; `http:` and `ws:` only for loopback. */
  readonly url: string;
  /**
   * The API key, or a function that returns it. The function is called before each attempt. If a key that has worked
   * gets a 401, the function is called once more, and a different key is tried. An error in the function ends the
   * stream.
   */
  readonly key: string | ReadKey;
  /** Ends the stream: closes the connection, then the iteration ends without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Only events whose type matches one of these globs; default every event. */
  readonly type?: string | readonly string[] | undefined;
  /** Only events that match each of these expressions, e.g. `amount_usd > 1000000`; default every event. */
  readonly where?: string | readonly string[] | undefined;
  /**
   * Maximum reconnect attempts in the whole run. Default: 4 within 60 s before the first connection, then unlimited.
   */
  readonly maxReconnects?: number | undefined;
  /** Simultaneous connections, 1 to 4, merged into one stream without duplicates; default 1. */
  readonly connections?: number | undefined;
  /** Replace the only connection when it stops answering, before it is given up; default true. */
  readonly overlap?: boolean | undefined;
  /** Path of the id of an event, by which duplicates are recognized; default `id`, else the whole event. */
  readonly id?: string | undefined;
  /** How long an event is remembered to recognize its duplicates; default 60,000. */
  readonly dedupeWindowMs?: number | undefined;
  /** Limits of the backoff; default 1,000 and 30,000. If only one is set, the default of the other is moved to fit. */
  readonly retryMinMs?: number | undefined;
  readonly retryMaxMs?: number | undefined;
  /** Timeout for each attempt up to the upgrade, then again for the welcome; default 15,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Interval between pings; default 20,000, 0 turns keepalive off. */
  readonly pingIntervalMs?: number | undefined;
  /** How long to wait for any data after a ping before the connection counts as dead; default 10,000. */
  readonly pongTimeoutMs?: number | undefined;
  /** Roots to trust in addition to those of Node, in PEM. No option turns certificate checks off. */
  readonly ca?: string | readonly string[] | undefined;
  /** Trust the roots of the operating system as well, as `--system-ca` does; default false. */
  readonly systemCa?: boolean | undefined;
  /** `http://[user:password@]host:port`, or `https:`, `socks5:`, `socks5h:`; never for loopback; default none. */
  readonly proxy?: string | undefined;
  /**
   * Read the environment: trust the roots in SSL_CERT_FILE and NODE_EXTRA_CA_CERTS as well, and use HTTPS_PROXY,
   * ALL_PROXY and NO_PROXY unless `proxy` is set. Default false.
   */
  readonly useEnvironment?: boolean | undefined;
}

export interface StreamConfig extends ConnectConfig {
  readonly url: StreamUrl;
  readonly key: string | ReadKey;
  /** Timeout of the key function; default `connectTimeoutMs`. */
  readonly keyTimeoutMs?: number;
  readonly signal: AbortSignal | undefined;
  readonly types: readonly string[];
  readonly where: readonly string[];
  /** Additional roots, in PEM. */
  readonly ca: readonly string[];
  readonly systemCa: boolean;
  readonly proxyUrl: string | undefined;
  readonly useEnvironment: boolean;
  readonly callbacks: StreamCallbacks;
  readonly redundancy: ConnectionsConfig;
}

const { ACCEPTED_STREAM_OPTIONS: ACCEPTED } = say;

export const CALLBACK_OF = {
  connecting: 'onConnecting',
  connected: 'onConnected',
  lost: 'onLost',
  retrying: 'onRetrying',
  gap: 'onGap',
  discarded: 'onDiscarded',
  notice: 'onNotice',
} as const satisfies Record<Exclude<StreamItem['kind'], 'events'>, keyof StreamCallbacks>;
const CALLBACKS = Object.values(CALLBACK_OF);

const NAMES: readonly string[] = [
  'url',
  'key',
  'signal',
  'type',
  'where',
  'maxReconnects',
  'connections',
  'overlap',
  'id',
  'dedupeWindowMs',
  'retryMinMs',
  'retryMaxMs',
  'connectTimeoutMs',
  'pingIntervalMs',
  'pongTimeoutMs',
  'ca',
  'systemCa',
  'proxy',
  'useEnvironment',
  ...CALLBACKS,
] satisfies (keyof StreamOptions)[];

/** @throws UsageError, CredentialError that name the option and what is accepted; never the key */
export function parseStreamOptions(options: StreamOptions): StreamConfig {
  if (typeof options !== 'object' || options === null) {
    throw new UsageError(...say.sayInvalidOptions(describeValue(options)));
  }
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(...say.sayUnknownOption(unknown, NAMES));
  }
  const { url, key, signal, ca = [], systemCa = false, proxy, useEnvironment = false } = options;
  requireValid(typeof url === 'string', 'url', url, ACCEPTED.url);
  if (typeof key !== 'string' && typeof key !== 'function') {
    throw new UsageError(...say.sayKeyOptionInvalid());
  }
  requireValid(signal === undefined || isSignal(signal), 'signal', signal, ACCEPTED.signal);
  requireValid(
    typeof useEnvironment === 'boolean',
    'useEnvironment',
    useEnvironment,
    ACCEPTED.useEnvironment,
  );
  requireValid(typeof systemCa === 'boolean', 'systemCa', systemCa, ACCEPTED.systemCa);
  const pems = listTexts('ca', ca);
  for (const pem of pems) checkCertificates(pem, say.nameOption('ca'));
  if (proxy !== undefined)
    requireValid(typeof proxy === 'string', 'proxy', say.DESCRIPTIONS.notString, ACCEPTED.proxy);
  return {
    url: parseStreamUrl(url, say.nameOption('url')),
    key: typeof key === 'string' ? parseKey(key, say.OPTIONS_NAME) : key,
    signal,
    types: listTexts('type', options.type ?? []),
    where: listTexts('where', options.where ?? []),
    maxReconnects: checkCount(options.maxReconnects),
    firstBudget: chooseFirstBudget(undefined, options.maxReconnects, undefined),
    ...checkRetryBounds(options),
    connectTimeoutMs:
      checkDuration('connectTimeoutMs', options.connectTimeoutMs) ?? CONNECTION_DEFAULTS.connectTimeoutMs,
    pingIntervalMs:
      checkDuration('pingIntervalMs', options.pingIntervalMs, 0) ?? CONNECTION_DEFAULTS.pingIntervalMs,
    pongTimeoutMs: checkDuration('pongTimeoutMs', options.pongTimeoutMs) ?? CONNECTION_DEFAULTS.pongTimeoutMs,
    ca: pems,
    systemCa,
    proxyUrl: proxy === undefined ? undefined : checkProxyUrl(proxy, say.nameOption('proxy')),
    useEnvironment,
    callbacks: pickCallbacks(options),
    redundancy: checkRedundancy(options),
  };
}

function checkRedundancy(options: StreamOptions): ConnectionsConfig {
  const { connections = 1, overlap = true, id } = options;
  const isCount = Number.isInteger(connections) && connections >= 1 && connections <= MAX_CONNECTIONS;
  requireValid(isCount, 'connections', connections, ACCEPTED.connections(MAX_CONNECTIONS));
  requireValid(typeof overlap === 'boolean', 'overlap', overlap, ACCEPTED.overlap);
  const isPath = id === undefined || (typeof id === 'string' && id !== '');
  requireValid(isPath, 'id', id, ACCEPTED.id);
  const windowMs = checkDuration('dedupeWindowMs', options.dedupeWindowMs) ?? MERGE_DEFAULTS.windowMs;
  const idSteps = id === undefined ? DEFAULT_ID_STEPS : readIdPath(id);
  requireValid(idSteps !== undefined, 'id', id, ACCEPTED.id);
  const identify = createEventIdentifier(idSteps);
  return { connections, hasOverlap: overlap, merge: { ...MERGE_DEFAULTS, windowMs, identify } };
}

function requireValid(isValid: boolean, name: string, value: unknown, accepted: string): void {
  if (!isValid) throw new UsageError(...say.sayInvalidOption(name, describeValue(value), accepted));
}

function describeValue(value: unknown): string {
  return typeof value === 'object' && value !== null ? say.DESCRIPTIONS.object : String(value).slice(0, 100);
}

/** Not `instanceof`, since it may come from another realm. */
function isSignal(signal: unknown): boolean {
  return typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal;
}

function listTexts(name: string, given: string | readonly string[]): readonly string[] {
  const texts: readonly unknown[] = typeof given === 'string' ? [given] : given;
  const areTexts = Array.isArray(texts) && texts.every((text) => typeof text === 'string' && text !== '');
  requireValid(areTexts, name, say.DESCRIPTIONS.any, ACCEPTED.texts);
  return texts as readonly string[];
}

function checkCount(count: number | undefined): number {
  if (count === undefined) return Number.POSITIVE_INFINITY;
  const isCount = count === Number.POSITIVE_INFINITY || (Number.isSafeInteger(count) && count >= 0);
  requireValid(isCount, 'maxReconnects', count, ACCEPTED.maxReconnects);
  return count;
}

function checkDuration(name: string, ms: number | undefined, least = 1): number | undefined {
  if (ms === undefined) return undefined;
  const isDuration = typeof ms === 'number' && ms >= least && ms <= MAX_DURATION_MS;
  requireValid(isDuration, name, ms, ACCEPTED.duration(least, MAX_DURATION_MS));
  return ms;
}

function checkRetryBounds(options: StreamOptions): { retryMinMs: number; retryMaxMs: number } {
  const bounds = fillRetryBounds(
    checkDuration('retryMinMs', options.retryMinMs),
    checkDuration('retryMaxMs', options.retryMaxMs),
  );
  requireValid(bounds.retryMaxMs >= bounds.retryMinMs, 'retryMaxMs', bounds.retryMaxMs, ACCEPTED.retryMaxMs);
  return bounds;
}

function pickCallbacks(options: StreamOptions): StreamCallbacks {
  for (const name of CALLBACKS) {
    const callback: unknown = options[name];
    requireValid(callback === undefined || typeof callback === 'function', name, callback, ACCEPTED.callback);
  }
  return options;
}
