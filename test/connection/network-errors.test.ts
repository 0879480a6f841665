// The causes of errors of Node, OpenSSL and ws, whose messages are never empty (contract C9).
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { CauseKind } from '../../src/connection/cause-table.ts';
import { describeCause } from '../../src/connection/lifecycle.ts';
import { type ConnectionPhase, PHASES } from '../../src/connection/messages.ts';
import { classifyError } from '../../src/connection/network-errors.ts';

const HOST = 'api.atlantis.example';

/** Creates an error like those of Node, with a message, a code and other properties. */
function fault(code: string, message = `words with ${code}`, more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more });
}

const at = (address: string, port: number, code = 'ECONNREFUSED'): Error =>
  fault(code, `connect ${code} ${address}:${port}`, { address, port });

describe('C9: the cause of an error', () => {
  test.each<[string, ConnectionPhase, CauseKind]>([
    ['ENOTFOUND', 'lookup', 'name-not-found'],
    ['EAI_AGAIN', 'lookup', 'name-lookup-failed'],
    ['EAI_FAIL', 'lookup', 'name-lookup-failed'],
    ['ECONNREFUSED', 'connect', 'refused'],
    ['EHOSTUNREACH', 'connect', 'unreachable'],
    ['ENETUNREACH', 'connect', 'unreachable'],
    ['ENETDOWN', 'connect', 'unreachable'],
    ['ETIMEDOUT', 'connect', 'timed-out'],
    ['ECONNRESET', 'tls', 'reset'],
    ['ECONNRESET', 'upgrade', 'reset'],
    ['EPIPE', 'upgrade', 'reset'],
    ['CERT_HAS_EXPIRED', 'tls', 'certificate-expired'],
    ['CERT_NOT_YET_VALID', 'tls', 'certificate-not-yet-valid'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls', 'certificate-self-signed'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls', 'certificate-unknown-issuer'],
    ['UNABLE_TO_GET_ISSUER_CERT', 'tls', 'certificate-unknown-issuer'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls', 'certificate-unknown-issuer'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls', 'certificate-unknown-issuer'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls', 'certificate-wrong-host'],
    ['CERT_REVOKED', 'tls', 'certificate-refused'],
    ['CERT_SIGNATURE_FAILURE', 'tls', 'certificate-refused'],
    ['INVALID_PURPOSE', 'tls', 'certificate-refused'],
    ['UNSPECIFIED', 'tls', 'certificate-refused'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'upgrade', 'client-certificate-demanded'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'tls', 'tls-version'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'tls', 'tls-version'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'tls', 'tls-handshake'],
    ['ERR_SSL_SOMETHING_NEW', 'tls', 'tls-handshake'],
    ['EPROTO', 'tls', 'tls-handshake'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls', 'tls-to-plaintext'],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'tls', 'tls-to-plaintext'],
    ['HPE_INVALID_CONSTANT', 'upgrade', 'not-websocket'],
    ['HPE_HEADER_OVERFLOW', 'upgrade', 'not-websocket'],
    ['ESOMETHING', 'connect', 'network-error'],
    ['ECONNRESET', 'welcome', 'dropped'],
    ['ECONNRESET', 'live', 'dropped'],
    ['ETIMEDOUT', 'live', 'dropped'],
    ['ESOMETHING', 'live', 'dropped'],
    ['WS_ERR_INVALID_UTF8', 'live', 'bad-frames'],
    ['WS_ERR_INVALID_OPCODE', 'welcome', 'bad-frames'],
    ['WS_ERR_SOMETHING_NEW', 'live', 'bad-frames'],
  ])('%s, in the phase %s, is %s', (code, phase, kind) => {
    const cause = classifyError(fault(code), HOST, phase);
    expect(cause).toMatchObject({ kind, host: HOST });
    expect(cause).not.toHaveProperty('proxy');
    expect(cause.detail).not.toBe('');
  });

  test.each<[string, string, CauseKind]>([
    ['EPROTO', 'ssl3_get_record:wrong version number', 'tls-to-plaintext'],
    ['EPROTO', 'tls_process:packet length too long', 'tls-to-plaintext'],
    ['EPROTO', 'ssl3_read_bytes:http request', 'tls-to-plaintext'],
    ['EPROTO', 'ssl3_read_bytes:tlsv1 alert protocol version:SSL alert number 70', 'tls-version'],
    ['EPROTO', 'tls_setup:no protocols available', 'tls-version'],
    ['EPROTO', 'tlsv13 alert certificate required:SSL alert number 116', 'client-certificate-demanded'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'sslv3 alert bad certificate', 'client-certificate-demanded'],
  ])('row 31, row 32: %s with the message "%s" is %s', (code, message, kind) => {
    expect(classifyError(fault(code, message), HOST, 'tls').kind).toBe(kind);
  });

  test('row 26: an error of ws about the response to the upgrade is not-websocket', () => {
    const error = new Error('Invalid Sec-WebSocket-Accept header');
    expect(classifyError(error, HOST, 'upgrade')).toEqual({
      kind: 'not-websocket',
      host: HOST,
      detail: 'Invalid Sec-WebSocket-Accept header',
    });
  });

  test('row 26: the details name a response that is not HTTP', () => {
    const error = fault('HPE_INVALID_CONSTANT', 'Parse Error: Expected HTTP/');
    expect(classifyError(error, HOST, 'upgrade').detail).toBe('not an HTTP response, HPE_INVALID_CONSTANT');
  });

  test('row 119: a response of an HTTP sink that is not HTTP is not-http', () => {
    const error = fault('HPE_INVALID_CONSTANT', 'Parse Error: Expected HTTP/');
    expect(classifyError(error, HOST, 'response')).toMatchObject({
      kind: 'not-http',
      detail: 'not an HTTP response, HPE_INVALID_CONSTANT',
    });
    expect(classifyError(fault('ECONNRESET'), HOST, 'response').detail).toBe(
      'ECONNRESET, waiting for the response',
    );
  });

  test('row 119, row 120: the message and the hint about a TLS fault of a proxy name the proxy', () => {
    const proxy = 'proxy.example:3128';
    const alert = fault('HPE_INVALID_CONSTANT', 'x', { rawPacket: Buffer.from([0x15, 3, 3, 0, 2, 2, 10]) });
    const cause = classifyError(alert, HOST, 'proxy', proxy);
    expect(cause).toMatchObject({ kind: 'plaintext-to-tls', host: proxy, proxy });
    expect(describeCause(cause)).toEqual({
      happened: `the proxy ${proxy} expects TLS on this port (it answered with a TLS alert)`,
      remedy: 'use https:// in the URL of the proxy',
    });
    for (const [code, detail] of [
      ['HPE_HEADER_OVERFLOW', 'its response header is too long'],
      ['HPE_INVALID_CONSTANT', 'its response is not HTTP, HPE_INVALID_CONSTANT'],
    ] as const) {
      expect(classifyError(fault(code), HOST, 'proxy', proxy)).toMatchObject({
        kind: 'proxy-failed',
        detail,
      });
    }
    expect(classifyError(fault('ECONNRESET'), HOST, 'tls', proxy).detail).toBe(
      `ECONNRESET, in the TLS handshake through the proxy ${proxy}`,
    );
  });

  test('row 33: every error before the proxy responds names the proxy', () => {
    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', 'ETIMEDOUT']) {
      const cause = classifyError(fault(code), HOST, 'proxy', 'proxy.example:3128');
      expect(cause).toMatchObject({ kind: 'proxy-failed', proxy: 'proxy.example:3128' });
      expect(describeCause(cause).happened).toContain('the proxy proxy.example:3128');
    }
  });

  test.each<[string, string, boolean, CauseKind, string]>([
    [
      'unrecognized name:rec_layer.c:1601:SSL alert number 112',
      'EPROTO',
      false,
      'tls-handshake',
      'the server does not recognize this host name, TLS alert 112, in the TLS handshake',
    ],
    [
      'sslv3 alert handshake failure:rec_layer.c:1601:SSL alert number 40',
      'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
      false,
      'tls-handshake',
      'no TLS cipher in common, TLS alert 40, in the TLS handshake',
    ],
    [
      'sslv3 alert handshake failure:rec_layer.c:1601:SSL alert number 40',
      'EPROTO',
      true,
      'client-certificate-demanded',
      'TLS alert 40',
    ],
    [
      'tlsv1 alert access denied:rec_layer.c:1601:SSL alert number 49',
      'EPROTO',
      false,
      'tls-handshake',
      'tlsv1 alert access denied, in the TLS handshake',
    ],
  ])('row 120: the details of %s with %s name the reason', (reason, code, hasCipher, kind, detail) => {
    const error = fault(code, `80BC:error:0A000410:SSL routines:ssl3_read_bytes:${reason}`);
    expect(classifyError(error, HOST, 'tls', undefined, hasCipher)).toMatchObject({ kind, detail });
  });

  test('row 120: https:// for a proxy without TLS: the hint is to use an http:// URL', () => {
    const error = fault(
      'EPROTO',
      '80BC:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x.c:1',
    );
    const cause = classifyError(error, HOST, 'proxy', 'proxy.example:3128');
    expect(cause).toMatchObject({ kind: 'tls-to-plaintext', host: 'proxy.example:3128' });
    expect(describeCause(cause).remedy).toContain('needs an http:// URL');
  });

  test('row 119: a TLS alert instead of a response is plaintext-to-tls', () => {
    const rawPacket = Buffer.from([0x15, 3, 3, 0, 2, 2, 70]);
    const error = fault('HPE_INVALID_CONSTANT', 'Parse Error: Expected HTTP/', { rawPacket });
    expect(classifyError(error, HOST, 'upgrade').kind).toBe('plaintext-to-tls');
  });

  test('row 37: every frame error of ws has its own message', () => {
    const lib = join(dirname(createRequire(import.meta.url).resolve('ws/package.json')), 'lib');
    const sources = readdirSync(lib).map((name) => readFileSync(join(lib, name), 'utf8'));
    const codes = new Set(sources.join('\n').match(/WS_ERR_[A-Z0-9_]+/g));
    expect(codes.size).toBeGreaterThan(10);
    for (const code of codes) {
      const { kind, detail } = classifyError(fault(code), HOST, 'live');
      expect({ code, kind, isCode: detail === code }).toEqual({ code, kind: 'bad-frames', isCode: false });
    }
  });
});

describe('C9: no error is ever empty', () => {
  test('row 28: the message of an AggregateError names every address', () => {
    const error = new AggregateError([at('::1', 8787), at('127.0.0.1', 8787)]);
    expect(classifyError(error, 'localhost:8787', 'connect')).toEqual({
      kind: 'refused',
      host: 'localhost:8787',
      detail: 'ECONNREFUSED at [::1]:8787 and 127.0.0.1:8787',
    });
  });

  test('if one of several errors is a refused connection, that is the cause', () => {
    const error = new AggregateError([at('::1', 80, 'ENETUNREACH'), at('127.0.0.1', 80)]);
    const cause = classifyError(error, HOST, 'connect');
    expect(cause.kind).toBe('refused');
    expect(cause.detail).toContain('[::1]:80 and 127.0.0.1:80');
  });

  test('an AggregateError inside another one has the cause of the inner error', () => {
    const error = new AggregateError([new AggregateError([fault('ENOTFOUND')])]);
    expect(classifyError(error, HOST, 'lookup').kind).toBe('name-not-found');
  });

  const EMPTY: readonly [string, unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['an empty text', ''],
    ['a text', 'words'],
    ['a number', 0],
    ['an empty object', {}],
    ['an error without words', new Error('')],
    ['an empty AggregateError', new AggregateError([])],
    ['an AggregateError of nothing', new AggregateError([undefined])],
    ['a code that is a number', { code: 7, message: '' }],
    ['words that are a number', { message: 7 }],
    ['errors that are a text', { errors: 'none' }],
  ];

  test.each(EMPTY)('%s has a message in every phase', (_, error) => {
    for (const phase of Object.keys(PHASES) as ConnectionPhase[]) {
      const cause = classifyError(error, HOST, phase);
      expect(cause.detail.trim()).not.toBe('');
      expect(describeCause(cause).happened).not.toMatch(/\(\s*\)/);
    }
  });

  test('a long message is truncated', () => {
    for (const phase of ['connect', 'upgrade', 'live'] as const) {
      expect(classifyError(new Error('x'.repeat(10_000)), HOST, phase).detail.length).toBeLessThan(200);
    }
  });

  test('"socket hang up" is shown instead of its code', () => {
    const error = fault('ECONNRESET', 'socket hang up');
    expect(classifyError(error, HOST, 'upgrade')).toMatchObject({
      kind: 'reset',
      detail: 'socket hang up, waiting for the response to the upgrade',
    });
  });

  test('P4: only the message and the code of an error are used', () => {
    const error = fault('ECONNREFUSED', 'words', { config: { headers: { 'X-API-Key': 'ak_live_00' } } });
    expect(JSON.stringify(classifyError(error, HOST, 'connect'))).not.toContain('ak_live');
  });
});
