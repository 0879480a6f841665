// Answers instead of the upgrade: who sent them, their cause, and the exit code.

import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type CliOptions, runCli } from '../helpers/run-cli.ts';
import { type Script, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { expectSoon } from '../helpers/soon.ts';
import { measureGaps, pickRecords, runTail } from '../helpers/tail.ts';

const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];

/** Answers like the service (docs/protocol.md, "When the upgrade is refused"). */
function refuse(status: number, code: string, message: string, headers: Record<string, string> = {}): Script {
  const body = JSON.stringify({ error: { code, message } });
  const own = { 'Content-Type': 'application/json', 'X-Request-Id': 'req-1a2b3c', ...headers };
  return (peer) => peer.respond(status, own, body);
}

/** Runs a tail with a server that gives each attempt the same answer. */
async function tailRefused(script: Script, args: readonly string[] = [], log: 'text' | 'json' = 'text') {
  const server = await startScriptedServer(script);
  return { server, exit: await runTail(server.url, args, { log }) };
}

describe('row 19 (C3): a refusal of the API that is not retried', () => {
  test.each([
    { status: 400, code: 'bad_request', exitCode: 5 },
    { status: 401, code: 'unauthorized', exitCode: 3 },
    { status: 402, code: 'insufficient_credit', exitCode: 4 },
    { status: 403, code: 'forbidden', exitCode: 3 },
    { status: 404, code: 'not_found', exitCode: 5 },
    { status: 418, code: 'not_in_the_list', exitCode: 5 },
  ])('$status $code is exit $exitCode after one attempt', async ({ status, code, exitCode }) => {
    const { server, exit } = await tailRefused(refuse(status, code, 'A reason.'));
    expect(exit.stdout).toBe('');
    expect(exit.code).toBe(exitCode);
    expect(server.attempts).toHaveLength(1);
    const [error = '', remedy = ''] = exit.stderr.slice(exit.stderr.indexOf('atlantis: error: ')).split('\n');
    expect(error).toContain('error: 127.0.0.1:');
    expect(error).toContain(`HTTP ${status} ${code}: A reason, request id`);
    expect(error).toContain('request id req-1a2b3c');
    expect(error).toContain('not retrying');
    expect(remedy).toMatch(/^ {2}[a-z].{20,}[^.]$/);
  });

  test('with --log-format json, status, code and request id are fields', async () => {
    const { exit } = await tailRefused(refuse(403, 'forbidden', 'Suspended.'), [], 'json');
    expect(pickRecords(exit, 'error')).toMatchObject([
      {
        cause: 'forbidden',
        http_status: 403,
        error_code: 'forbidden',
        request_id: 'req-1a2b3c',
        exit_code: 3,
      },
    ]);
  });

  test('the message names the source of the refused key, and the hint says how to replace the key there', async () => {
    const server = await startScriptedServer(refuse(401, 'unauthorized', 'No such key.'));
    const env = { ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config') };
    const add = ['profile', 'add', 'main', '--url', server.url, '--key-stdin', '--verbose'];
    expect((await runCli(add, { env, stdin: CANARY_KEY })).code).toBe(0);
    const tail = ['stream', 'tail', '--url', server.url];
    const runs: [readonly string[], CliOptions, string, string][] = [
      [tail, { key: CANARY_KEY }, 'ATLANTIS_API_KEY', 'set a valid one in ATLANTIS_API_KEY'],
      [[...tail, '--key-stdin'], { stdin: CANARY_KEY }, '--key-stdin', 'pipe in a valid one'],
      [['stream', 'tail'], { env }, 'profile "main"', 'replace it with `atlantis profile add main --force`'],
      [['stream', 'check'], { env }, 'profile "main"', 'replace it with `atlantis profile add main --force`'],
    ];
    for (const [args, options, source, renew] of runs) {
      const { code, stdout, stderr } = await runCli([...args, '--verbose'], options);
      expect(stdout + stderr).toContain(`does not accept the key from ${source} (HTTP 401 unauthorized`);
      expect(stdout + stderr).toContain(`  the key is unknown or revoked; ${renew}\n`);
      expect(findKeyIn(stdout + stderr)).toEqual([]);
      expect(code).toBe(3);
    }
  });

  test('text of the server is escaped and limited in length', async () => {
    const message = `\x1b[2J\x9b31m\u202egnp.exe\r\natlantis: connected\u2028${'long '.repeat(1_000)}`;
    const { exit } = await tailRefused(refuse(401, 'un\x07authorized', message));
    const lines = exit.stderr.trimEnd().split('\n');
    expect(exit.stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]/);
    expect(lines.filter((line) => line.startsWith('atlantis: connected'))).toEqual([]);
    expect(exit.stderr.length).toBeLessThan(2_000);
    expect(exit.code).toBe(3);
  });

  test('a key that the server repeats is not printed', async () => {
    const script: Script = async (peer) => {
      const { headers } = await peer.readRequest();
      const key = headers['x-api-key'] ?? '';
      const encoded = Buffer.from(key).toString('base64');
      const body = JSON.stringify({ error: { code: key, message: `no such key: ${key}, ${encoded}` } });
      await peer.respond(401, { 'X-Request-Id': key }, body);
    };
    const { exit } = await tailRefused(script);
    expect(exit.code).toBe(3);
  });
});

