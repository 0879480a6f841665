// Reads an HTTP response, and classifies one that refuses the upgrade or a tunnel (contract C3, § 5).
//
// A response counts as the API's own only if it has the API's error envelope, or is JSON with X-Request-Id. Any other
// response is from a proxy or gateway in between.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { CauseKind } from '../cause-table.ts';
import type { Cause } from '../lifecycle.ts';
import { REFUSAL_PARTS as PARTS } from '../messages.ts';

export const MAX_BODY_BYTES = 64 * 1024;
export const MAX_BODY_MS = 5_000;

const MAX_MESSAGE_CHARACTERS = 300;
const MAX_REQUEST_ID_CHARACTERS = 128;

export interface UpgradeRefusal {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Only the beginning of the body was read: it was cut off, too large or too slow. */
  readonly isCutOff?: boolean;
  /** Host and port of the proxy in use. */
  readonly proxy: string | undefined;
  /** True if it is the proxy's response to CONNECT. */
  readonly isFromProxy: boolean;
}

interface ReadBody {
  /** At most MAX_BODY_BYTES. */
  readonly body: string;
  readonly isCutOff: boolean;
  readonly isTooLarge: boolean;
}

/** Reads the body until its end, a fault, MAX_BODY_BYTES, or `stop` aborts; never rejects. */
export function readBody(response: IncomingMessage, stop: AbortSignal): Promise<ReadBody> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    let hasEnded = false;
    const finish = (): void => {
      stop.removeEventListener('abort', finish);
      response.removeListener('data', collect);
      const body = Buffer.concat(parts).subarray(0, MAX_BODY_BYTES).toString('utf8');
      resolve({ body, isCutOff: !hasEnded || size > MAX_BODY_BYTES, isTooLarge: size >= MAX_BODY_BYTES });
    };
    const collect = (part: Buffer): void => {
      parts.push(part);
      size += part.length;
      if (size >= MAX_BODY_BYTES) finish();
    };
    response.on('data', collect);
    response.once('end', () => {
      hasEnded = true;
      finish();
    });
    response.once('close', finish);
    response.on('error', finish);
    if (stop.aborted) finish();
    else stop.addEventListener('abort', finish);
  });
}

export function readRequestId(headers: IncomingHttpHeaders): string | undefined {
  return firstHeader(headers['x-request-id'])?.slice(0, MAX_REQUEST_ID_CHARACTERS);
}

/** @param nowMs the wall clock, for a Retry-After date */
export function classifyRefusal(refusal: UpgradeRefusal, host: string, nowMs: number): Cause {
  const { status, headers } = refusal;
  const serviceError = parseServiceError(refusal.body);
  const requestId = readRequestId(headers);
  const isFromApi =
    !refusal.isFromProxy && (serviceError !== undefined || (requestId !== undefined && isJson(refusal)));
  const retryAfterMs = parseRetryAfter(firstHeader(headers['retry-after']), nowMs);
  const kind = pickKind(refusal, isFromApi);
  const isProxyFault = refusal.isFromProxy && findTlsFault(refusal.body) !== undefined;
  return {
    kind,
    host: isProxyFault ? (refusal.proxy ?? host) : host,
    detail: describeResponse(refusal, kind, isFromApi, serviceError, requestId),
    httpStatus: status,
    ...(refusal.proxy === undefined ? {} : { proxy: refusal.proxy }),
    ...(serviceError === undefined ? {} : { errorCode: serviceError.code }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryAfterMs === undefined || !usesRetryAfter(kind) ? {} : { retryAfterMs }),
  };
}

/** The three forms of an HTTP date (RFC 9110 § 5.6.7); the last one has no zone, and is GMT. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, ?\d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;
const ASCTIME_DATE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/**
 * The delay in ms of a Retry-After header: seconds or an HTTP date (RFC 9110 § 10.2.3, contract R1). Undefined for any
 * other text, 0 for a date in the past.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER);
  const isHttpDate = HTTP_DATE.test(text) || ASCTIME_DATE.test(text);
  const atMs = isHttpDate ? Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function usesRetryAfter(kind: CauseKind): boolean {
  return kind === 'rate-limited' || kind === 'unavailable';
}

/** The responses of nginx, Go's net/http and Apache to a plaintext request on a TLS port. */
const WANTS_TLS = /HTTP request (was sent )?to (an )?HTTPS|plain HTTP to an SSL/i;

/** nginx completes the handshake and then requires the certificate with an HTTP error. */
const WANTS_CERTIFICATE = /No required SSL certificate was sent/i;

