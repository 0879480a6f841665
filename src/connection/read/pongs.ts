// Answers WebSocket-level pings (contract K1), without letting a server that sends many of them do harm.
//
// Not left to ws: it ends a connection on which more than 60 pings are read at once, as happens to a healthy
// one behind a reader that was blocked for a while.
import type { OpenSocket } from '../dial/socket.ts';

/** Above this much unsent, pongs are not queued: only the latest ping is still answered (RFC 6455 § 5.5.3). */
const MAX_UNSENT_BYTES = 64 * 1024;

export function answerPings(webSocket: OpenSocket['webSocket']): void {
  let latest: Buffer | undefined;
  const answer = (): void => {
    if (latest === undefined || webSocket.bufferedAmount >= MAX_UNSENT_BYTES) return;
    if (webSocket.readyState !== webSocket.OPEN) return;
    const payload = latest;
    latest = undefined;
    webSocket.pong(payload, true, answer);
  };
  webSocket.on('ping', (payload) => {
    latest = payload;
    answer();
  });
}
