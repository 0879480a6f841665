// Heads of HTTP/1.1 messages by hand (RFC 9112): a request taken apart, an answer put together.

/** The head of an HTTP request; header names in lower case, repeated ones joined by ', '. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The head as it came, up to and including the empty line. */
  readonly raw: string;
}

/** Status line and header lines of an HTTP/1.1 answer, with the empty line. */
export function formatHead(status: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`;
}

/** Takes a request head apart; never throws: what is missing is empty. */
export function parseHead(raw: string): RequestHead {
  const [requestLine = '', ...lines] = raw.trimEnd().split('\r\n');
  const [method = '', path = ''] = requestLine.split(' ');
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { method, path, headers, raw };
}
