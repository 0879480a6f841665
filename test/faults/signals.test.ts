// Signals in every state of a run, which ends soon, by that signal, and closes an open connection normally.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { spawnCli } from '../helpers/run-cli.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import {
  endOf,
  expectDeath,
  expectWholeLines,
  numberedEvents,
  spawnTail,
  startBlocked,
} from './start-tail.ts';
import { expectEndIn, SIGNALS, STATES } from './states.ts';

/** True if this process can start the first process of a PID namespace. */
function canFork(): boolean {
  return spawnSync('unshare', ['-rpf', 'true'], { stdio: 'ignore' }).status === 0;
}

describe('S1, R2: a signal in every state', () => {
  // signals.slow.test.ts tests the other two signals for each state.
  test.each(STATES.map((state, index) => [state.name, SIGNALS[index % 3] ?? 'SIGINT', state] as const))(
    'row 47: %s: %s ends the run within 0.5 s, by that signal',
    (_name, signal, state) => expectEndIn(state, signal),
  );

  test('streaming: the client closes with 1000', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const child = spawnTail(server.url);
    await child.waitForLines(1);
    await expectDeath(child, 'SIGINT');
    expect(server.attempts[0]?.closeFrame).toEqual({ code: 1000, reason: '' });
  });

  test('streaming a flood to a reader that keeps up: only whole lines, and no cut is reported', async () => {
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(2_000) }));
    const child = spawnTail(server.url);
    await child.waitForLines(1_000);
    child.kill('SIGINT');
    const exit = await endOf(child);
    expect(exit.signal).toBe('SIGINT');
    expectWholeLines(exit.stdout);
    expect(exit.stderr).not.toContain('could not be written');
    expect(exit.stderr.replaceAll(',', '')).toContain(`${exit.stdout.split('\n').length - 1} events in `);
  });

  test('waiting to retry after a loss: the run ends within 0.5 s', async () => {
    await using server = await startScriptedServer(async (peer, index) => {
      if (index > 0) return peer.respond(429, { 'Retry-After': '60' });
      await peer.accept();
      await peer.welcome();
      peer.end();
    });
    const child = spawnTail(server.url, ['--retry-max', '250ms']);
    await child.waitForStderr(/retrying in (59|6\d|1m)/);
    await expectDeath(child, 'SIGTERM');
    expect(server.attempts).toHaveLength(2);
  });
});

describe('S1, O6: a signal while stdout is blocked', () => {
  const flood = (): Promise<ScriptedServer> =>
    startScriptedServer(streamHandler({ events: numberedEvents(2_000) }));

  test('if the reader resumes, all queued events are written in whole lines, and no cut is reported', async () => {
    await using server = await flood();
    const child = await startBlocked(server.url);
    child.kill('SIGTERM');
    await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the goodbye');
    child.resumeStdout();
    const exit = await endOf(child);
    expect(exit.signal).toBe('SIGTERM');
    expectWholeLines(exit.stdout);
    const numbers = exit.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).n);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(exit.stderr).toContain(`${numbers.length} events`);
    expect(exit.stderr).not.toContain('could not be written');
  });
});

(canFork() ? describe : describe.skip)('S1: as the first process of a container (needs unshare)', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    '%s is exit %i, although its default action does not apply to that process',
    async (signal, code) => {
      await using server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
      const child = spawnTail(server.url, [], { prefix: ['unshare', '-rpf'] });
      await child.waitForLines(1);
      const [pid] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ');
      process.kill(Number(pid), signal);
      const exit = await endOf(child);
      expect({ code: exit.code, signal: exit.signal }).toEqual({ code, signal: null });
      expect(exit.stderr).toContain('1 event in');
    },
  );
});

describe('S1: other commands', () => {
  const COMMANDS: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['tail --simulate', ['stream', 'tail', '--simulate'], /\n/],
    ['the simulator', ['stream', 'simulate', '--port', '0'], /Press Ctrl-C/],
    ['a tail that waits for its key', ['stream', 'tail', '--url', 'ws://127.0.0.1:9', '--key-stdin'], /^/],
    [
      'profile add that waits for a key',
      ['profile', 'add', 'x', '--url', 'ws://127.0.0.1:9', '--key-stdin'],
      /^/,
    ],
  ];

  describe.each(COMMANDS)('%s', (_name, args, ready) => {
    test.each(SIGNALS)('is ended by %s', async (signal) => {
      const child = spawnCli(args, { stdin: 'pipe' });
      await child.waitForStdout(ready);
      // The test cannot see that the command waits for stdin.
      if (ready.test('')) await pauseFor(300);
      await expectDeath(child, signal);
      expect(child.stderrText).not.toMatch(/\n {4}at /);
    });
  });
});
