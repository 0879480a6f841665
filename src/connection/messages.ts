// Texts that fill in the placeholders of the messages in cause-table.ts.

export const PHASES = {
  lookup: 'looking up the name',
  connect: 'connecting',
  proxy: 'waiting for the proxy',
  tls: 'in the TLS handshake',
  upgrade: 'waiting for the response to the upgrade',
  response: 'waiting for the response',
  welcome: 'waiting for the welcome',
  live: 'streaming',
} as const;
export type ConnectionPhase = keyof typeof PHASES;

export function describePhase(phase: ConnectionPhase, proxy: string | undefined): string {
  if (proxy === undefined) return PHASES[phase];
  return phase === 'proxy' ? `${PHASES.proxy} ${proxy}` : `${PHASES[phase]} through the proxy ${proxy}`;
}

/** How to replace a rejected key; `{profile}` is filled in. */
export const RENEWALS = {
  environment: 'set a valid one in ATLANTIS_API_KEY',
  stdin: 'pipe in a valid one',
  file: 'write a valid one to that file',
  profile: 'replace it with `atlantis profile add {profile} --force`',
  command: 'the key command must print a valid one',
  keychain: 'replace it with `atlantis profile add {profile} --force --keychain`',
  option: 'pass a valid one',
} as const;

/** How to replace a rejected key of unknown origin. */
export const RENEWAL = 'store a valid one with `atlantis profile add`';
export const PROXY_IN_USE = 'in use';
export const nameProxy = (proxy: string): string => `the proxy ${proxy}`;
export const THE_URL = 'the URL';
export const THE_URL_OF_THE_PROXY = 'the URL of the proxy';

export const AWAITED = {
  response: 'response',
  completeResponse: 'complete response',
  connection: 'connection',
} as const;

export const nameKey = (source: string | undefined): string =>
  source === undefined ? 'the key' : `the key from ${source}`;

/** Errors that ws finds in frames, by error code. */
export const FRAME_FAULTS: Readonly<Record<string, string>> = {
  WS_ERR_EXPECTED_FIN: 'a fragmented control frame',
  WS_ERR_EXPECTED_MASK: 'an unmasked frame',
  WS_ERR_INVALID_CLOSE_CODE: 'an invalid close code',
  WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH: 'a control frame larger than 125 bytes',
  WS_ERR_INVALID_OPCODE: 'an unknown opcode',
  WS_ERR_INVALID_UTF8: 'text that is not UTF-8',
  WS_ERR_UNEXPECTED_MASK: 'a masked frame, which a server must not send',
  WS_ERR_UNEXPECTED_RSV_1: 'a compressed frame, which was not negotiated',
  WS_ERR_UNEXPECTED_RSV_2_3: 'a frame with a reserved bit',
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 'a frame with an invalid length',
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'a message larger than 16 MiB',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'a message in too many fragments',
};

/** TLS alerts whose names do not say what is wrong, by number. */
export const TLS_ALERTS: Readonly<Record<string, string>> = {
  40: 'no TLS cipher in common, TLS alert 40',
  80: 'an internal error of the server, TLS alert 80',
  112: 'the server does not recognize this host name, TLS alert 112',
};

export const DETAILS = {
  noReason: 'no reason given',
  alert: 'TLS alert',
  alert40: 'TLS alert 40',
  tlsAlert: 'it answered with a TLS alert',
  acceptsTls: 'it accepts a TLS handshake',
  notHttp: (code: string) => `not an HTTP response, ${code}`,
  at: (error: string, addresses: string) => `${error} at ${addresses}`,
  during: (error: string, phase: string) => `${error}, ${phase}`,
  nothingWithin: (awaited: string, ms: number, phase: string) => `no ${awaited} within ${ms} ms, ${phase}`,
  otherAddresses: (host: string, addresses: readonly string[]) =>
    `${host} resolves to ${addresses.join(', ')}`,
  notFoundHere: (host: string) =>
    `${host} was not found by this machine; with socks5h:// the proxy looks it up`,
} as const;

export const joinAddresses = (addresses: readonly string[]): string => addresses.join(' and ');

/** How a proxy answered CONNECT. */
export const PROXY_FAULTS = {
  notHttp: (code: string) => `its response is not HTTP, ${code}`,
  tooLong: () => 'its response header is too long',
} as const;

/** The replies of RFC 1928, by number. */
const SOCKS_REPLIES: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'connection not allowed by ruleset',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'TTL expired',
  7: 'command not supported',
  8: 'address type not supported',
};

export const SOCKS_FAULTS = {
  notSocks: 'its answer is not SOCKS 5',
  closed: 'it closed the connection',
  needsLogin: 'it requires a user name and password',
  noLogin: 'it does not accept a user name and password',
  wrongLogin: 'it did not accept the user name and password',
  reply: (code: number) => `SOCKS reply ${code}: ${SOCKS_REPLIES[code] ?? 'unknown'}`,
} as const;

export const REFUSAL_PARTS = {
  status: (status: number, code?: string, message = '') =>
    `HTTP ${status}${code === undefined ? '' : ` ${code}`}${message === '' ? '' : `: ${message}`}`,
  location: (location: string) => `to ${location}`,
  server: (server: string) => `server: ${server}`,
  logins: (schemes: readonly string[]) => `the proxy offers ${schemes.join(', ')}`,
  notFromApi: 'a response that did not come from Atlantis',
  proxy: (proxy: string) => `through the proxy ${proxy}`,
  requestId: (id: string) => `request id ${id}`,
  cutOff: 'the rest of the response could not be read',
} as const;

export const INSTEAD_OF_WELCOME = {
  binary: 'a binary message',
  notJson: 'a text message that is not JSON',
  tooLong: (bytes: number) => `a text message of ${bytes} bytes`,
  otherJson: 'a JSON message of another kind',
  nothing: (ms: number) => `nothing within ${ms} ms`,
  closed: (detail: string) => `closed instead: ${detail}`,
} as const;

export const ENDINGS = {
  noCloseFrame: 'it ended without a close frame',
  noCloseCode: 'no close code',
  closeCode: (code: number, reason: string) => `close code ${code}${reason === '' ? '' : `: ${reason}`}`,
  byClient: 'closed by this client',
  noByte: (ms: number) => `no data for ${Math.round(ms)} ms after a ping`,
  idle: (ms: number, detail: string) => `after ${Math.round(ms / 1_000)} s of silence; ${detail}`,
} as const;
