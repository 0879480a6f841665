// Whether a key works: opens the stream once and says goodbye (`profile add --check`). A bundle of its own.
import { CredentialError } from '../../errors.ts';
import type { Io } from '../../io/io.ts';
import { parseConnectionFlags } from '../../settings/connection-config.ts';
import type { StreamUrl } from '../../settings/stream-url.ts';
import { prepareSource } from '../../stream/prepare.ts';

/**
 * Resolves once the service has welcomed the key.
 *
 * @throws AtlantisError with the exit code and the words of what went wrong (contract § 2), after one attempt
 */
export async function checkKey(url: StreamUrl, key: string, io: Io): Promise<void> {
  const config = parseConnectionFlags({ reconnect: false });
  const { open } = await prepareSource(config, { url, key }, io);
  const { signal } = new AbortController();
  for await (const item of open(signal).items()) {
    if (item.kind !== 'connected') continue;
    if (item.keyPrefix === item.expectedKeyPrefix) return;
    throw new CredentialError(
      `${url.host} accepted the key ${item.keyPrefix}, while the one given begins with ${item.expectedKeyPrefix}`,
      'check what stands between here and the service',
    );
  }
}
