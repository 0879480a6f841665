// What a connection needs to know, and the defaults of flags and options (contract § 1).
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { FrameBuffer } from '../events/frame-buffer.ts';
import type { KeyOrigin } from './causes.ts';
import type { Phase } from './network-errors.ts';
import type { KeepaliveConfig } from './read/heartbeat.ts';

/** How to connect, whoever says so. Durations in ms. */
export interface ConnectConfig {
  /** Attempts beyond the first in the whole run; Infinity where there is no bound. */
  readonly maxReconnects: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly connectTimeoutMs: number;
  /** 0 turns keepalive off. */
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
}

/** Durations in ms. */
export const CONNECTION_DEFAULTS = {
  connectTimeoutMs: 15_000,
  pingIntervalMs: 20_000,
  pongTimeoutMs: 10_000,
} as const;

/** The bounds of the backoff, in ms. */
export const RETRY_DEFAULTS = { retryMinMs: 1_000, retryMaxMs: 30_000 } as const;

/** The bounds of the backoff in ms; one alone moves the default of the other. */
export function fillRetryBounds(
  retryMinMs: number | undefined,
  retryMaxMs: number | undefined,
): { retryMinMs: number; retryMaxMs: number } {
  const min = retryMinMs ?? Math.min(RETRY_DEFAULTS.retryMinMs, retryMaxMs ?? RETRY_DEFAULTS.retryMinMs);
  return { retryMinMs: min, retryMaxMs: retryMaxMs ?? Math.max(RETRY_DEFAULTS.retryMaxMs, min) };
}

/** Is notified of the progress of each attempt to connect. */
export interface AttemptObserver {
  /** The attempt enters a phase; `socket` is there from the name lookup on. */
  onPhase(phase: Phase, socket: Socket | undefined): void;
  /** The server accepted the upgrade; the welcome is next. */
  onUpgraded(response: { readonly headers: IncomingHttpHeaders; readonly requestId: string }): void;
}

export interface DialConfig {
  /** `ws:` or `wss:` URL of the stream, already checked (contract C5). */
  readonly url: string;
  /** Host and port as messages name them. */
  readonly host: string;
  /** The API key: sent as X-API-Key, nowhere else. */
  readonly key: string;
  /** Where it came from, as messages name it. */
  readonly keyOrigin?: KeyOrigin | undefined;
  /** `User-Agent` of the upgrade request. */
  readonly userAgent: string;
  /** Proxy URL with credentials, or undefined to connect directly (contract C6). */
  readonly proxyUrl: string | undefined;
  /** Trusted roots in PEM that replace the built-in ones, or undefined. */
  readonly trustedRoots: readonly string[] | undefined;
  /** Holds certificates to account even where NODE_TLS_REJECT_UNAUTHORIZED=0 (contract C7); default true. */
  readonly mustCheckCertificates?: boolean;
  /** Ms for the whole attempt up to the 101, and the same again for the welcome (contract C1). */
  readonly connectTimeoutMs: number;
  readonly keepalive: KeepaliveConfig;
  /** What a text message is: MESSAGE bits for an event, else below zero. */
  classify(text: Uint8Array): number;
  /** Makes the one of a connection; default, or where it makes none: ws has every frame. */
  readonly createFrameBuffer?: () => FrameBuffer | undefined;
  readonly observer?: AttemptObserver | undefined;
}
