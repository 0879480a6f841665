// Asks a SOCKS 5 proxy for a tunnel (contract C6; RFC 1928, RFC 1929 for the login). A bundle of its own.
import { lookup } from 'node:dns';
import { isIP, isIPv4, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { DETAILS, SOCKS_FAULTS } from '../messages.ts';
import { parseAddress } from './address.ts';
import type { Endpoint } from './tcp.ts';

const SOCKS_VERSION = 5;
const LOGIN_VERSION = 1;
const CONNECT = 1;
const METHODS = { none: 0, login: 2 } as const;
const KINDS = { ipv4: 1, name: 3, ipv6: 4 } as const;
/** The reply to a destination that the rules of the proxy do not allow. */
const NOT_ALLOWED = 2;

/** Resolves when the tunnel is open. Bytes that follow the reply stay in the socket. */
export async function requestTunnel(
  socket: Socket,
  proxy: URL,
  { host, port }: Endpoint,
): Promise<undefined> {
  const address = proxy.protocol === 'socks5h:' ? host : await resolveHere(host);
  // An error between two reads must have a listener; the next `readExactly` throws it.
  const ignore = (): void => {};
  socket.on('error', ignore);
  try {
    await logIn(socket, decodeURIComponent(proxy.username), decodeURIComponent(proxy.password));
    socket.write(Buffer.from([SOCKS_VERSION, CONNECT, 0, ...encodeAddress(address), port >> 8, port & 0xff]));
    const [version, reply = 0, , kind] = await readExactly(socket, 4);
    if (version !== SOCKS_VERSION) throw new Error(SOCKS_FAULTS.notSocks);
    if (reply === NOT_ALLOWED) throw refusal(SOCKS_FAULTS.reply(reply));
    if (reply !== 0) throw new Error(SOCKS_FAULTS.reply(reply));
    // Skips the address and port from which the proxy connects.
    if (kind === KINDS.name) await readExactly(socket, ((await readExactly(socket, 1))[0] ?? 0) + 2);
    else await readExactly(socket, (kind === KINDS.ipv6 ? 16 : 4) + 2);
  } finally {
    socket.off('error', ignore);
  }
}

async function logIn(socket: Socket, user: string, password: string): Promise<void> {
  const hasLogin = user !== '';
  const methods = hasLogin ? [METHODS.none, METHODS.login] : [METHODS.none];
  socket.write(Buffer.from([SOCKS_VERSION, methods.length, ...methods]));
  const [version, method] = await readExactly(socket, 2);
  if (version !== SOCKS_VERSION) throw new Error(SOCKS_FAULTS.notSocks);
  if (method === METHODS.none) return;
  if (method !== METHODS.login || !hasLogin)
    throw refusal(hasLogin ? SOCKS_FAULTS.noLogin : SOCKS_FAULTS.needsLogin);
  socket.write(Buffer.from([LOGIN_VERSION, ...withLength(user), ...withLength(password)]));
  const [, status] = await readExactly(socket, 2);
  if (status !== 0) throw refusal(SOCKS_FAULTS.wrongLogin);
}

/** An error that a retry would not resolve. */
function refusal(message: string): Error {
  return Object.assign(new Error(message), { code: 'ESOCKSREFUSED' });
}

const EVENTS = ['readable', 'end', 'error', 'close'] as const;

function readExactly(socket: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      const bytes: Buffer | null = socket.read(length);
      if (bytes?.length === length) resolve(bytes);
      else if (bytes !== null || socket.readableEnded || socket.destroyed)
        reject(socket.errored ?? new Error(SOCKS_FAULTS.closed));
      else return;
      for (const name of EVENTS) socket.off(name, settle);
    };
    for (const name of EVENTS) socket.on(name, settle);
    settle();
  });
}

/** One byte with the length of the text, then the text. settings/proxy.ts limits the length of a login. */
function withLength(text: string): number[] {
  const bytes = Buffer.from(text);
  return [bytes.length, ...bytes];
}

function encodeAddress(address: string): number[] {
  if (isIP(address) === 0) return [KINDS.name, ...withLength(address)];
  return [isIPv4(address) ? KINDS.ipv4 : KINDS.ipv6, ...parseAddress(address)];
}

/** `socks5:` looks a name up on this machine, as curl does. */
async function resolveHere(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  const found = await promisify(lookup)(host, { all: true }).catch(() => []);
  if (found[0] !== undefined) return found[0].address;
  throw new Error(DETAILS.notFoundHere(host));
}
