// Addresses as text and as bytes: an IPv6 address has brackets in a URL and in front of a port (RFC 3986 § 3.2.2).

/** `127.0.0.1:9464`, `[::1]:9464`, `example.com:443`; without a port `[::1]`. */
export function formatAddress(host: string, port?: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? name : `${name}:${port}`;
}

/** Name or address from the `hostname` of a URL, without brackets. */
export function dropBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** The 4 or 16 bytes of an address that `isIP` accepts, without its zone. */
export function parseAddress(address: string): Uint8Array {
  const [plain = ''] = address.split('%');
  if (!plain.includes(':')) return Uint8Array.from(plain.split('.'), Number);
  const groups = expandGroups(plain.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, writeAsGroups));
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** The last 32 bits may be written as IPv4 (RFC 4291 § 2.2). */
function writeAsGroups(_all: string, ...bytes: readonly unknown[]): string {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** Eight groups; `::` is expanded to zeros. */
function expandGroups(text: string): number[] {
  const [front = '', back] = text.split('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const before = read(front);
  if (back === undefined) return before;
  const after = read(back);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}
