// Software of others in place of the service: nginx in front of the simulator, and a server based on Python's
// `websockets`. Tests are skipped if one is not installed.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CANARY_KEY, CANARY_PREFIX } from '../helpers/canary.ts';
import { type Certificates, hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { findWebSocketsPython, hasNginx, startNginx, startPythonServer } from '../helpers/real-components.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail, startTail } from '../helpers/tail.ts';
import { pauseFor } from '../helpers/watch.ts';
import { startSimulator } from './simulator-process.ts';

const FAST = ['--retry-min', '250ms', '--retry-max', '250ms'];

const describeNginx = hasNginx() && hasOpenssl() ? describe : describe.skip;
describeNginx('nginx as TLS terminator (needs nginx and openssl)', () => {
  let made: Certificates;
  beforeAll(() => {
    made = makeCertificates();
  });

  test('C2, C4: in front of the simulator: the key arrives, and events are printed up to --limit', async () => {
    const simulator = await startSimulator('--key', CANARY_KEY);
    const nginx = await startNginx({ targetPort: simulator.port, identity: made.good });
    const args = ['--limit', '50', '--ca-cert', made.caFile];
    const { code, lines, stderr } = await runTail(nginx.url, args);
    expect(lines).toHaveLength(50);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('type');
    expect(stderr).toContain(`with the key ${CANARY_PREFIX}`);
    expect(code).toBe(0);
    expect(nginx.readLog()).toMatch(/"GET \/v1\/stream HTTP\/1.1" 101 .*"atlantis-cli\//);
    expect(nginx.readLog()).not.toContain(CANARY_KEY);
  });

  test('row 19 (C3): in front of a simulator that refuses the key: exit 3 with the message of the simulator', async () => {
    const simulator = await startSimulator('--key', `ak_live_${'0123abcd'.repeat(4)}`);
    const nginx = await startNginx({ targetPort: simulator.port, identity: made.good });
    const { code, stderr } = await runTail(nginx.url, ['--ca-cert', made.caFile]);
    expect(stderr).toContain('HTTP 401 unauthorized');
    expect(stderr).toContain('request id ');
    expect(code).toBe(3);
  });

  test('row 31: with a certificate of an unknown authority: exit 11', async () => {
    const nginx = await startNginx({ targetPort: 9, identity: made.good });
    const { code, stderr } = await runTail(nginx.url);
    expect(stderr).toContain('unknown issuer');
    expect(code).toBe(11);
  });

  test('row 31: that requires a client certificate: exit 11 with the cause', async () => {
    const nginx = await startNginx({
      targetPort: 9,
      identity: made.good,
      location: `} ssl_client_certificate ${made.caFile}; ssl_verify_client on; location /other {`,
    });
    const exit = await runTail(nginx.url, ['--ca-cert', made.caFile], { log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([
      { cause: 'client-certificate-demanded', exit_code: 11 },
    ]);
    expect(exit.code).toBe(11);
  });

  test('row 32: reached at its TLS port by ws: is exit 8 with a hint', async () => {
    const nginx = await startNginx({ targetPort: 9, identity: made.good });
    const { code, stderr } = await runTail(`ws://127.0.0.1:${nginx.port}`);
    expect(stderr).toContain('expects TLS on this port');
    expect(stderr).toContain('use https:// in the URL');
    expect(code).toBe(8);
  });

  test('row 23 (C3): in front of a server that is down: the 502 is retried, then exit 7', async () => {
    const nginx = await startNginx({ targetPort: 9 });
    const { code, stderr } = await runTail(nginx.url, ['--max-reconnects', '1', ...FAST]);
    expect(stderr).toMatch(/error: .*HTTP 502.*did not come from Atlantis/);
    expect(stderr).not.toContain('<html>');
    expect(code).toBe(7);
  });

  test.each([
    { answer: 'return 403;', says: 'did not come from Atlantis (HTTP 403', code: 5 },
    { answer: 'return 404;', says: 'did not come from Atlantis (HTTP 404', code: 5 },
    { answer: 'return 301 https://elsewhere.example/;', says: 'redirect, which is never followed', code: 5 },
    { answer: 'return 200 hello;', says: 'did not open a WebSocket (HTTP 200', code: 8 },
  ])('C3: with the directive "$answer" is exit $code', async ({ answer, says, code }) => {
    const nginx = await startNginx({ targetPort: 9, location: answer });
    const exit = await runTail(nginx.url);
    expect(exit.stderr).toContain(says);
    expect(exit.code).toBe(code);
  });

  test('K1: keepalive keeps a quiet stream open that nginx would cut', async () => {
    const server = await startScriptedServer(streamHandler());
    const nginx = await startNginx({ targetPort: server.port, location: 'proxy_read_timeout 1s;' });
    const [kept, cut] = [
      startTail(nginx.url, ['--ping-interval', '300ms', '--duration', '1800ms']),
      startTail(nginx.url, ['--ping-interval', '0', '--no-reconnect']),
    ];
    expect((await cut.finish()).code).toBe(7);
    const exit = await kept.finish();
    expect(exit.stderr).toContain(', no gaps\n');
    expect(exit.code).toBe(0);
    expect(server.attempts).toHaveLength(2);
  });

  test('row 15: that is killed during a stream causes a loss, then exit 7', async () => {
    const simulator = await startSimulator();
    const nginx = await startNginx({ targetPort: simulator.port, identity: made.good });
    const args = ['--ca-cert', made.caFile, '--max-reconnects', '1', ...FAST];
    const tail = startTail(nginx.url, args, { log: 'json' });
    await tail.child.waitForLines(5);
    nginx.child.kill('SIGKILL');
    const exit = await tail.finish();
    expect(pickRecords(exit, 'lost')).toMatchObject([{ cause: 'dropped' }]);
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'refused', exit_code: 7 }]);
    for (const line of exit.lines) JSON.parse(line);
    expect(exit.stdout.endsWith('\n')).toBe(true);
  });
});

const describePython = findWebSocketsPython() ? describe : describe.skip;
describePython("Python's websockets as the server (needs python3-websockets)", () => {
  test('C4: events are printed unchanged, and a close is a loss', async () => {
    const events = ['{"type":"large_transfer","amount":123456789012345678901234567890}', '{"s":"\\u00e4ä"}'];
    const server = await startPythonServer({ key: CANARY_KEY, events, closeCode: 1001 });
    const { code, lines, stderr } = await runTail(server.url, ['--no-reconnect']);
    expect(lines).toEqual(events);
    expect(stderr).toContain('close code 1001');
    expect(code).toBe(7);
  });

  test('K1: the connection lasts through many pings', async () => {
    const server = await startPythonServer({ key: CANARY_KEY, events: ['{"n":1}'] });
    const tail = startTail(server.url, ['--ping-interval', '100ms', '--pong-timeout', '300ms']);
    await tail.child.waitForLines(1);
    await pauseFor(1_000);
    tail.child.kill('SIGINT');
    const { signal, stdout, stderr } = await tail.finish();
    expect(stdout).toBe('{"n":1}\n');
    expect(stderr).toContain(', no gaps\n');
    expect(signal).toBe('SIGINT');
  });

  test('row 19: a wrong key is exit 3', async () => {
    const server = await startPythonServer({ key: `ak_live_${'beef'.repeat(8)}`, events: [] });
    const { code, stderr } = await runTail(server.url);
    expect(stderr).toContain('HTTP 401');
    expect(code).toBe(3);
  });
});
