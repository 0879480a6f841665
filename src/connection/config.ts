// The configuration of a connection, and the defaults of flags and options (contract § 1).
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { IdentifyEvent } from '../events/event-id.ts';
import type { FrameBuffer } from '../events/frame-buffer.ts';
import type { KeyOrigin } from './lifecycle.ts';
import type { ConnectionPhase } from './messages.ts';
import type { KeepaliveConfig } from './read/heartbeat.ts';

/** Limits before the first welcome of the run (contract § 5). */
export interface FirstBudget {
  readonly attempts: number;
  /** Time in which the attempts begin. */
  readonly ms: number;
  /** `--wait`: these attempts do not count toward `maxReconnects`. */
  readonly isWait?: boolean;
}

/** The budget of a user who has set no limit. */
export const FIRST_BUDGET: FirstBudget = { attempts: 5, ms: 60_000 };

/** A limit is undefined if the user has not set it. --timeout ends the run regardless of the budget. */
export function chooseFirstBudget(
  waitMs: number | undefined,
  maxReconnects: number | undefined,
  timeoutMs: number | undefined,
): FirstBudget {
  if (waitMs !== undefined) return { attempts: Number.POSITIVE_INFINITY, ms: waitMs, isWait: true };
  if (maxReconnects === undefined && timeoutMs === undefined) return FIRST_BUDGET;
  return { attempts: (maxReconnects ?? Number.POSITIVE_INFINITY) + 1, ms: Number.POSITIVE_INFINITY };
}

/** Settings from flags or options; durations in ms. */
export interface ConnectConfig {
  /** Maximum reconnect attempts in the whole run; Infinity for no limit. */
  readonly maxReconnects: number;
  readonly firstBudget: FirstBudget;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly connectTimeoutMs: number;
  /** 0 turns keepalive off. */
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
  /** How long received bytes wait for more, in ms; undefined for no wait. Each read keeps its own receive time. */
  readonly lingerMs?: number;
}

/** Length of the prefix of a key that consoles and logs show (docs/protocol.md, "Keys"). */
export const KEY_PREFIX_LENGTH = 16;

/** Durations in ms. */
export const CONNECTION_DEFAULTS = {
  connectTimeoutMs: 15_000,
  pingIntervalMs: 20_000,
  pongTimeoutMs: 10_000,
} as const;

/** Limits of the backoff. */
export const RETRY_DEFAULTS = { retryMinMs: 1_000, retryMaxMs: 30_000 } as const;

/** If only one limit is set, the default of the other is moved to fit. */
export function fillRetryBounds(
  retryMinMs: number | undefined,
  retryMaxMs: number | undefined,
): { retryMinMs: number; retryMaxMs: number } {
  const min = retryMinMs ?? Math.min(RETRY_DEFAULTS.retryMinMs, retryMaxMs ?? RETRY_DEFAULTS.retryMinMs);
  return { retryMinMs: min, retryMaxMs: retryMaxMs ?? Math.max(RETRY_DEFAULTS.retryMaxMs, min) };
}

/** A fifth connection would not protect against any further failure. */
export const MAX_CONNECTIONS = 4;

export interface MergeConfig {
  /** How long an event is remembered, in ms. */
  readonly windowMs: number;
  /** Bound of the memory for events in the window. */
  readonly maxBytes: number;
  readonly identify: IdentifyEvent;
}

export const MERGE_DEFAULTS = { windowMs: 60_000, maxBytes: 32 * 1024 * 1024 } as const;

export interface ConnectionsConfig {
  readonly connections: number;
  /** Whether a single connection is replaced before it is given up (handover). */
  readonly hasOverlap: boolean;
  readonly merge: MergeConfig;
}

export interface AttemptObserver {
  /** `socket` is undefined until it is created. */
  onPhase(phase: ConnectionPhase, socket: Socket | undefined): void;
  /** The server accepted the upgrade; the welcome is next. */
  onUpgraded(response: { readonly headers: IncomingHttpHeaders; readonly requestId: string }): void;
}

export interface RouteConfig {
  /** Checked URL: `ws:`, `wss:`, `http:`, `https:`, or `nats:` for NATS. */
  readonly url: string;
  /** Host and port for messages. */
  readonly host: string;
  /** Proxy URL with credentials; undefined to connect directly (contract C6). */
  readonly proxyUrl: string | undefined;
  /** PEM roots to trust in addition to Node's. */
  readonly trustedRoots: readonly string[] | undefined;
  /** Refuse addresses of other machines, because what is sent is not encrypted (contract C5). */
  readonly mustBeLoopback?: boolean;
  /** Verify certificates even if NODE_TLS_REJECT_UNAUTHORIZED=0 (contract C7); default true. */
  readonly mustCheckCertificates?: boolean;
  /** Time limit of an attempt in ms. For the stream: up to the 101, and again for the welcome (contract C1). */
  readonly connectTimeoutMs: number;
  /** Addresses of the host to try last. */
  readonly usedAddresses?: readonly string[];
}

export interface DialConfig extends RouteConfig {
  /** The API key, which is only ever sent as X-API-Key. */
  readonly key: string;
  readonly keyOrigin?: KeyOrigin | undefined;
  readonly userAgent: string;
  readonly keepalive: KeepaliveConfig;
  /** See ConnectConfig. */
  readonly lingerMs?: number | undefined;
  /** Returns the MESSAGE bits of an event, or a negative number for any other text. */
  classify(text: Uint8Array): number;
  /** Creates the fast frame parser of a connection; without one ws parses every frame. */
  readonly createFrameBuffer?: () => FrameBuffer | undefined;
  readonly observer?: AttemptObserver | undefined;
}
