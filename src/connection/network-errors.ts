// Maps the errors of Node, OpenSSL and ws to causes, by code wherever there is one (contract C9).
import { CAUSES, type CauseKind } from './cause-table.ts';
import { formatAddress } from './dial/address.ts';
import { NOT_LOOPBACK } from './dial/tcp.ts';
import type { Cause } from './lifecycle.ts';
import type { ConnectionPhase } from './messages.ts';
import * as say from './messages.ts';

interface ErrorLike {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly errors?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  /** What an HTTP parser could not read. */
  readonly rawPacket?: unknown;
}

/** Whether bytes are a TLS alert (RFC 8446 § 5.1), with which a TLS port answers a plaintext request. */
function isTlsAlert(bytes: unknown): boolean {
  return bytes instanceof Uint8Array && bytes[0] === 0x15 && bytes[1] === 0x03;
}

const BY_CODE: Readonly<Record<string, CauseKind>> = {
  ENOTFOUND: 'name-not-found',
  ENODATA: 'name-not-found',
  EAI_NODATA: 'name-not-found',
  EAI_AGAIN: 'name-lookup-failed',
  EAI_FAIL: 'name-lookup-failed',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ETIMEDOUT: 'timed-out',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  [NOT_LOOPBACK]: 'not-loopback',
  ESOCKSREFUSED: 'proxy-refused',
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-not-yet-valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-unknown-issuer',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-unknown-issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-unknown-issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-unknown-issuer',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-wrong-host',
  HOSTNAME_MISMATCH: 'certificate-wrong-host',
  CERT_REVOKED: 'certificate-refused',
  CERT_UNTRUSTED: 'certificate-refused',
  CERT_REJECTED: 'certificate-refused',
  CERT_CHAIN_TOO_LONG: 'certificate-refused',
  CERT_SIGNATURE_FAILURE: 'certificate-refused',
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 'certificate-refused',
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 'certificate-refused',
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 'certificate-refused',
  ERROR_IN_CERT_NOT_AFTER_FIELD: 'certificate-refused',
  // Node's code for every other verdict of OpenSSL on a certificate, such as a weak key.
  UNSPECIFIED: 'certificate-refused',
  INVALID_CA: 'certificate-refused',
  INVALID_PURPOSE: 'certificate-refused',
  PATH_LENGTH_EXCEEDED: 'certificate-refused',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'client-certificate-demanded',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'tls-version',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'tls-version',
  ERR_SSL_VERSION_TOO_LOW: 'tls-version',
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: 'tls-version',
  ERR_SSL_INSUFFICIENT_SECURITY: 'tls-version',
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls-to-plaintext',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'tls-to-plaintext',
  ERR_SSL_RECORD_LAYER_FAILURE: 'tls-to-plaintext',
  ERR_SSL_HTTP_REQUEST: 'tls-to-plaintext',
};

/** TLS alerts of a server that requires a client certificate. */
const CLIENT_CERTIFICATE =
  /certificate required|alert number 116|alert number 40\b.*certificate|bad certificate/i;

/** Codes of the errors that ws finds in frames; it reports the close code 1006 for all of them. */
const FRAME_FAULT = /^WS_ERR_/;

const MAX_MESSAGE_CHARACTERS = 120;

/** `SSL routines:FUNCTION:REASON:` in a message of OpenSSL, and the number of the alert of the server. */
const OPENSSL_REASON = /:SSL routines:[^:]*:([^:]+):/;
const ALERT_NUMBER = /alert number (\d+)/;

