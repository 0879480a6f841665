// `stream relay --sign-with-…`: the official library of Standard Webhooks verifies each request.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { HttpSink, parseHttpTarget } from '../../src/delivery/http/http-sink.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { answerInTurn, type HttpEndpoint, reset, startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { isSignedBy, makeSigningSecret } from '../helpers/signatures.ts';
import { pickRecords, startTail, type TailExit } from '../helpers/tail.ts';

const AMOUNT = '115792089237316195423570985008687907853269984665640564039457584007913129639935';
const EVENTS = [
  `{"id":"evt_1","type":"transfer","timestamp":"2026-01-31T12:00:00.5Z","amount":${AMOUNT}}`,
  '{"id":"evt.2","type":"größe \\"2\\"","memo":"ä\\u2028"}',
  '{"memo":"no id"}',
];

async function deliver(
  endpoint: HttpEndpoint,
  args: readonly string[],
  env: Record<string, string> = {},
  events: readonly string[] = EVENTS,
): Promise<TailExit> {
  const { url } = await startScriptedServer(streamHandler({ events }));
  const all = ['--to', endpoint.url, '--limit', String(events.length), '--retry-min', '250ms', ...args];
  return startTail(url, all, { command: 'relay', log: 'json', env }).finish();
}

const [OLD, NEW, OTHER] = [makeSigningSecret(1), makeSigningSecret(2), makeSigningSecret(3)];

describe('row 173 (B15): Standard Webhooks', () => {
  test.each([1, 4])(
    'the official library accepts every attempt with both the old and the new secret; --batch %d',
    async (batch) => {
      // The first attempts get a refusal and a reset.
      const endpoint = await startHttpEndpoint(answerInTurn(503, reset));
      const file = join(makeTempFolder(), 'secrets');
      writeFileSync(file, `${NEW}\n`);
      const exit = await deliver(
        endpoint,
        ['--sign-with-env', 'HOOK', '--sign-with-file', file, '--batch', String(batch)],
        { HOOK: OLD },
      );
      expect(exit.code).toBe(0);
      expect(endpoint.requests.length).toBeGreaterThan(2);
      for (const request of endpoint.requests) {
        const altered = { ...request, body: `${request.body} ` };
        expect([OLD, NEW, OTHER].map((secret) => isSignedBy(secret, request))).toEqual([true, true, false]);
        expect(isSignedBy(OLD, altered)).toBe(false);
      }
    },
  );

  test('webhook-id is the id of the event, and the same in all attempts', async () => {
    const endpoint = await startHttpEndpoint(answerInTurn(503));
    await deliver(endpoint, ['--sign-with-env', 'HOOK'], { HOOK: `${OLD} ${NEW}` });
    const ids = endpoint.requests.map(({ headers }) => headers['webhook-id']);
    expect(ids.slice(0, 2)).toEqual(['evt_1', 'evt_1']);
    // An id with a full stop is hashed, because it would be ambiguous in the signed text.
    expect(ids[2]).toMatch(/^[0-9a-f]{64}$/);
    expect(endpoint.requests[2]?.key).toBe('evt.2');
    expect(endpoint.requests[0]?.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
    expect(endpoint.requests[0]?.headers['webhook-timestamp']).toMatch(/^\d{10}$/);
  });

  test('webhook-timestamp is the time of the attempt, however long the event has waited', async () => {
    const endpoint = await startHttpEndpoint(answerInTurn(503));
    const clock = createFakeClock();
    const sink = new HttpSink(
      {
        target: parseHttpTarget('--to', endpoint.url, false),
        ...{ batch: 1, isBatch: false, sendTimeoutMs: 10_000, headers: {}, signingKeys: [Buffer.alloc(32)] },
        ...{ describeEvent: undefined, findTrace: undefined, identify: () => 'evt_1' },
        ...{ userAgent: 'test', relayName: 'test', redact: (text: string) => text },
        ...{ proxyUrl: undefined, trustedRoots: undefined, areTlsChecksOff: false },
      },
      clock,
    );
    registerCleanup(() => sink.close());
    await sink.open(new AbortController().signal);
    const unit = [{ mark: 0, text: Buffer.from('{}') }];
    expect((await sink.send(unit)).kind).toBe('failed');
    clock.advance(3_600_000);
    expect((await sink.send(unit)).kind).toBe('accepted');
    const [first, second] = endpoint.requests.map(({ headers }) => headers);
    expect(Number(second?.['webhook-timestamp']) - Number(first?.['webhook-timestamp'])).toBe(3_600);
    expect(second?.['webhook-id']).toBe(first?.['webhook-id']);
    expect(second?.['webhook-signature']).not.toBe(first?.['webhook-signature']);
  });

  test.each([
    ['not base64', 'whsec_***'],
    ['without the prefix', Buffer.alloc(32).toString('base64')],
    ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['base64 without padding', OLD.replace('=', '')],
    ['base64 for URLs', `whsec_${Buffer.alloc(32, 255).toString('base64url')}=`],
    ['nothing but its prefix', 'whsec_'],
    ['the second of two', `${OLD} hunter2-hunter2`],
  ])('an invalid secret (%s) is refused and not shown', async (_what, secret) => {
    const endpoint = await startHttpEndpoint();
    const exit = await deliver(endpoint, ['--sign-with-env', 'HOOK'], { HOOK: secret });
    expect([exit.code, endpoint.requests.length]).toEqual([2, 0]);
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ message: '--sign-with-env HOOK: not a signing secret' });
    for (const part of secret
      .split(' ')
      .map((one) => one.replace('whsec_', ''))
      .filter(Boolean))
      expect(exit.stderr).not.toContain(part);
  });

  test.each([
    ['an empty file', '', 'not a signing secret'],
    ['a blank file', ' \n\n', 'not a signing secret'],
    ['another file', 'hunter2-hunter2\n', 'not a signing secret'],
    ['a file of UTF-16', '\ufeff', 'UTF-16'],
  ] as const)(
    '%s as --sign-with-file is refused, and its content is not shown',
    async (what, content, words) => {
      const endpoint = await startHttpEndpoint();
      const file = join(makeTempFolder(), 'secrets');
      writeFileSync(file, what === 'a file of UTF-16' ? Buffer.from(`\ufeff${OLD}`, 'utf16le') : content);
      const exit = await deliver(endpoint, ['--sign-with-file', file]);
      expect([exit.code, endpoint.requests.length]).toEqual([2, 0]);
      expect(pickRecords(exit, 'error')[0]?.message).toContain(words);
      expect(exit.stderr).not.toContain('hunter2');
    },
  );

  test('a secret that the endpoint repeats is not shown, with and without its prefix', async () => {
    const bare = OLD.replace('whsec_', '');
    const endpoint = await startHttpEndpoint(
      answerInTurn((_request, _index, response) => response.writeHead(500).end(`${OLD} or ${bare}`)),
    );
    const exit = await deliver(endpoint, ['--sign-with-env', 'HOOK'], { HOOK: OLD });
    expect(exit.code).toBe(0);
    expect(exit.stderr).toContain(' or ');
    expect(exit.stderr).not.toContain(bare);
  });
});
