import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { type Child, type CliOptions, spawnCli } from '../helpers/run-cli.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { expectSoon } from '../helpers/soon.ts';
import { pauseFor } from '../helpers/watch.ts';
import { endOf, expectWholeLines, numberedEvents, readRecords } from './start-tail.ts';
import { makeFault } from './strike.ts';

const WITH_SECRETS =
  "throw new Error(['boom', key, encodeURIComponent(key), btoa(key), '\\n\\x1b[2Jline two'].join(' '));";

function startPlainTail(server: ScriptedServer, args: readonly string[], options: CliOptions): Child {
  return spawnCli(['stream', 'tail', '--url', server.url, ...args], { key: CANARY_KEY, ...options });
}

describe('S2: an uncaught fault while streaming', () => {
  const KINDS = [
    ['an error', WITH_SECRETS, 'boom'],
    ['a rejected promise', 'Promise.reject(new Error("late " + key));', 'late'],
    ['null', 'throw null;', 'null'],
    ['an object without a prototype', 'throw Object.create(null);', 'a value that cannot be printed'],
    ['an error again and again', 'setInterval(() => { throw new Error("over and over"); }, 5);', 'over'],
    [
      'an error whose message cannot be read',
      'throw Object.defineProperty(new Error(), "message", { get() { throw new Error("worse"); } });',
      'a bug in atlantis',
    ],
  ] as const;

  test.each(KINDS)(
    '%s: exit 1, one line without secrets, and earlier events are written',
    async (_name, throwing, words) => {
      const fault = makeFault(throwing);
      await using server = await startScriptedServer(streamHandler({ events: numberedEvents(0, 3) }));
      const child = startPlainTail(server, [], fault.options);
      await child.waitForLines(3);
      const before = child.stderrText.split('\n').length;
      fault.strike();
      const exit = await endOf(child);
      expect({ code: exit.code, signal: exit.signal }).toEqual({ code: 1, signal: null });
      expect(exit.stdout).toBe(`${[...numberedEvents(0, 3)].join('\n')}\n`);
      const said = exit.stderr.split('\n').slice(before - 1, -1);
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(/^atlantis: error: a bug in atlantis/);
      expect(said[0]).toContain(words);
      expect(said[0]).toContain('--verbose');
      expect(exit.stderr).not.toContain('\x1b');
      expect(server.attempts).toHaveLength(1);
    },
  );

  test('ends the run promptly', async () => {
    const fault = makeFault('throw new Error("boom");');
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const child = startPlainTail(server, [], fault.options);
    await child.waitForLines(1);
    const struckAtMs = performance.now();
    fault.strike();
    await child.exit;
    expectSoon(performance.now() - struckAtMs, 1_500);
    expect(server.attempts[0]?.closeFrame?.code).toBe(1000);
  });

  test('is reported with a redacted stack by --verbose', async () => {
    const fault = makeFault(WITH_SECRETS);
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const child = startPlainTail(server, ['--verbose'], fault.options);
    await child.waitForLines(1);
    fault.strike();
    const exit = await endOf(child);
    expect(exit.code).toBe(1);
    expect(exit.stderr).toMatch(/a bug in atlantis: boom[^\n]*\n(.*\n)*? {4}at .*preload\.cjs/);
  });

  test('G5: is reported as one object with the stack by --log-format json', async () => {
    const fault = makeFault(WITH_SECRETS);
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const child = startPlainTail(server, ['--verbose', '--log-format', 'json'], fault.options);
    await child.waitForLines(1);
    fault.strike();
    const exit = await endOf(child);
    const errors = readRecords(exit.stderr).filter((record) => record['level'] === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ event: 'error', exit_code: 1 });
    expect(String(errors[0]?.['stack'])).toContain('preload.cjs');
  });

  test('while stdout is blocked: queued events are written after the reader resumes', async () => {
    const fault = makeFault('throw new Error("boom");');
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(2_000) }));
    const child = startPlainTail(server, [], fault.options);
    child.pauseStdout();
    await child.waitForStderr('is not keeping up');
    fault.strike();
    await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the goodbye');
    child.resumeStdout();
    const exit = await endOf(child);
    expect(exit.code).toBe(1);
    expectWholeLines(exit.stdout);
    expect(exit.stderr).toContain('a bug in atlantis: boom');
    expect(exit.stderr).not.toContain('could not be written');
  });
});

describe('S2: an uncaught fault in another command', () => {
  const COMMANDS: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a tail that waits for its key', ['stream', 'tail', '--url', 'ws://127.0.0.1:9', '--key-stdin'], /^/],
    ['the simulator', ['stream', 'simulate', '--port', '0'], /Simulator ready/],
    [
      'a profile command that waits for a key',
      ['profile', 'add', 'x', '--url', 'ws://127.0.0.1:9', '--key-stdin'],
      /^/,
    ],
  ];

  test.each(COMMANDS)('%s: exit 1, one line on stderr', async (_name, args, ready) => {
    const fault = makeFault('throw new Error("boom");');
    const child = spawnCli(args, { ...fault.options, stdin: 'pipe' });
    await child.waitForStdout(ready);
    // The test cannot see that the command waits for stdin.
    if (ready.test('')) await pauseFor(300);
    fault.strike();
    const exit = await child.exit;
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code: 1, signal: null });
    expect(exit.stderr).toMatch(/^atlantis: error: a bug in atlantis: boom[^\n]*\n$/);
  });
});
