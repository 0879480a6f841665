// Responses that refuse the upgrade: their sender, their cause, and their Retry-After (contract C3, R1).
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import {
  classifyRefusal,
  MAX_BODY_BYTES,
  parseRetryAfter,
  readBody,
} from '../../../src/connection/dial/refusal.ts';
import type { Cause } from '../../../src/connection/lifecycle.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12, 0, 0);
const HOST = 'api.atlantis.example';

const envelope = (code: string, message = 'A message for people.'): string =>
  JSON.stringify({ error: { code, message } });

interface Answer {
  readonly body?: string;
  readonly headers?: IncomingHttpHeaders;
  readonly proxy?: string;
  readonly isFromProxy?: boolean;
}

function classify(
  status: number,
  { body = '', headers = {}, proxy, isFromProxy = false }: Answer = {},
): Cause {
  return classifyRefusal({ status, headers, body, proxy, isFromProxy }, HOST, NOW_MS);
}

describe('C3: the cause of a response', () => {
  test.each([
    [400, 'bad_request', 'rejected'],
    [401, 'unauthorized', 'unauthorized'],
    [402, 'insufficient_credit', 'no-credit'],
    [403, 'forbidden', 'forbidden'],
    [404, 'not_found', 'rejected'],
    [408, 'request_timeout', 'unavailable'],
    [418, 'teapot', 'rejected'],
    [429, 'rate_limited', 'rate-limited'],
    [500, 'internal_error', 'unavailable'],
    [501, 'not_implemented', 'unavailable'],
    [502, 'upstream_error', 'unavailable'],
    [503, 'service_unavailable', 'unavailable'],
    [504, 'gateway_timeout', 'unavailable'],
  ])('row 19: %i %s with the envelope is %s', (status, code, kind) => {
    const cause = classify(status, { body: envelope(code), headers: { 'x-request-id': 'req_7' } });
    expect(cause).toMatchObject({
      kind,
      host: HOST,
      httpStatus: status,
      errorCode: code,
      requestId: 'req_7',
    });
    expect(cause.detail).toBe(`HTTP ${status} ${code}: A message for people, request id req_7`);
  });

  test.each([
    [200, 'not-websocket'],
    [204, 'not-websocket'],
    [301, 'redirect'],
    [302, 'redirect'],
    [308, 'redirect'],
    [400, 'not-atlantis'],
    [401, 'not-atlantis'],
    [402, 'not-atlantis'],
    [403, 'not-atlantis'],
    [404, 'not-atlantis'],
    [407, 'proxy-refused'],
    [408, 'unavailable'],
    [426, 'not-atlantis'],
    [429, 'rate-limited'],
    [500, 'unavailable'],
    [501, 'not-atlantis'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
    // 511 comes from a network in front of the service, such as a portal that requires a login.
    [511, 'not-atlantis'],
    [521, 'unavailable'],
    [530, 'unavailable'],
    [599, 'unavailable'],
  ])('%i with an HTML page is %s', (status, kind) => {
    const cause = classify(status, { body: '<html>Hello</html>', headers: { 'content-type': 'text/html' } });
    expect(cause).toMatchObject({ kind, httpStatus: status });
    expect(cause).not.toHaveProperty('errorCode');
  });

  test.each([
    ['the envelope', envelope('unauthorized'), {}, 'unauthorized'],
    ['the envelope without a message', '{"error":{"code":"x"}}', {}, 'unauthorized'],
    ['JSON with X-Request-Id', '{"detail":"no"}', { 'x-request-id': 'req_1' }, 'unauthorized'],
    ['JSON without X-Request-Id', '{"detail":"no"}', {}, 'not-atlantis'],
    ['X-Request-Id without JSON', '<html>', { 'x-request-id': 'req_1' }, 'not-atlantis'],
    ['nothing at all', '', {}, 'not-atlantis'],
    ['an error that is a text', '{"error":"no"}', {}, 'not-atlantis'],
    ['an error without a code', '{"error":{"message":"no"}}', {}, 'not-atlantis'],
    ['a code that is a number', '{"error":{"code":401}}', {}, 'not-atlantis'],
    ['an empty code', '{"error":{"code":""}}', {}, 'not-atlantis'],
    ['null', 'null', {}, 'not-atlantis'],
    ['half of an envelope', '{"error":{"code":"unauth', {}, 'not-atlantis'],
  ])('a 401 with %s is attributed to the API or to another server', (_, body, headers, kind) => {
    expect(classify(401, { body, headers }).kind).toBe(kind);
  });

  test('the cause says if a response did not come from Atlantis, and names the proxy in use', () => {
    const proxy = 'proxy.example:3128';
    expect(classify(403, { body: '<html>', proxy, headers: { server: 'gateway/1.0' } })).toMatchObject({
      kind: 'not-atlantis',
      proxy,
      detail: 'HTTP 403, server: gateway/1.0, through the proxy proxy.example:3128',
    });
    expect(classify(503, { body: '<html>', proxy }).detail).toBe(
      'HTTP 503, a response that did not come from Atlantis, through the proxy proxy.example:3128',
    );
    expect(classify(429).detail).toBe('HTTP 429, a response that did not come from Atlantis');
    expect(classify(429, { body: envelope('rate_limited', '') }).detail).toBe('HTTP 429 rate_limited');
  });

  test.each([
    [407, 'proxy-refused'],
    [403, 'proxy-refused'],
    [400, 'proxy-refused'],
    [302, 'proxy-refused'],
    [500, 'proxy-failed'],
    [502, 'proxy-failed'],
    [503, 'proxy-failed'],
  ])('row 33: %i as the response of the proxy to CONNECT is %s', (status, kind) => {
    const proxy = 'proxy.example:3128';
    const cause = classify(status, { proxy, isFromProxy: true, body: envelope('unauthorized') });
    expect(cause).toMatchObject({ kind, proxy, httpStatus: status });
    expect(cause.detail).not.toContain('through the proxy');
  });

  test('row 25: the cause of a redirect shows its target', () => {
    const headers = { location: 'https://elsewhere.example/v1/stream' };
    expect(classify(301, { headers }).detail).toBe('HTTP 301, to https://elsewhere.example/v1/stream');
  });

  test.each([
    ['nginx', '<html><center>The plain HTTP request was sent to HTTPS port</center></html>'],
    ["Go's net/http", 'Client sent an HTTP request to an HTTPS server.\n'],
    ['Apache', "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />"],
  ])('row 32: %s shows that the port expects TLS', (_, body) => {
    expect(classify(400, { body }).kind).toBe('plaintext-to-tls');
  });

  test('row 31: the page of nginx about a missing client certificate is recognized', () => {
    const body = '<center>No required SSL certificate was sent</center>';
    expect(classify(400, { body }).kind).toBe('client-certificate-demanded');
  });

  test('row 26: the cause of a 200 shows the content type', () => {
    const headers = { 'content-type': 'text/html', server: 'nginx' };
    expect(classify(200, { headers, body: '<html>' }).detail).toBe('HTTP 200, server: nginx, text/html');
  });

  test('long text of the server is truncated', () => {
    const long = 'x'.repeat(10_000);
    const headers = { 'x-request-id': long, location: long, server: long };
    for (const status of [302, 401, 403, 500]) {
      const cause = classify(status, { headers, body: envelope(long, long) });
      expect(cause.detail.length).toBeLessThan(1_200);
      expect(cause.requestId?.length).toBeLessThanOrEqual(128);
    }
  });

  test('the first of several headers with the same name counts', () => {
    const headers = { 'x-request-id': ['req_1', 'req_2'] } as unknown as IncomingHttpHeaders;
    expect(classify(401, { body: envelope('unauthorized'), headers }).requestId).toBe('req_1');
  });
});

describe('R1: Retry-After', () => {
  test.each([
    ['0', 0],
    ['1', 1_000],
    ['  120 ', 120_000],
    ['0030', 30_000],
    ['2147484', 2_147_484_000],
    ['9999999999', 9_999_999_999_000],
    ['99999999999999999999', Number.MAX_SAFE_INTEGER],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
    ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['Thursday, 01-Jan-26 12:00:30 GMT', 30_000],
    ['Thu Jan  1 12:00:30 2026', 30_000],
    ['Thu, 01 Jan 2026 11:59:59 GMT', 0],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) - NOW_MS],
    ['', undefined],
    ['-1', undefined],
    ['+5', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['5 s', undefined],
    ['5, 10', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['soon', undefined],
    ['2026-01-01T12:00:30Z', undefined],
    ['Thu, 01 Jan 2026 25:00:30 GMT', undefined],
    ['Thu, 01 Foo 2026 12:00:30 GMT', undefined],
    ['Thu, 01 Jan 2026 12:00:30 +0100', undefined],
    ['٥', undefined],
    [undefined, undefined],
  ])('%j means %p ms', (value, ms) => {
    expect(parseRetryAfter(value, NOW_MS)).toBe(ms);
  });

  test('is used only for causes that are retried', () => {
    const headers = { 'retry-after': '7' };
    for (const status of [429, 408, 500, 502, 503, 504]) {
      expect(classify(status, { headers })).toMatchObject({ retryAfterMs: 7_000 });
    }
    for (const status of [200, 301, 401, 403, 404, 407]) {
      expect(classify(status, { headers })).not.toHaveProperty('retryAfterMs');
    }
  });
});

describe('C3: reading the body', () => {
  const asResponse = (stream: PassThrough): IncomingMessage => stream as unknown as IncomingMessage;
  const never = new AbortController().signal;

  test('returns the whole body, also if it arrives in parts', async () => {
    const stream = new PassThrough();
    const body = readBody(asResponse(stream), never);
    stream.write('{"error":');
    stream.end('1}');
    expect(await body).toEqual({ body: '{"error":1}', isCutOff: false, isTooLarge: false });
  });

  test('returns at most 64 KiB, without waiting for the end', async () => {
    const stream = new PassThrough();
    const body = readBody(asResponse(stream), never);
    stream.write('x'.repeat(40_000));
    stream.write('y'.repeat(40_000));
    const read = await body;
    expect(read.body).toHaveLength(MAX_BODY_BYTES);
    expect(read.isCutOff).toBe(true);
    expect(MAX_BODY_BYTES).toBe(64 * 1024);
  });

  test('returns the part that arrived before reading was stopped, or the connection was closed or failed', async () => {
    const stop = new AbortController();
    const slow = new PassThrough();
    const broken = new PassThrough();
    const failed = new PassThrough();
    const bodies = [
      readBody(asResponse(slow), stop.signal),
      readBody(asResponse(broken), never),
      readBody(asResponse(failed), never),
    ];
    for (const stream of [slow, broken, failed]) {
      stream.write('half');
      await new Promise((resolve) => setImmediate(resolve));
    }
    stop.abort();
    broken.destroy();
    failed.destroy(new Error('ECONNRESET'));
    const half = { body: 'half', isCutOff: true, isTooLarge: false };
    expect(await Promise.all(bodies)).toEqual([half, half, half]);
  });

  test('returns nothing if reading was stopped before it began', async () => {
    const read = await readBody(asResponse(new PassThrough()), AbortSignal.abort());
    expect(read).toEqual({ body: '', isCutOff: true, isTooLarge: false });
  });
});
