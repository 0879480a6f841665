// The flags that say how to connect, checked.
import { UsageError } from '../errors.ts';
import { optionalDuration, parseCount, parseDuration } from '../flags/values.ts';
import { CONNECTION_DEFAULTS, type ConnectionSettings, fillRetryBounds } from './connection-defaults.ts';
import type { TargetFlags } from './target.ts';

/** As the command line gives them. */
export interface ConnectionFlags extends TargetFlags {
  readonly reconnect?: boolean;
  readonly maxReconnects?: string;
  readonly retryMin?: string;
  readonly retryMax?: string;
  readonly connectTimeout?: string;
  readonly pingInterval?: string;
  readonly pongTimeout?: string;
  readonly caCert?: string;
}

export interface ConnectionConfig extends ConnectionSettings {
  /** Path of extra trusted roots, or undefined. */
  readonly caCert: string | undefined;
}

/** @throws UsageError naming flag, value and what is accepted */
export function parseConnectionFlags(flags: ConnectionFlags): ConnectionConfig {
  const { retryMinMs, retryMaxMs } = fillRetryBounds(
    optionalDuration('--retry-min', flags.retryMin),
    optionalDuration('--retry-max', flags.retryMax),
  );
  if (retryMaxMs < retryMinMs) {
    throw new UsageError(
      `--retry-max ${flags.retryMax ?? ''} is shorter than --retry-min ${flags.retryMin ?? ''}`,
      'accepted: at least the same duration',
    );
  }
  const max = flags.maxReconnects;
  const maxReconnects = max === undefined ? Number.POSITIVE_INFINITY : parseCount('--max-reconnects', max, 0);
  return {
    maxReconnects: flags.reconnect === false ? 0 : maxReconnects,
    retryMinMs,
    retryMaxMs,
    connectTimeoutMs:
      optionalDuration('--connect-timeout', flags.connectTimeout) ?? CONNECTION_DEFAULTS.connectTimeoutMs,
    pingIntervalMs:
      flags.pingInterval === undefined
        ? CONNECTION_DEFAULTS.pingIntervalMs
        : parseDuration('--ping-interval', flags.pingInterval, 'turns keepalive off'),
    pongTimeoutMs: optionalDuration('--pong-timeout', flags.pongTimeout) ?? CONNECTION_DEFAULTS.pongTimeoutMs,
    caCert: flags.caCert,
  };
}
