// Self-test of runs in this process: to a test they must look like the built command in a process of its own.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from './canary.ts';
import { makeTempFolder, runCleanups } from './cleanup.ts';
import { ROOT, runCli, spawnCli, startCli } from './run-cli.ts';
import { type Script, startScriptedServer, streamHandler } from './scripted-server.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const tail = (url: string, ...args: readonly string[]) => ['stream', 'tail', '--url', url, ...args];
const key = CANARY_KEY;

const isHere = process.env['TEST_SPAWNED'] !== '1';

(isHere ? describe : describe.skip)('a run in this process', () => {
  test.each([
    [['--version'], 0],
    [['--help'], 0],
    [['stream', 'tail', '--help'], 0],
    [['help', 'exit-codes'], 0],
    [['stream', 'tail', '--bad'], 2],
    [['stream', 'tail', '--where', 'a=='], 2],
    [['profile', 'show', 'x'], 2],
    [['nonsense'], 2],
  ])('prints and exits as the built command does: %j', async (args, code) => {
    const env = { HOME: makeTempFolder() };
    const [here, there] = await Promise.all([runCli(args, { env }), spawnCli(args, { env }).exit]);
    expect(here).toEqual(there);
    expect(here.code).toBe(code);
  });

  test('prints the version of the package', async () => {
    expect((await runCli(['--version'])).stdout).toBe(`${version}\n`);
  });

  test('has its own environment, key and stdin, even while others run', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => startScriptedServer(streamHandler())));
    const keys = servers.map(() => `ak_live_${randomBytes(16).toString('hex')}`);
    const runs = servers.map(({ url }, at) =>
      runCli(tail(url, '--key-stdin', '--no-reconnect', '--duration', '300ms'), {
        stdin: `${keys[at]}\n`,
        env: { ATLANTIS_API_KEY: undefined },
      }),
    );
    await Promise.all(runs);
    expect(servers.map(({ attempts }) => attempts[0]?.request?.headers['x-api-key'])).toEqual(keys);
  });

  test('takes signals, and passes on lines as they arrive', async () => {
    const server = await startScriptedServer(streamHandler({ events: ['{"n":1}', '{"n":2}'] }));
    const child = startCli(tail(server.url), { key });
    expect(await child.waitForLines(2)).toEqual(['{"n":1}', '{"n":2}']);
    expect(child.kill('SIGINT')).toBe(true);
    expect(await child.exit).toMatchObject({ code: null, signal: 'SIGINT' });
    expect(child.kill('SIGINT')).toBe(false);
    expect((await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the goodbye')).code).toBe(1000);
  });

  test('rejects operations that only a process supports, with a hint', async () => {
    const server = await startScriptedServer(streamHandler());
    const child = startCli(tail(server.url), { key });
    expect(() => child.process).toThrow('spawned: true');
    expect(() => child.kill('SIGSTOP')).toThrow('spawned: true');
    child.kill();
  });

  test('waits while its stdout is not read, and loses nothing', async () => {
    const events = Array.from({ length: 2_000 }, (_unused, n) => `{"n":${n},"filler":"${'x'.repeat(500)}"}`);
    const server = await startScriptedServer(streamHandler({ events }));
    const child = startCli(tail(server.url, '--limit', '2000', '--json'), { key });
    child.pauseStdout();
    await child.waitForStderr('connected to');
    expect(child.stdoutBytes).toHaveLength(0);
    child.resumeStdout();
    expect((await child.exit).stdout).toBe(`${events.join('\n')}\n`);
  });

  test('exits with 0 when the reader of its stdout goes away', async () => {
    const forEver: Script = async (peer) => {
      await peer.accept();
      await peer.welcome();
      for (;;) await peer.sendText('{"n":1}');
    };
    const server = await startScriptedServer(forEver);
    const child = startCli(tail(server.url), { key });
    await child.waitForLines(1);
    child.closeStdout();
    expect(await child.exit).toMatchObject({ code: 0, signal: null });
  });

  test('is stopped at the end of its test', async () => {
    const server = await startScriptedServer(streamHandler(), { lifetime: 'file' });
    const child = startCli(tail(server.url), { key });
    await child.waitForStderr('connected to');
    await runCleanups('test');
    expect((await child.exit).signal).toBe('SIGTERM');
  });

  test('P4: fails its test if it prints a key', async () => {
    const path = join(makeTempFolder('file'), 'profiles.json');
    const event = `{"received_at":"2026-01-01T00:00:00.000Z","seq":1,"connection":1,"event":{"a":"${key}"}}`;
    writeFileSync(path, `{"recording":1,"started_at":"2026-01-01T00:00:00.000Z","tool":"x"}\n${event}\n`);
    expect((await runCli(['stream', 'replay', path, '--json'])).stdout).toContain(key);
    await expect(runCleanups('test')).rejects.toThrow('is in the output');
  });
});
