// Ports for programs that cannot listen on port 0.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that systems give to connections and to listeners on port 0, which other tests use at the same time.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** A port that was free a moment ago, chosen at random so that tests at the same time choose different ones. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
