// How a stream is connected to where nobody says otherwise (contract § 1): one place for flags and options.

/** How to connect, whoever says so. Durations in ms. */
export interface ConnectionSettings {
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
