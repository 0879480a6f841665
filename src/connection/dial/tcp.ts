// How every connection chooses its address, and the restriction to loopback.
import type { LookupAddress, LookupOptions } from 'node:dns';
import type { LookupFunction, TcpNetConnectOpts } from 'node:net';
import { DETAILS } from '../messages.ts';
import { dropBrackets } from './address.ts';

/**
 * Timeout for one address of a name while others are left. Node's default of 250 ms is too short for a distant server,
 * and for a lost SYN, which is sent again after a second (RFC 6298).
 */
const ADDRESS_TIMEOUT_MS = 1_500;

/** The code of the error for a loopback name that resolves to another machine. */
export const NOT_LOOPBACK = 'ENOTLOOPBACK';

/** `::ffff:` is the prefix of an IPv4 address on a dual-stack socket. */
const LOOPBACK = /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/;

/** @param address as Node reports it */
export function isLoopbackAddress(address: string): boolean {
  return LOOPBACK.test(address);
}

export interface Endpoint {
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** TLS begins at once. */
  readonly isSecure: boolean;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'wss:': 443,
  'https:': 443,
  'socks5:': 1080,
  'socks5h:': 1080,
};

/** `nats:` is not secure at once: TLS begins after the first message of the server. */
export function parseEndpoint(url: string): Endpoint {
  const { hostname, port, protocol } = new URL(url);
  return {
    host: dropBrackets(hostname),
    port: Number(port || (DEFAULT_PORTS[protocol] ?? 80)),
    isSecure: protocol === 'wss:' || protocol === 'https:',
  };
}

type TcpOptions = Pick<TcpNetConnectOpts, 'autoSelectFamily' | 'autoSelectFamilyAttemptTimeout' | 'lookup'>;

/**
 * @param timeoutMs the time limit of the whole attempt
 * @param mustBeLoopback fails with NOT_LOOPBACK, before anything is sent, if the name resolves to another machine
 */
export function tcpOptions(
  timeoutMs: number,
  mustBeLoopback = false,
  usedAddresses: readonly string[] = [],
): TcpOptions {
  return {
    autoSelectFamily: true,
    // Node takes whole numbers only.
    autoSelectFamilyAttemptTimeout: Math.min(ADDRESS_TIMEOUT_MS, Math.ceil(timeoutMs / 2)),
    ...((mustBeLoopback || usedAddresses.length > 0) && {
      lookup: createLookup(mustBeLoopback, usedAddresses),
    }),
  };
}

/** `dns.lookup` with the addresses of the other connections last and, for loopback, without those of other machines. */
function createLookup(mustBeLoopback: boolean, usedAddresses: readonly string[]): LookupFunction {
  const isUsed = ({ address }: LookupAddress): boolean => usedAddresses.includes(address);
  return async (hostname, options, callback) => {
    // Loaded here, since most runs do not use it.
    const { lookup } = await import('node:dns');
    const all: LookupOptions & { all: true } = { ...options, all: true };
    lookup(hostname, all, (error, found) => {
      if (error !== null) return callback(error, []);
      const allowed = mustBeLoopback ? found.filter(({ address }) => isLoopbackAddress(address)) : found;
      const addresses = [...allowed.filter((one) => !isUsed(one)), ...allowed.filter(isUsed)];
      const [first] = addresses;
      if (first === undefined) return callback(createNotLoopback(hostname, found), []);
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function createNotLoopback(hostname: string, found: readonly LookupAddress[]): NodeJS.ErrnoException {
  const addresses = found.map(({ address }) => address);
  return Object.assign(new Error(DETAILS.otherAddresses(hostname, addresses)), { code: NOT_LOOPBACK });
}
