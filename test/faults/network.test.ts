// Attempts that fail before an answer arrives: names, ports, TLS on one side only. Each cause has its own message (C9)
// and exit code.
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { startChild } from '../helpers/child.ts';
import { findClosedPort } from '../helpers/closed-port.ts';
import { findPython } from '../helpers/python.ts';
import { makeCleanEnvironment, ROOT } from '../helpers/run-cli.ts';
import { type Script, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { measureGaps, pickRecords, runTail, startTail } from '../helpers/tail.ts';
import { pauseFor } from '../helpers/watch.ts';

const python = findPython('socket');
const FULL_QUEUE = join(ROOT, 'test/helpers/full-queue.py');
const ONCE = ['--no-reconnect'];
const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];

describe('row 28 (C9): a port without a listener', () => {
  test('reports host and port, and exits 7', async () => {
    const port = await findClosedPort();
    const { code, stdout, stderr } = await runTail(`ws://127.0.0.1:${port}`, ONCE);
    expect(stderr).toContain(
      `error: 127.0.0.1:${port} refused the connection (ECONNREFUSED at 127.0.0.1:${port}`,
    );
    expect(stderr).toMatch(/^ {2}check the port/m);
    expect([stdout, code]).toEqual(['', 7]);
  });

  test('for localhost, names both ::1 and 127.0.0.1', async () => {
    const port = await findClosedPort();
    const hosts = { localhost: ['::1', '127.0.0.1'] };
    const exit = await runTail(`ws://localhost:${port}`, ONCE, { hosts, log: 'json' });
    const [error] = pickRecords(exit, 'error');
    expect(error).toMatchObject({ cause: 'refused', exit_code: 7, host: `localhost:${port}` });
    expect(error?.message).toContain('ECONNREFUSED');
    expect(error?.message).toContain(`[::1]:${port}`);
    expect(error?.message).toContain(`127.0.0.1:${port}`);
    expect(exit.code).toBe(7);
  });

  test('is tried five times, then given up with exit 7', async () => {
    const exit = await runTail(`ws://127.0.0.1:${await findClosedPort()}`, FAST, { log: 'json' });
    expect(pickRecords(exit, 'connecting')).toHaveLength(5);
    expect(pickRecords(exit, 'retrying')).toHaveLength(4);
    expect(pickRecords(exit, 'error')).toMatchObject([{ why: 'first-budget', exit_code: 7 }]);
    expect(exit.code).toBe(7);
  });
});

describe('row 30 (C9): a host name that does not exist', () => {
  test('is tried at most five times and reported, exit 7', async () => {
    const exit = await runTail('https://no-such-host.invalid', FAST, { log: 'json' });
    const attempts = pickRecords(exit, 'connecting').length;
    expect(attempts).toBeGreaterThanOrEqual(1);
    expect(attempts).toBeLessThanOrEqual(5);
    const [error] = pickRecords(exit, 'error');
    expect(['name-not-found', 'name-lookup-failed']).toContain(error?.cause);
    expect(error?.message).toContain('no-such-host.invalid');
    expect(error?.hint).toMatch(/typos|DNS/);
    expect([exit.stdout, exit.code]).toEqual(['', 7]);
  });
});

(python === undefined ? describe.skip : describe)('C1: a name with two addresses (needs python3)', () => {
  test('C1: if the first address is slow and the second one dead, the first attempt still connects', async () => {
    const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const queue = startChild(python ?? '', [FULL_QUEUE, String(server.port)], {
      env: makeCleanEnvironment(),
      stdin: 'pipe',
    });
    const port = (await queue.waitForStdout('\n')).trim();
    const args = ['--limit', '1', '--connect-timeout', '4s', '--no-reconnect'];
    const tail = startTail(`ws://localhost:${port}`, args, {
      hosts: { localhost: ['127.0.0.3', '127.0.0.2'] },
    });
    await tail.child.waitForStderr('connecting to');
    // Longer than Node would wait for the first address by default.
    await pauseFor(400);
    queue.stdin.write('go\n');
    const { code, stdout, stderr } = await tail.finish();
    expect([stdout, code]).toEqual(['{"n":1}\n', 0]);
    expect(stderr).not.toContain('retrying');
    // Connections that only filled the queue were forwarded, too, but sent no request.
    expect(server.attempts.filter(({ request }) => request !== undefined)).toHaveLength(1);
  });
});

describe('C9: a connection that is closed before an answer', () => {
  const hangUps: { what: string; cause: string; script: Script }[] = [
    { what: 'reset at once', cause: 'reset', script: async (peer) => peer.reset() },
    { what: 'ended at once', cause: 'reset', script: async (peer) => peer.end() },
    {
      what: 'reset after the request',
      cause: 'reset',
      script: async (peer) => {
        await peer.readRequest();
        peer.reset();
      },
    },
    {
      what: 'ended in the middle of the head',
      cause: 'reset',
      script: async (peer) => {
        await peer.readRequest();
        await peer.sendRaw('HTTP/1.1 101 Switching');
        peer.end();
      },
    },
  ];
  test.each(hangUps)('C9: $what: exit 7, with a message', async ({ cause, script }) => {
    const server = await startScriptedServer(script);
    const exit = await runTail(server.url, ONCE, { log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause, exit_code: 7 }]);
    expect(pickRecords(exit, 'error')[0]?.message).toContain('reset the connection (');
    expect(exit.code).toBe(7);
  });

  test('C9: closed at every attempt: retried with a delay, then exit 7', async () => {
    const server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      peer.end();
    });
    const exit = await runTail(server.url, FAST, { log: 'json' });
    expect(exit.code).toBe(7);
    expect(pickRecords(exit, 'connecting')).toHaveLength(5);
    for (const gapMs of measureGaps(server)) expect(gapMs).toBeGreaterThan(249);
  });
});

describe('row 32: TLS on one side only', () => {
  const plain: { what: string; script: Script }[] = [
    {
      what: 'an HTTP server that complains',
      script: async (peer) => {
        await peer.sendRaw('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        peer.end();
      },
    },
    { what: 'an SSH banner', script: (peer) => peer.sendRaw('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n') },
    { what: 'a mail server', script: (peer) => peer.sendRaw('220 mail.example ESMTP\r\n') },
  ];
  test.each(plain)('row 32: wss: to $what: exit 8 with a hint, one attempt', async ({ script }) => {
    const server = await startScriptedServer(script);
    const { code, stdout, stderr } = await runTail(server.url.replace('ws:', 'wss:'));
    expect(stderr).toContain('does not speak TLS on this port');
    expect(stderr).toMatch(/^ {2}check the port; .*http:\/\//m);
    expect([stdout, code]).toEqual(['', 8]);
    expect(server.attempts).toHaveLength(1);
  });

  (hasOpenssl() ? test : test.skip)('row 32: loopback ws: to a TLS port: exit 8 with a hint', async () => {
    const { cert, key } = makeCertificates('test').good;
    const server = await startScriptedServer(streamHandler(), { tls: { cert, key } });
    const { code, stdout, stderr } = await runTail(`ws://127.0.0.1:${server.port}`);
    expect(stderr).toContain('expects TLS on this port');
    expect(stderr).toMatch(/^ {2}use https:\/\/ in the URL/m);
    expect([stdout, code]).toEqual(['', 8]);
    // The second connection only tests whether the port speaks TLS, and sends no request.
    expect(server.attempts.length).toBeLessThanOrEqual(2);
    expect(server.attempts.every(({ request }) => request === undefined)).toBe(true);
    for (const gapMs of measureGaps(server)) expect(gapMs).toBeGreaterThan(249);
  });
});
