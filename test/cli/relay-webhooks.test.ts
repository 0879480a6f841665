// `stream relay` to HTTP endpoints in formats of others: each request is verified by the official library.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { answerInTurn, type HttpEndpoint, reset, startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, startTail, type TailExit } from '../helpers/tail.ts';

type HttpRequest = HttpEndpoint['requests'][number];

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

const secretOf = (fill: number): string => `whsec_${Buffer.alloc(32, fill).toString('base64')}`;
const [OLD, NEW, OTHER] = [secretOf(1), secretOf(2), secretOf(3)];

/** Whether the official library accepts the request. */
function isSigned(secret: string, { body, headers }: HttpRequest): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

describe('row 173 (B15): Standard Webhooks', () => {
  test.each([1, 4])(
    'the official library accepts each attempt, with the old and the new secret; --batch %d',
    async (batch) => {
      // A kept-alive connection that is reset, and a refusal: both attempts are signed.
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
        expect([OLD, NEW, OTHER].map((secret) => isSigned(secret, request))).toEqual([true, true, false]);
        expect(isSigned(OLD, altered)).toBe(false);
      }
    },
  );

  test('the id is that of the event, and stays the same in all attempts', async () => {
    const endpoint = await startHttpEndpoint(answerInTurn(503));
    await deliver(endpoint, ['--sign-with-env', 'HOOK'], { HOOK: `${OLD} ${NEW}` });
    const ids = endpoint.requests.map(({ headers }) => headers['webhook-id']);
    expect(ids.slice(0, 2)).toEqual(['evt_1', 'evt_1']);
    // A full stop would be ambiguous in the signed text.
    expect(ids[2]).toMatch(/^[0-9a-f]{64}$/);
    expect(endpoint.requests[2]?.key).toBe('evt.2');
    expect(endpoint.requests[0]?.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
    expect(endpoint.requests[0]?.headers['webhook-timestamp']).toMatch(/^\d{10}$/);
  });

  test.each([
    ['not base64', 'whsec_***'],
    ['without the prefix', Buffer.alloc(32).toString('base64')],
    ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['one of two', `${OLD} hunter2-hunter2`],
  ])('a secret that is not one (%s) is refused, and is not shown', async (_what, secret) => {
    const endpoint = await startHttpEndpoint();
    const exit = await deliver(endpoint, ['--sign-with-env', 'HOOK'], { HOOK: secret });
    expect([exit.code, endpoint.requests.length]).toEqual([2, 0]);
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ message: '--sign-with-env HOOK: not a signing secret' });
    for (const part of secret.split(' ')) expect(exit.stderr).not.toContain(part.replace('whsec_', ''));
  });

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
