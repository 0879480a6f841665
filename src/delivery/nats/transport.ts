// The transport of the official client, changed to open connections like all others, and to refuse a server without TLS
// before credentials are sent (contract B8). The address of the server decides whether TLS is required.
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';
import { systemClock } from '../../clock.ts';
import { formatAddress } from '../../connection/dial/address.ts';
import { Attempt } from '../../connection/dial/attempt.ts';
import { connectAs, secure } from '../../connection/dial/connect.ts';
import { isLoopbackAddress } from '../../connection/dial/tcp.ts';
import type { Cause } from '../../connection/lifecycle.ts';
import { ENDINGS } from '../../connection/messages.ts';
import type { NatsConfig } from '../../settings/nats-settings.ts';
import { NATS_DETAILS } from './messages.ts';

/** The server does not offer TLS, which is required. */
export class PlaintextError extends Error {}

export class NatsTransport extends NodeTransport {
  readonly #config: NatsConfig;
  #hostname = '';
  #attempt: Attempt | undefined;

  constructor(config: NatsConfig) {
    super();
    this.#config = config;
  }

  /** The cause of an error before the connection was ready; undefined before the first `dial`. */
  classify(error: unknown): Cause | undefined {
    return this.#attempt?.classify(error);
  }

  override async connect(...args: Parameters<NodeTransport['connect']>): Promise<void> {
    try {
      await super.connect(...args);
    } finally {
      this.#attempt?.end();
    }
  }

  override async dial({ hostname, port }: { hostname: string; port: number }): Promise<Socket> {
    const { address, connectTimeoutMs, trustedRoots } = this.#config;
    this.#hostname = hostname;
    const url = `nats://${formatAddress(hostname, port)}`;
    const route = { url, host: address.host, proxyUrl: undefined, trustedRoots, connectTimeoutMs };
    this.#attempt = new Attempt(route, { clock: systemClock, limitMs: connectTimeoutMs });
    const { raw } = await connectAs(this.#attempt, (open) => {
      // `close` needs the socket while it connects.
      this.socket = open(undefined);
      return { raw: this.socket };
    });
    return raw;
  }

  override async peekInfo(): ReturnType<NodeTransport['peekInfo']> {
    const { remoteAddress = '', remotePort } = this.socket;
    const info = await super.peekInfo().catch((error: unknown) => {
      // If the server closes the connection, the promise rejects with undefined.
      throw error ?? Object.assign(new Error(), { code: 'ECONNRESET' });
    });
    if (!info.tls_required && !info.tls_available && this.#mustEncrypt(remoteAddress)) {
      throw new PlaintextError(NATS_DETAILS.server(remoteAddress, remotePort));
    }
    return info;
  }

  override startTLS(): Promise<TLSSocket> {
    if (this.#attempt === undefined) throw new Error(ENDINGS.byClient);
    // An announced server may be known only by its address. The client then checks the name of the announcing server
    // (`tlsName`).
    return secure(this.#attempt, this.socket, this.tlsName || this.#hostname);
  }

  /** Ends an attempt that has failed, in any phase. */
  abandon(): void {
    this.done = true;
    this.socket?.destroy();
  }

  #mustEncrypt(address: string): boolean {
    const { tls } = this.#config;
    return tls === 'required' || (tls === 'off-loopback' && !isLoopbackAddress(address));
  }
}
