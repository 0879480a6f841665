// A true RST. `socket.resetAndDestroy()` first ends the writable side, so that the peer may see a FIN (an
// orderly end) before the RST; here nothing is sent but the RST.
//
// A libuv client that finds data and the RST at the same time reports the end of the stream, not ECONNRESET:
// where the test needs the error, wait until the client has read what was sent.
import type { Socket } from 'node:net';

/** Aborts a plain TCP connection; what the kernel has not delivered yet is lost. Harmless when it is over. */
export function resetConnection(tcp: Socket): void {
  // libuv refuses to reset while a FIN is on its way out, and node then never lets go of the handle: the
  // process would spin at its end.
  const isEnding = tcp.writableEnded && !tcp.writableFinished;
  // What node's own `_destroy` looks at; the self-test of the raw server proves that it is still there.
  if (!isEnding) Object.assign(tcp, { resetAndClosing: true });
  tcp.destroy();
}
