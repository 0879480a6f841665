// Whether a key works: opens the stream once and says goodbye (`profile add --check`). A bundle of its own.
import { buildFollowSettings, parseConnectionFlags } from './config/connection-config.ts';
import { hasPrefix, keyPrefix } from './config/key.ts';
import type { StreamUrl } from './config/stream-url.ts';
import { describeCause } from './connection/causes.ts';
import { follow } from './connection/follow.ts';
import { AtlantisError, CredentialError } from './errors.ts';
import type { Io } from './io.ts';

/**
 * Resolves once the service has welcomed the key.
 *
 * @throws AtlantisError with the exit code and the words of what went wrong (contract § 2), after one attempt
 */
export async function checkKey(url: StreamUrl, key: string, io: Io): Promise<void> {
  const config = parseConnectionFlags({ reconnect: false });
  const settings = await buildFollowSettings(config, { url, key }, io, undefined);
  const { signal } = new AbortController();
  for await (const item of follow(settings, { clock: io.clock, random: io.random, signal })) {
    if (item.kind === 'gave-up') {
      const { happened, remedy } = describeCause(item.cause);
      throw new AtlantisError(happened, item.exitCode, remedy);
    }
    if (item.kind !== 'connected') continue;
    const accepted = item.stream.acceptedKeyPrefix;
    if (hasPrefix(key, accepted)) return;
    throw new CredentialError(
      `${url.host} accepted the key ${accepted}, while the one given begins with ${keyPrefix(key)}`,
      'check what stands between here and the service',
    );
  }
}