describe('row 115 (C3): a complete answer counts, whatever bytes follow', () => {
  const body = JSON.stringify({ error: { code: 'because', message: 'A reason.' } });
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n`;
  const endings = [
    {
      what: 'more bytes than Content-Length says',
      head: `Content-Length: ${body.length}`,
      text: `${body}\n\n<html>`,
    },
    {
      what: 'another answer on a connection that is to be closed',
      head: `Content-Length: ${body.length}\r\nConnection: close`,
      text: `${body}HTTP/1.1 200 OK\r\n\r\n`,
    },
    { what: 'a bad chunk', head: 'Transfer-Encoding: chunked', text: `${chunked}not a length\r\n` },
    { what: 'a cut chunk', head: 'Transfer-Encoding: chunked', text: `${chunked}ff\r\n` },
  ];
  const statuses = [
    { status: 401, code: 3, cause: 'unauthorized', attempts: 1 },
    { status: 407, code: 5, cause: 'proxy-refused', attempts: 1 },
    { status: 429, code: 6, cause: 'rate-limited', attempts: 3 },
    { status: 503, code: 7, cause: 'unavailable', attempts: 3 },
  ];
  const cases = endings.flatMap((ending) => statuses.map((one) => ({ ...ending, ...one })));
  test.each(cases)(
    '$status with $what has the cause $cause',
    async ({ head, text, status, code, cause, attempts }) => {
      const script: Script = async (peer) => {
        await peer.readRequest();
        await peer.sendRaw(`HTTP/1.1 ${status} Status\r\nX-Request-Id: r\r\n${head}\r\n\r\n${text}`);
        peer.end();
      };
      const { server, exit } = await tailRefused(script, ['--max-reconnects', '2', ...FAST], 'json');
      expect(pickRecords(exit, 'error')).toMatchObject([
        { cause, http_status: status, error_code: 'because' },
      ]);
      expect(exit.code).toBe(code);
      expect(server.attempts).toHaveLength(attempts);
    },
  );
});

test('row 115 (C3): a 401 as JSON with a Content-Length that is too short is exit 3', async () => {
  const body = JSON.stringify({ error: { code: 'because', message: 'A reason.' } });
  const head = `X-Request-Id: r\r\nContent-Type: application/json\r\nContent-Length: ${body.length - 1}`;
  const { exit } = await tailRefused(async (peer) => {
    await peer.readRequest();
    await peer.sendRaw(`HTTP/1.1 401 Unauthorized\r\n${head}\r\n\r\n${body}`);
    peer.end();
  });
  expect([exit.code, exit.stderr]).toEqual([3, expect.stringContaining('request id r')]);
});

describe('C3: a refusal of the API, or of a server in between', () => {
  const html = '<html><h1>403 Forbidden</h1></html>';
  test.each([
    { what: '403 with HTML', status: 403, headers: { Server: 'squid/6' }, body: html },
    { what: '401 with HTML and a request id', status: 401, headers: { 'X-Request-Id': 'r' }, body: html },
    { what: '403 with JSON but no request id', status: 403, headers: {}, body: '{"blocked":true}' },
    { what: '403 with an empty body', status: 403, headers: {}, body: '' },
    { what: '404 with an error of another shape', status: 404, headers: {}, body: '{"error":"nope"}' },
    { what: '402 with an error without code', status: 402, headers: {}, body: '{"error":{"message":"x"}}' },
    { what: '451 in plain text', status: 451, headers: {}, body: 'Unavailable For Legal Reasons' },
  ])('$what did not come from Atlantis: exit 5', async ({ status, headers, body }) => {
    const { server, exit } = await tailRefused((peer) => peer.respond(status, { ...headers }, body));
    expect(exit.stderr).toMatch(
      new RegExp(`error: the response did not come from Atlantis \\(HTTP ${status}\\b`),
    );
    expect(exit.stderr).toContain('127.0.0.1');
    expect(exit.stderr).not.toContain('<h1>');
    expect([exit.stdout, exit.code]).toEqual(['', 5]);
    expect(server.attempts).toHaveLength(1);
  });

  test.each([
    { what: 'the envelope alone', headers: {}, body: '{"error":{"code":"forbidden","message":"x"}}' },
    { what: 'other JSON with X-Request-Id', headers: { 'X-Request-Id': 'req-9' }, body: '{"detail":"x"}' },
  ])('403 with $what came from the API: exit 3', async ({ headers, body }) => {
    const { exit } = await tailRefused((peer) => peer.respond(403, { ...headers }, body));
    expect(exit.stderr).toContain('has suspended the key');
    expect(exit.code).toBe(3);
  });

  test('a body of several megabytes is read up to 64 KiB, then the connection is closed', async () => {
    const { server, exit } = await tailRefused(async (peer) => {
      await peer.readRequest();
      const head = 'HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nX-Request-Id: r\r\n\r\n';
      await peer.sendRaw(`${head}{"error":{"code":"forbidden","message":"`);
      for (;;) await peer.sendRaw(Buffer.alloc(65_536, 'a'));
    });
    expect(exit.stderr).toContain('has suspended the key');
    expect(exit.stderr).toContain('the rest of the response could not be read');
    expect(exit.code).toBe(3);
    const ended = await server.waitUntil(() => server.attempts[0]?.ended, 'its end');
    expect(ended.how).toMatch(/^client/);
  });

  test('a refusal with an incomplete body is attributed by the part that arrived', async () => {
    const { exit } = await tailRefused(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw('HTTP/1.1 401 Unauthorized\r\nContent-Length: 500\r\n\r\n');
      await peer.sendRaw('{"error":{"code":"unauthorized","message":"no such key"}}');
      peer.end();
    });
    expect(exit.stderr).toContain('HTTP 401 unauthorized: no such key');
    expect(exit.code).toBe(3);
  });
});

