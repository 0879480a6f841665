// SIGUSR1, by which Node would open its debugger to every user of the machine, and other signals that do not end a run
// in order.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { listListening } from '../helpers/established.ts';
import { hasPty, startCliInPty } from '../helpers/pty.ts';
import { runCli, spawnCli } from '../helpers/run-cli.ts';
import { type Peer, startScriptedServer } from '../helpers/scripted-server.ts';
import { untilTrue } from '../helpers/watch.ts';
import { preload } from './start-tail.ts';

const DEBUGGER = /debugger|inspector/i;
const expectJsonLines = (text: string): void => {
  for (const line of text.split('\n').slice(0, -1)) expect(() => JSON.parse(line)).not.toThrow();
};

describe('row 60 (S3): SIGUSR1 opens no debugger, and the run continues', () => {
  test('tail --simulate: no port is opened, and more events are printed', async () => {
    const words = ['stream', 'tail', '--simulate', '--json', '--verbose', '--log-format', 'json'];
    const child = spawnCli(words, { key: CANARY_KEY });
    await child.waitForLines(1);
    const before = listListening(child.pid);
    expect(before).toHaveLength(1);
    for (let round = 1; round <= 3; round++) {
      child.kill('SIGUSR1');
      await child.waitForLines(child.lineCount + 1);
    }
    expect(listListening(child.pid)).toEqual(before);
    child.kill('SIGTERM');
    const { signal, stderr } = await child.exit;
    expect(signal).toBe('SIGTERM');
    expect(stderr).not.toMatch(DEBUGGER);
    expectJsonLines(stderr);
  });

  test.each(['stream tail', 'stream check', 'stream relay', 'profile add'])(
    '%s, while it waits for an answer of the server',
    async (command) => {
      let answer = (): void => {};
      const mayAnswer = new Promise<void>((resolve) => {
        answer = resolve;
      });
      await using server = await startScriptedServer(async (peer: Peer, index) => {
        // The first connection of a relay only tests whether the endpoint can be reached.
        if (command === 'stream relay' && index === 0) return;
        await peer.readRequest();
        await mayAnswer;
        const body = '{"error":{"code":"unauthorized","message":"revoked"}}';
        await peer.respond(401, { 'X-Request-Id': 'r' }, body);
      });
      const url = server.url.replace('ws:', 'http:');
      const more: Readonly<Record<string, readonly string[]>> = {
        'profile add': ['main', '--key-stdin', '--check'],
        'stream relay': ['--to', `http://127.0.0.1:${server.port}/hook`],
      };
      const words = [...command.split(' '), ...(more[command] ?? []), '--url', url];
      words.push('--verbose', '--log-format', 'json');
      const child = spawnCli(words, {
        key: CANARY_KEY,
        stdin: CANARY_KEY,
        env: { ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config') },
      });
      await server.waitUntil(() => server.attempts.find(({ request }) => request !== undefined), 'a request');
      child.kill('SIGUSR1');
      answer();
      const { code, stderr } = await child.exit;
      expect([code, stderr]).toEqual([3, expect.not.stringMatching(DEBUGGER)]);
      if (command !== 'stream check') expectJsonLines(stderr);
    },
  );

  test('stream simulate: clients are still served', async () => {
    const words = ['stream', 'simulate', '--port', '0', '--json', '--rate', '50', '--key', CANARY_KEY];
    const child = spawnCli([...words, '--verbose']);
    const { tail } = JSON.parse(await child.waitForStdout('\n'));
    child.kill('SIGUSR1');
    const args = [...tail.slice(1), '--limit', '1', '--json', '--verbose'];
    expect(await runCli(args, { key: CANARY_KEY })).toMatchObject({ code: 0 });
    expect(listListening(child.pid)).toHaveLength(1);
    expect(child.stderrText).toBe('');
  });

  test('stream replay: more events are printed', async () => {
    const words = ['stream', 'replay', '-', '--speed', 'max', '--verbose'];
    const child = spawnCli(words, { key: CANARY_KEY, stdin: 'pipe' });
    const at = '"received_at":"2026-01-01T00:00:00.000Z"';
    const send = (n: number): unknown =>
      child.stdin.write(`{${at},"seq":${n},"connection":1,"event":{"n":${n}}}\n`);
    send(1);
    await child.waitForLines(1);
    child.kill('SIGUSR1');
    send(2);
    child.stdin.end();
    const { code, stdout, stderr } = await child.exit;
    expect([code, stdout]).toEqual([0, '{"n":1}\n{"n":2}\n']);
    expect(stderr).not.toMatch(DEBUGGER);
  });

  (hasPty() ? test : test.skip)('profile add: the prompt still reads the key (needs python3)', async () => {
    const folder = join(makeTempFolder(), 'config');
    const words = ['profile', 'add', 'main', '--url', 'https://api.atlantis.example', '--verbose'];
    const pty = startCliInPty(words, { key: CANARY_KEY, env: { ATLANTIS_CONFIG_DIR: folder } });
    await pty.waitFor('not shown');
    process.kill(await pty.readPid(), 'SIGUSR1');
    pty.send(`${CANARY_KEY}\r`);
    const { code, output } = await pty.exit;
    expect([code, output]).toEqual([0, expect.not.stringMatching(DEBUGGER)]);
    expect(JSON.parse(readFileSync(join(folder, 'profiles.json'), 'utf8')).profiles.main.key).toBe(
      CANARY_KEY,
    );
  });

  /** A script that opens a debugger, as SIGUSR1 does while Node starts. */
  const OPEN = `require('node:inspector').open(0, '127.0.0.1');`;
  test.each([
    ['by a signal while Node starts, is closed at once', [], 1],
    ['by --inspect, stays open, because the user wants it', ['--inspect=127.0.0.1:0'], 2],
  ])('a debugger that was opened before the command runs, %s', async (_what, inspect, ports) => {
    const words = ['stream', 'tail', '--simulate', '--json', '--verbose'];
    const nodeArgs = [...inspect, ...(inspect.length === 0 ? preload(OPEN).nodeArgs : [])];
    const child = spawnCli(words, { key: CANARY_KEY, nodeArgs });
    await child.waitForStderr('Debugger listening on');
    await child.waitForLines(1);
    // One of the ports is that of the simulator.
    await untilTrue(() => listListening(child.pid).length === ports, `${ports} ports`);
    await child.waitForLines(2);
    expect(listListening(child.pid)).toHaveLength(ports);
  });

  test('if a debugger client stays connected, the process ends itself', async () => {
    // Blocks for a second, so that there is time to connect.
    const script = `${OPEN}\nAtomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);`;
    const words = ['stream', 'tail', '--simulate', '--json', '--verbose'];
    const child = spawnCli(words, { key: CANARY_KEY, nodeArgs: preload(script).nodeArgs });
    await child.waitForStderr(/ws:\S+\n/);
    const url = new URL(/ws:\S+/.exec(child.stderrText)?.[0] ?? '');
    const socket = connect(Number(url.port), url.hostname, () => {
      const fields = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
      const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
      socket.write(
        [`GET ${url.pathname} HTTP/1.1`, `Host: ${url.host}`, ...fields, key, '', ''].join('\r\n'),
      );
    });
    socket.on('error', () => {});
    expect((await child.exit).signal).toBe('SIGKILL');
    socket.destroy();
  });

  test('the listener is registered before any part of the program is loaded', async () => {
    const count = join(makeTempFolder(), 'count');
    const script = `
      const Module = require('node:module');
      const load = Module._load;
      Module._load = (request, ...more) => {
        if (request.endsWith('main.cjs')) {
          require('node:fs').writeFileSync(${JSON.stringify(count)}, String(process.listenerCount('SIGUSR1')));
        }
        return load(request, ...more);
      };`;
    await runCli(['profile', 'path', '--verbose'], { key: CANARY_KEY, ...preload(script) });
    expect(readFileSync(count, 'utf8')).toBe('1');
  });
});

describe('other signals', () => {
  test('SIGPIPE, SIGWINCH and SIGCONT: the run continues', async () => {
    const child = spawnCli(['stream', 'tail', '--simulate', '--json', '--limit', '4']);
    await child.waitForLines(1);
    for (const signal of ['SIGPIPE', 'SIGWINCH', 'SIGCONT'] as const) child.kill(signal);
    expect((await child.exit).code).toBe(0);
  });

  test('SIGUSR2: the run is ended by the signal', async () => {
    const child = spawnCli(['stream', 'tail', '--simulate', '--json']);
    await child.waitForLines(1);
    child.kill('SIGUSR2');
    expect((await child.exit).signal).toBe('SIGUSR2');
  });
});
