// A refusal of the API with an incomplete body.
import { describe, expect, test } from '@jest/globals';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { pickRecords, runTail } from '../helpers/tail.ts';

const HEAD = 'Content-Type: application/json; charset=utf-8\r\nX-Request-Id: req_1\r\n';
const BODY = '{"error":{"code":"unauthorized","mess';

describe('row 96 (C3): a refusal with an incomplete body', () => {
  test.each([
    { status: 401, cause: 'unauthorized', code: 3, isCut: true },
    { status: 402, cause: 'no-credit', code: 4, isCut: true },
    { status: 401, cause: 'unauthorized', code: 3, isCut: false },
  ])(
    'row 96: $status is $cause by its status and headers, and the message says that the rest is missing (cut off: $isCut)',
    async ({ status, cause, code, isCut }) => {
      const server = await startScriptedServer(async (peer) => {
        await peer.readRequest();
        await peer.sendRaw(`HTTP/1.1 ${status} No\r\n${HEAD}Content-Length: 500\r\n\r\n${BODY}`);
        if (isCut) peer.end();
      });
      const exit = await runTail(server.url, [], { log: 'json' });
      const [error] = pickRecords(exit, 'error');
      expect(error).toMatchObject({ cause, exit_code: code, request_id: 'req_1' });
      expect(error?.message).toContain('the rest of the response could not be read');
      expect(server.attempts).toHaveLength(1);
    },
  );

  test('row 96: without a request id, or without JSON, it is not from Atlantis', async () => {
    for (const head of ['Content-Type: application/json\r\n', 'X-Request-Id: req_1\r\n']) {
      const server = await startScriptedServer(async (peer) => {
        await peer.readRequest();
        await peer.sendRaw(`HTTP/1.1 401 No\r\n${head}Content-Length: 500\r\n\r\n${BODY}`);
        peer.end();
      });
      const exit = await runTail(server.url, [], { log: 'json' });
      expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'not-atlantis', exit_code: 5 }]);
    }
  });
});