describe('row 25 (C2): a redirect is never followed', () => {
  test.each([301, 302, 303, 307, 308])(
    '%i: exit 5, and the other server sees no connection',
    async (status) => {
      const other = await startScriptedServer(streamHandler());
      const target = `${other.url.replace('ws:', 'http:')}/v1/stream`;
      const { server, exit } = await tailRefused((peer) => peer.respond(status, { Location: target }));
      expect(exit.stderr).toContain(`redirect, which is never followed (HTTP ${status}, to ${target})`);
      expect([exit.stdout, exit.code]).toEqual(['', 5]);
      expect(server.attempts).toHaveLength(1);
      expect(other.attempts).toHaveLength(0);
    },
  );

  test('not to the same server, without a target, or with control characters', async () => {
    for (const location of ['/v1/stream', '', 'http://\x9b2J.example/']) {
      const { server, exit } = await tailRefused(async (peer) => {
        await peer.readRequest();
        await peer.sendRaw(
          Buffer.from(`HTTP/1.1 302 F\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`, 'latin1'),
        );
      });
      expect(exit.stderr).not.toContain('\x9b');
      expect(exit.code).toBe(5);
      expect(server.attempts).toHaveLength(1);
    }
  });
});

describe('R1: Retry-After', () => {
  test('row 21 (R1): that is neither seconds nor a date is ignored, and 0 does not cause a hot loop', async () => {
    const values = ['0', '-5', '1.5e9', 'soon'];
    const server = await startScriptedServer(async (peer, index) => {
      const value = values[index];
      if (value !== undefined)
        return refuse(429, 'rate_limited', 'slow', { 'Retry-After': value })(peer, index);
      return streamHandler({ events: ['{"n":1}'] })(peer, index);
    });
    const exit = await runTail(server.url, ['--limit', '1', ...FAST], { log: 'json' });
    expect(exit.stdout).toBe('{"n":1}\n');
    expect(exit.code).toBe(0);
    expect(pickRecords(exit, 'retrying').map((record) => record['retry_after_ms'])).toEqual([
      0,
      undefined,
      undefined,
      undefined,
    ]);
    for (const gapMs of measureGaps(server)) {
      expect(gapMs).toBeGreaterThan(249);
      expectSoon(gapMs, 1_500);
    }
  });

  test.each([
    { what: '901', value: '901', when: /try again after \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/ },
    { what: '2147483648', value: '2147483648', when: /try again after 2\d{3}-/ },
    { what: '400 digits', value: '9'.repeat(400), when: /try again after/ },
    {
      what: 'a far date',
      value: 'Fri, 31 Dec 9999 23:59:59 GMT',
      when: /try again after 9999-12-31 23:59:59/,
    },
  ])(
    'R1: of $what with a 429 is exit 6 at once, and the message says when to try again',
    async ({ value, when }) => {
      const { server, exit } = await tailRefused(
        refuse(429, 'rate_limited', 'wait', { 'Retry-After': value }),
      );
      expect(exit.stderr).toMatch(when);
      expect(exit.stderr).toContain('HTTP 429 rate_limited: wait');
      expect([exit.stdout, exit.code]).toEqual(['', 6]);
      expect(server.attempts).toHaveLength(1);
    },
  );

  test('R1: beyond --timeout with a 429 is exit 6 at once, not exit 124 later', async () => {
    const script = refuse(429, 'rate_limited', 'wait', { 'Retry-After': '20' });
    const { server, exit } = await tailRefused(script, ['--limit', '1', '--timeout', '10s']);
    expect(exit.stderr).toContain('than --timeout allows');
    expect(exit.code).toBe(6);
    expect(server.attempts).toHaveLength(1);
  });

  test('R1: of a day with a 503 is exit 7 at once', async () => {
    const { server, exit } = await tailRefused(
      refuse(503, 'service_unavailable', 'x', { 'Retry-After': '86400' }),
    );
    expect(exit.stderr).toContain('try again after');
    expect(exit.code).toBe(7);
    expect(server.attempts).toHaveLength(1);
  });
});

describe('R3: without reconnects', () => {
  test.each([
    { flags: ['--no-reconnect'], status: 429, code: 6 },
    { flags: ['--max-reconnects', '0'], status: 503, code: 7 },
    { flags: ['--no-reconnect'], status: 408, code: 7 },
  ])('R3: $flags: a $status is exit $code after one attempt', async ({ flags, status, code }) => {
    const { server, exit } = await tailRefused(refuse(status, 'x', 'y', { 'Retry-After': '1' }), flags);
    expect(exit.stderr).toContain('not retrying, as requested');
    expect(exit.code).toBe(code);
    expect(server.attempts).toHaveLength(1);
  });
});
