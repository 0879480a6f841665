// What the service answers when it does not upgrade: status, error envelope, headers (docs/protocol.md,
// "When the upgrade is refused").
import { STATUS_CODES } from 'node:http';

/** The stable error codes of the service by HTTP status, with a message for people. */
const ENVELOPES: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['bad_request', 'The request is malformed.'],
  401: ['unauthorized', 'The API key is missing, unknown or revoked.'],
  402: ['insufficient_credit', 'The balance is too low for this request.'],
  403: ['forbidden', 'The API key is suspended.'],
  404: ['not_found', 'There is nothing at this path.'],
  429: ['rate_limited', 'Too many requests with this key.'],
  500: ['internal_error', 'Something went wrong; please report the request id.'],
  502: ['upstream_error', 'An upstream service failed.'],
  503: ['service_unavailable', 'The wait queue is full.'],
};

/** A refusal of the upgrade. */
export interface Refusal {
  /** One of 400, 401, 402, 403, 404, 429, 500, 502, 503. */
  readonly status: number;
  /** Sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Instead of the usual message. */
  readonly message?: string;
}

/** The parts of an HTTP response. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The response for a refusal; `requestId` goes into `X-Request-Id`. */
export function buildRefusal({ status, retryAfterSeconds, message }: Refusal, requestId: string): Answer {
  const [code, usualMessage] = ENVELOPES[status] ?? ['error', STATUS_CODES[status] ?? 'Refused.'];
  const body = JSON.stringify({ error: { code, message: message ?? usualMessage } });
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Request-Id': requestId,
  };
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(retryAfterSeconds);
  return { status, headers, body };
}

/** The response as bytes for a socket that asked for an upgrade; the connection ends after it. */
export function serializeAnswer({ status, headers, body }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n${lines.join('')}\r\n${body}`;
}
