// Addresses in text: an IPv6 address has brackets in a URL and in front of a port (RFC 3986 § 3.2.2).

/** `127.0.0.1:9464`, `[::1]:9464`, `example.com:443`; without a port `[::1]`. */
export function formatAddress(host: string, port?: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

/** Name or address from the `hostname` of a URL, without brackets. */
export function dropBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