/** Never quotes whole objects. @param hasCipher whether a handshake failed after both sides agreed on a cipher */
export function classifyError(
  error: unknown,
  host: string,
  phase: ConnectionPhase,
  proxy?: string,
  hasCipher = false,
): Cause {
  const found = mostSpecificError(error);
  const code = typeof found.code === 'string' ? found.code : '';
  const base = { host, ...(proxy === undefined ? {} : { proxy }) };
  if (FRAME_FAULT.test(code)) {
    return { ...base, kind: 'bad-frames', detail: say.FRAME_FAULTS[code] ?? code };
  }
  const isLive = phase === 'live' || phase === 'welcome';
  const message = typeof found.message === 'string' ? found.message : '';
  // A proxy that is reached over TLS has a certificate of its own.
  const peer = phase === 'proxy' ? (proxy ?? host) : host;
  if (CLIENT_CERTIFICATE.test(message)) {
    return { ...base, host: peer, kind: 'client-certificate-demanded', detail: code || say.DETAILS.alert };
  }
  if (isTlsAlert(found.rawPacket)) {
    return { ...base, host: peer, kind: 'plaintext-to-tls', detail: say.DETAILS.tlsAlert };
  }
  const isTls = /^(ERR_SSL_|ERR_TLS_|EPROTO$)/.test(code);
  // Up to TLS 1.2, alert 40 after a cipher was agreed on means that a client certificate is missing.
  if (isTls && hasCipher && /alert number 40\b/.test(message)) {
    return { ...base, host: peer, kind: 'client-certificate-demanded', detail: say.DETAILS.alert40 };
  }
  const detail = describeError(error, isTls ? nameTlsFault(code, message) : code, message, phase, proxy);
  const kind = BY_CODE[code] ?? (isTls ? classifyTls(message) : undefined);
  const isNotHttp = /^HPE_/.test(code);
  if (phase === 'proxy') {
    if (isNotHttp) {
      const isTooLong = code === 'HPE_HEADER_OVERFLOW';
      return {
        ...base,
        kind: 'proxy-failed',
        detail: say.PROXY_FAULTS[isTooLong ? 'tooLong' : 'notHttp'](code),
      };
    }
    if (kind === 'proxy-refused') return { ...base, kind, detail: message };
    const isFinal = kind !== undefined && ['trust', 'upgrade'].includes(CAUSES[kind].rule);
    return isFinal ? { ...base, host: peer, kind, detail } : { ...base, kind: 'proxy-failed', detail };
  }
  if (kind === 'reset' || kind === 'timed-out') {
    return { ...base, kind: isLive ? 'dropped' : kind, detail };
  }
  if (kind === 'not-loopback') return { ...base, kind, detail: message };
  if (kind !== undefined) return { ...base, kind, detail };
  if (isNotHttp || /^ERR_HTTP/.test(code) || phase === 'upgrade') {
    const reason = message.slice(0, MAX_MESSAGE_CHARACTERS) || code || say.DETAILS.noReason;
    return {
      ...base,
      kind: phase === 'response' ? 'not-http' : 'not-websocket',
      detail: isNotHttp ? say.DETAILS.notHttp(code) : reason,
    };
  }
  return { ...base, kind: isLive ? 'dropped' : 'network-error', detail };
}

/** Whether the other side closed the connection without a response. */
export function isReset(error: unknown): boolean {
  const { code } = mostSpecificError(error);
  return typeof code === 'string' && BY_CODE[code] === 'reset';
}

/** EPROTO is a general code, so OpenSSL's reason replaces it. */
function nameTlsFault(code: string, message: string): string {
  const [, alert = ''] = ALERT_NUMBER.exec(message) ?? [];
  const [, reason] = OPENSSL_REASON.exec(message) ?? [];
  return say.TLS_ALERTS[alert] ?? (code === 'EPROTO' ? reason : undefined) ?? code;
}

function classifyTls(message: string): CauseKind {
  if (/wrong version number|packet length too long|http request/i.test(message)) return 'tls-to-plaintext';
  if (/protocol version|unsupported protocol|no protocols available|version too low/i.test(message)) {
    return 'tls-version';
  }
  return 'tls-handshake';
}

/** The most specific error of parallel attempts (Happy Eyeballs), else the error itself. */
function mostSpecificError(error: unknown): ErrorLike {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const { errors } = error as ErrorLike;
  if (Array.isArray(errors) && errors.length > 0) {
    const refused = errors.find((inner: ErrorLike) => inner?.code === 'ECONNREFUSED');
    return mostSpecificError(refused ?? errors[0]);
  }
  return error;
}

function describeError(
  error: unknown,
  code: string,
  message: string,
  phase: ConnectionPhase,
  proxy: string | undefined,
): string {
  // "socket hang up" is clearer than its code, ECONNRESET.
  const isMessageClearer = code === '' || /^socket hang up$/.test(message);
  const text = isMessageClearer ? message.slice(0, MAX_MESSAGE_CHARACTERS) || say.DETAILS.noReason : code;
  const where = listAddresses(error);
  // An address is more precise than the phase.
  if (where !== '') return say.DETAILS.at(text, where);
  if (phase === 'live') return text;
  // The message about a proxy names it already.
  return say.DETAILS.during(text, say.describePhase(phase, phase === 'proxy' ? undefined : proxy));
}

/** Every address that was tried: "127.0.0.1:80 and [::1]:80". */
function listAddresses(error: unknown): string {
  const { errors } = (typeof error === 'object' && error !== null ? error : {}) as ErrorLike;
  const all: unknown[] = Array.isArray(errors) ? errors : [error];
  const seen = all.flatMap((one) => {
    const { address, port } = (typeof one === 'object' && one !== null ? one : {}) as ErrorLike;
    if (typeof address !== 'string') return [];
    return [formatAddress(address, typeof port === 'number' ? port : undefined)];
  });
  return say.joinAddresses([...new Set(seen)]);
}

/** 1008 and all codes that are not listed here, such as 4000, count as closed by policy. */
export function pickCloseKind(code: number): CauseKind {
  if (code === 1000) return 'closed-normally';
  if (code === 1006) return 'dropped';
  if ([1001, 1005, 1011, 1012, 1013, 1014].includes(code)) return 'closed-by-server';
  if ([1002, 1003, 1007, 1009, 1010].includes(code)) return 'closed-for-protocol';
  return 'closed-by-policy';
}
