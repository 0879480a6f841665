// The official client's transport, with our way to open a TCP connection, and with TLS decided by the address that was
// connected to, before credentials are sent (contract B8).
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { TlsOptions } from '@nats-io/transport-node';
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';
import { isLoopbackAddress, tcpOptions, trustOptions } from '../../connection/dial/tcp.ts';
import type { NatsConfig } from '../../settings/nats-settings.ts';
import { NATS_DETAILS } from './messages.ts';

/** The server does not offer the TLS that is required. */
export class PlaintextError extends Error {}

export class NatsTransport extends NodeTransport {
  readonly #config: NatsConfig;

  constructor(config: NatsConfig) {
    super();
    this.#config = config;
  }

  override async dial({ hostname, port }: { hostname: string; port: number }): Promise<Socket> {
    const socket = connect({
      host: hostname,
      port,
      noDelay: true,
      ...tcpOptions(this.#config.connectTimeoutMs),
    });
    // For `close` while it connects.
    this.socket = socket;
    await once(socket, 'connect');
    return socket;
  }

  override async peekInfo(): ReturnType<NodeTransport['peekInfo']> {
    const { remoteAddress = '', remotePort } = this.socket;
    const info = await super.peekInfo();
    if (info.tls_required || info.tls_available) {
      // Set only now: the client refuses a server without TLS if this option is set.
      const tls = trustOptions(createSecureContext, this.#config.trustedRoots) as TlsOptions;
      this.options = { ...this.options, tls };
    } else if (this.#mustEncrypt(remoteAddress)) {
      throw new PlaintextError(NATS_DETAILS.server(remoteAddress, remotePort));
    }
    return info;
  }

  #mustEncrypt(address: string): boolean {
    const { tls } = this.#config;
    return tls === 'required' || (tls === 'off-loopback' && !isLoopbackAddress(address));
  }
}
