// Each signal has one handler: the bundles, and the dependencies in them, register no others.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { hasPty, startCliInPty } from '../helpers/pty.ts';
import { makeCleanEnvironment, ROOT, runCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { preload, startTail } from './start-tail.ts';

const DIST = join(ROOT, 'dist');
/** The signals that end a run, and SIGUSR1, by which Node would open its debugger. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'];
/** Events of the process by which a library could interfere with its exit. */
const ENDS = ['exit', 'beforeExit', 'uncaughtException', 'uncaughtExceptionMonitor', 'unhandledRejection'];

/** Records every listener that is added to the process for a signal or an exit. */
function recordListeners(): { nodeArgs: string[]; read(): string[] } {
  const file = join(makeTempFolder(), 'listeners');
  const { nodeArgs } = preload(`
    const { appendFileSync, writeFileSync } = require('node:fs');
    writeFileSync('${file}', '');
    process.on('newListener', (name) => {
      if (/^SIG/.test(String(name)) || ${JSON.stringify(ENDS)}.includes(name)) appendFileSync('${file}', name + '\\n');
    });`);
  return { nodeArgs, read: () => readFileSync(file, 'utf8').split('\n').slice(0, -1).sort() };
}

test('S1: loading every bundle adds no listener for a signal or an exit', async () => {
  const bundles = readdirSync(DIST).filter((name) => name.endsWith('.cjs'));
  expect(bundles.length).toBeGreaterThan(10);
  const script = `
    const { constants: { signals } } = require('node:os');
    const names = [...Object.keys(signals), ...${JSON.stringify(ENDS)}];
    const count = () => Object.fromEntries(names.map((name) => [name, process.listenerCount(name)]));
    const before = count();
    for (const bundle of ${JSON.stringify(bundles)}) require('${DIST}/' + bundle);
    console.log(JSON.stringify([before, count()]));`;
  const child = startChild(process.execPath, ['-e', script], { env: makeCleanEnvironment() });
  const exit = await child.exit;
  expect(exit).toMatchObject({ code: 0, stderr: '' });
  const [before, after] = JSON.parse(exit.stdout);
  expect(after).toEqual(before);
  for (const signal of Object.keys(after).filter((name) => name.startsWith('SIG'))) {
    expect([signal, after[signal]]).toEqual([signal, 0]);
  }
});

describe('S1: while a command runs, each signal has one handler', () => {
  test('a tail in pretty format', async () => {
    const recorder = recordListeners();
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const child = startTail(server.url, ['--format', 'pretty'], recorder);
    await child.waitForLines(1);
    expect(recorder.read().filter((name) => name.startsWith('SIG'))).toEqual([...SIGNALS].sort());
    child.kill();
    expect((await child.exit).signal).toBe('SIGTERM');
    expect(recorder.read().filter((name) => name.startsWith('SIG'))).toEqual([...SIGNALS].sort());
    expect(recorder.read().filter((name) => !name.startsWith('SIG'))).toEqual(['uncaughtException']);
  });

  test('profile add: conf, which writes the store, adds none', async () => {
    const recorder = recordListeners();
    const exit = await runCli(
      ['profile', 'add', 'x', '--url', 'https://api.atlantis.example', '--key-stdin'],
      {
        nodeArgs: recorder.nodeArgs,
        stdin: `${CANARY_KEY}\n`,
      },
    );
    expect(exit.code).toBe(0);
    // Our own handlers: no debugger, an error for a write beyond `ulimit -f`, an error report in one line. conf would
    // add four more.
    expect(recorder.read()).toEqual(['SIGUSR1', 'SIGXFSZ', 'uncaughtException']);
  });

  (hasPty() ? test : test.skip)('a tail with its spinner on a terminal (needs python3)', async () => {
    const recorder = recordListeners();
    await using server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
    });
    const pty = startCliInPty(['stream', 'tail', '--url', server.url], {
      key: CANARY_KEY,
      env: { NODE_OPTIONS: recorder.nodeArgs.join(' ') },
    });
    await pty.waitFor(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]\S* connecting/);
    // SIGCONT and SIGTSTP, because the mode of a terminal that reads keys is restored while the process is stopped.
    const expected = [...SIGNALS, 'SIGCONT', 'SIGTSTP'].sort();
    expect(recorder.read().filter((name) => /^SIG(?!WINCH)/.test(name))).toEqual(expected);
    pty.send('\x03');
    expect(await pty.exit).toMatchObject({ signal: 'SIGINT', core: false });
  });
});
