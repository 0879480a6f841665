// A CONNECT proxy as a script of the raw server: it tunnels every name to one port on loopback.
import { createConnection } from 'node:net';
import type { Script } from './scripted-server.ts';

/**
 * Answers CONNECT with 200 and tunnels to `targetPort`, whatever host was asked for (see `attempt.request`).
 * Anything else is answered with 405. `isDripped` sends that answer byte by byte.
 */
export function tunnelTo(targetPort: number, { isDripped = false } = {}): Script {
  return async (peer) => {
    const { method } = await peer.readRequest();
    if (method !== 'CONNECT') return peer.respond(405);
    const early = peer.takeOver();
    const target = createConnection(targetPort, '127.0.0.1');
    target.on('error', () => peer.reset());
    peer.socket.on('error', () => target.destroy());
    peer.socket.on('close', () => target.destroy());
    const answer = 'HTTP/1.1 200 Connection established\r\n\r\n';
    for (const part of isDripped ? answer : [answer]) await peer.sendRaw(part);
    target.write(early);
    peer.socket.pipe(target).pipe(peer.socket);
    await peer.untilClosed();
  };
}
