// The flags that say how to connect, checked.
import { type ConnectConfig, fillRetryBounds } from '../connection/config.ts';
import { UsageError } from '../errors.ts';
import { type Flags, parseFlags } from '../flags/definition.ts';
import { CONNECTION_FLAGS } from '../flags/shared-flags.ts';

/** As the command line gives them. */
export type ConnectionFlags = Flags<typeof CONNECTION_FLAGS>;

export interface ConnectionConfig extends ConnectConfig {
  /** Path of extra trusted roots, or undefined. */
  readonly caCert: string | undefined;
}

/** @throws UsageError naming flag, value and what is accepted */
export function parseConnectionFlags(flags: ConnectionFlags): ConnectionConfig {
  const { noReconnect, maxReconnects, ...values } = parseFlags(CONNECTION_FLAGS, flags);
  const bounds = fillRetryBounds(values.retryMinMs, values.retryMaxMs);
  if (bounds.retryMaxMs < bounds.retryMinMs) {
    throw new UsageError(
      `--retry-max ${flags.retryMax ?? ''} is shorter than --retry-min ${flags.retryMin ?? ''}`,
      'accepted: at least the same duration',
    );
  }
  return {
    ...values,
    ...bounds,
    maxReconnects: noReconnect ? 0 : (maxReconnects ?? Number.POSITIVE_INFINITY),
  };
}
