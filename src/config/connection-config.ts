// The flags that say how to connect, checked; and, with URL and key, the settings of the connect loop.
import type { FollowSettings, KeyOrigin } from '../connection/follow.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { classifyText } from '../protocol/scan-json.ts';
import { VERSION } from '../version.ts';
import type { StreamUrl } from './stream-url.ts';
import type { TargetFlags } from './target.ts';
import { readTrustedRoots } from './trusted-roots.ts';
import { optionalDuration, parseCount, parseDuration } from './values.ts';

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

/** Durations in ms. */
export interface ConnectionConfig {
  /** Attempts beyond the first in the whole run; 0 is --no-reconnect, default without bound. */
  readonly maxReconnects: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly connectTimeoutMs: number;
  /** 0 turns keepalive off. */
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
  /** Path of extra trusted roots, or undefined. */
  readonly caCert: string | undefined;
}

/** @throws UsageError naming flag, value and what is accepted */
export function parseConnectionFlags(flags: ConnectionFlags): ConnectionConfig {
  const retryMin = optionalDuration('--retry-min', flags.retryMin);
  const retryMax = optionalDuration('--retry-max', flags.retryMax);
  // One bound alone moves the default of the other.
  const retryMinMs = retryMin ?? Math.min(1_000, retryMax ?? 1_000);
  const retryMaxMs = retryMax ?? Math.max(30_000, retryMinMs);
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
    connectTimeoutMs: optionalDuration('--connect-timeout', flags.connectTimeout) ?? 15_000,
    pingIntervalMs: parseDuration('--ping-interval', flags.pingInterval ?? '20s', 'turns keepalive off'),
    pongTimeoutMs: optionalDuration('--pong-timeout', flags.pongTimeout) ?? 10_000,
    caCert: flags.caCert,
  };
}

/**
 * The settings of the connect loop.
 *
 * @param deadlineMs monotonic time at which `--timeout` ends the run, or undefined
 * @throws UsageError where certificate checks are turned off (contract C7), the CA file or a proxy is no good
 */
export async function buildFollowSettings(
  config: ConnectionConfig,
  source: { readonly url: StreamUrl; readonly key: string; readonly keyOrigin?: KeyOrigin | undefined },
  io: Io,
  deadlineMs: number | undefined,
): Promise<FollowSettings> {
  const { url, key, keyOrigin } = source;
  if (io.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0' && !url.isLoopback) {
    throw new UsageError(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 turns certificate checks off: the key could go to anybody',
      'unset it; a private root is trusted with --ca-cert <file>',
    );
  }
  const { caCert, connectTimeoutMs, pingIntervalMs, pongTimeoutMs } = config;
  return {
    dial: {
      url: url.stream,
      host: url.host,
      key,
      keyOrigin,
      userAgent: `atlantis-cli/${VERSION}`,
      proxyUrl: await chooseProxy(url, io),
      trustedRoots:
        caCert === undefined ? undefined : readTrustedRoots(caCert, io.env['NODE_EXTRA_CA_CERTS']),
      connectTimeoutMs,
      keepalive: { pingIntervalMs, pongTimeoutMs },
      classify: classifyText,
    },
    policy: {
      maxReconnects: config.maxReconnects,
      retryMinMs: config.retryMinMs,
      retryMaxMs: config.retryMaxMs,
      deadlineMs,
    },
  };
}

/** Loopback never goes through a proxy (contract C5), and http is loopback only. */
async function chooseProxy(url: StreamUrl, io: Io): Promise<string | undefined> {
  const { env } = io;
  const isSet = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].some(
    (name) => (env[name] ?? '') !== '',
  );
  if (url.isLoopback || !isSet) return undefined;
  const { findProxy } = await import('./proxy.ts');
  const proxyUrl = findProxy(url.base, env);
  if (proxyUrl !== undefined) io.redactor.addProxyUrl(proxyUrl);
  return proxyUrl;
}