/** The cause if the body is an HTTP error page about a TLS fault. */
export function findTlsFault(body: string): CauseKind | undefined {
  if (WANTS_TLS.test(body)) return 'plaintext-to-tls';
  return WANTS_CERTIFICATE.test(body) ? 'client-certificate-demanded' : undefined;
}

function pickKind(refusal: UpgradeRefusal, isFromApi: boolean): CauseKind {
  const { status } = refusal;
  if (status === 407) return supportsLogin(refusal) ? 'proxy-refused' : 'proxy-login-unsupported';
  const tlsFault = findTlsFault(refusal.body);
  if (tlsFault !== undefined) return tlsFault;
  // A 1xx from a proxy neither refuses the tunnel nor opens it.
  if (refusal.isFromProxy) return status >= 500 || status < 200 ? 'proxy-failed' : 'proxy-refused';
  if (status >= 300 && status < 400) return 'redirect';
  if (status === 429) return 'rate-limited';
  // Content delivery networks answer with 520 and above if they cannot reach the service.
  if ([408, 500, 502, 503, 504].includes(status) || (status >= 520 && status < 600)) return 'unavailable';
  if (status < 300) return 'not-websocket';
  if (!isFromApi) return 'not-atlantis';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 402) return 'no-credit';
  return status < 500 ? 'rejected' : 'unavailable';
}

function describeResponse(
  refusal: UpgradeRefusal,
  kind: CauseKind,
  isFromApi: boolean,
  serviceError: ServiceError | undefined,
  requestId: string | undefined,
): string {
  const parts = [PARTS.status(refusal.status, serviceError?.code, serviceError?.message)];
  const location = firstHeader(refusal.headers.location);
  if (kind === 'redirect' && location !== undefined) parts.push(PARTS.location(clip(location)));
  const server = firstHeader(refusal.headers['server']);
  if ((kind === 'not-atlantis' || kind === 'not-websocket') && server !== undefined) {
    parts.push(PARTS.server(clip(server)));
  }
  const schemes = listProxyLogins(refusal);
  if (schemes.length > 0) parts.push(PARTS.logins(schemes));
  // The messages of these two causes blame the service itself.
  if (usesRetryAfter(kind) && !isFromApi) parts.push(PARTS.notFromApi);
  const type = firstHeader(refusal.headers['content-type']);
  if (kind === 'not-websocket' && type !== undefined) parts.push(clip(type));
  if (refusal.proxy !== undefined && !refusal.isFromProxy) parts.push(PARTS.proxy(refusal.proxy));
  if (requestId !== undefined) parts.push(PARTS.requestId(requestId));
  if (refusal.isCutOff) parts.push(PARTS.cutOff);
  return parts.join(', ');
}

/** The authentication schemes of Proxy-Authenticate, such as Basic or NTLM (RFC 9110 § 11.7.1). */
function listProxyLogins({ headers }: UpgradeRefusal): string[] {
  const challenges = (headers['proxy-authenticate'] ?? '').replace(/"[^"]*"/g, '""').split(',');
  // A part without a scheme is a parameter of the challenge before it: `name=value`.
  const schemes = challenges.map((part) => /^\s*([A-Za-z][\w-]{0,30})(?:\s|$)/.exec(part)?.[1] ?? '');
  return [...new Set(schemes)].filter((scheme) => scheme !== '').slice(0, 5);
}

function supportsLogin(refusal: UpgradeRefusal): boolean {
  const schemes = listProxyLogins(refusal);
  return schemes.length === 0 || schemes.some((scheme) => scheme.toLowerCase() === 'basic');
}

interface ServiceError {
  readonly code: string;
  readonly message: string;
}

/** The API's `{"error":{"code","message"}}`. */
function parseServiceError(body: string): ServiceError | undefined {
  const error = readProperty(parseJson(body), 'error');
  const code = readProperty(error, 'code');
  if (typeof code !== 'string' || code === '') return undefined;
  const message = readProperty(error, 'message');
  // Other text follows in the same sentence.
  return { code: clip(code), message: typeof message === 'string' ? clip(message.replace(/\.$/, '')) : '' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** If the body cannot be parsed, the header decides, because the body may be truncated. */
function isJson({ body, headers }: UpgradeRefusal): boolean {
  return parseJson(body) !== undefined || /[/+]json\b/i.test(headers['content-type'] ?? '');
}

function readProperty(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function clip(text: string): string {
  return text.length > MAX_MESSAGE_CHARACTERS ? `${text.slice(0, MAX_MESSAGE_CHARACTERS)}…` : text;
}

function firstHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
