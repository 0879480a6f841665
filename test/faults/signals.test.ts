// Signals in every state of a run: it ends soon, by that signal, and says goodbye where there is somebody.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { OPCODE } from '../helpers/frames.ts';
import { type Child, type CliOptions, startCli } from '../helpers/run-cli.ts';
import {
  type Script,
  type ScriptedServer,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';
import {
  endOf,
  expectDeath,
  expectWholeLines,
  numberedEvents,
  preload,
  SOON_MS,
  startBlocked,
  startTail,
  whenGone,
} from './start-tail.ts';

/** True where a process can be made the first one of a namespace. */
function canFork(): boolean {
  return spawnSync('unshare', ['-rpf', 'true'], { stdio: 'ignore' }).status === 0;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const NEVER_ANSWERS: Script = async (peer) => {
  await peer.readRequest();
};

interface State {
  readonly name: string;
  readonly script: Script;
  readonly args?: readonly string[];
  readonly options?: () => CliOptions;
  readonly url?: (server: ScriptedServer) => string;
  /** Resolves when the state is reached. */
  readonly reach: (child: Child, server: ScriptedServer) => Promise<unknown>;
  readonly attempts?: number;
}

const STATES: readonly State[] = [
  {
    name: 'looking the name up',
    script: NEVER_ANSWERS,
    url: (server) => `ws://localhost:${server.port}`,
    options: () => preload(`require('dns').lookup = () => { process.stderr.write('lookup hangs\\n'); };`),
    reach: (child) => child.waitForStderr('lookup hangs'),
    attempts: 0,
  },
  {
    name: 'in the TLS handshake',
    script: NEVER_ANSWERS,
    url: (server) => `wss://127.0.0.1:${server.port}`,
    reach: (_child, server) =>
      server.waitUntil(() => server.attempts[0]?.bytesReceived || undefined, 'a hello'),
  },
  {
    name: 'waiting for the proxy',
    script: NEVER_ANSWERS,
    url: () => 'wss://api.atlantis.example',
    reach: (_child, server) => server.waitUntil(() => server.attempts[0]?.request, 'the CONNECT'),
  },
  {
    name: 'waiting for the answer to the upgrade',
    script: NEVER_ANSWERS,
    reach: (_child, server) => server.waitUntil(() => server.attempts[0]?.request, 'the request'),
  },
  {
    name: 'reading a refusal that does not end',
    script: async (peer) => {
      await peer.readRequest();
      await peer.sendRaw('HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n{"error":');
      await peer.sendRaw('x');
    },
    // Nothing tells from outside that the answer was read; the server has sent it, and it comes at once.
    reach: (_child, server) => server.waitUntil(() => server.attempts[0]?.request, 'the request'),
  },
  {
    name: 'waiting for the welcome',
    script: async (peer) => {
      peer.answerClose();
      await peer.accept();
      await peer.sendFrame({ opcode: OPCODE.ping });
    },
    reach: (_child, server) => server.waitUntil(() => server.attempts[0]?.frames[0], 'an answer to the ping'),
  },
  {
    name: 'streaming',
    script: streamHandler({ events: ['{"n":1}'] }),
    reach: (child) => child.waitForLines(1),
  },
  {
    name: 'streaming from a server that ignores the goodbye',
    script: async (peer) => {
      await peer.accept();
      await peer.welcome();
      await peer.sendText('{"n":1}');
    },
    reach: (child) => child.waitForLines(1),
  },
  {
    name: 'waiting to retry',
    script: (peer) => peer.respond(503, { 'Retry-After': '30' }),
    reach: (child) => child.waitForStderr('trying again'),
  },
];

describe('S1, R2: a signal in every state', () => {
  describe.each(STATES)('$name', ({ script, args = [], options, url, reach, attempts = 1 }) => {
    test.each(SIGNALS)('row 47: %s ends it within 0.5 s, by that signal', async (signal) => {
      await using server = await startScriptedServer(script);
      const proxy = { env: { HTTPS_PROXY: `http://127.0.0.1:${server.port}` } };
      const target = url?.(server) ?? server.url;
      const child = startTail(target, args, target.includes('example') ? proxy : options?.());
      await reach(child, server);
      await expectDeath(child, signal);
      const exit = await endOf(child);
      expect(exit.stderr).not.toMatch(/error|\n {4}at /i);
      expect(exit.stderr).toMatch(/events? in /);
      expect(server.attempts).toHaveLength(attempts);
    });
  });

  test('streaming: the server is told goodbye with 1000', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const child = startTail(server.url);
    await child.waitForLines(1);
    await expectDeath(child, 'SIGINT');
    expect(server.attempts[0]?.closeFrame).toEqual({ code: 1000, reason: '' });
  });

  test('streaming a flood to a reader that keeps up: whole lines only, nothing is said of a cut', async () => {
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(2_000) }));
    const child = startTail(server.url);
    await child.waitForLines(1_000);
    child.kill('SIGINT');
    const exit = await endOf(child);
    expect(exit.signal).toBe('SIGINT');
    expectWholeLines(exit.stdout);
    expect(exit.stderr).not.toContain('could not be written');
    expect(exit.stderr.replaceAll(',', '')).toContain(`${exit.stdout.split('\n').length - 1} events in `);
  });

  test('waiting for a new attempt after a loss', async () => {
    await using server = await startScriptedServer(async (peer, index) => {
      if (index > 0) return peer.respond(429, { 'Retry-After': '60' });
      await peer.accept();
      await peer.welcome();
      peer.end();
    });
    const child = startTail(server.url, ['--retry-max', '250ms']);
    await child.waitForStderr(/trying again in (59|6\d|1m)/);
    await expectDeath(child, 'SIGTERM');
    expect(server.attempts).toHaveLength(2);
  });
});

describe('S1, O6: a signal while stdout is blocked', () => {
  const flood = (): Promise<ScriptedServer> =>
    startScriptedServer(streamHandler({ events: numberedEvents(2_000) }));

  test('the reader goes on: all that was queued is written, whole lines, nothing said of a cut', async () => {
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

  test.each([
    ['SIGINT', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
    ['SIGTERM', 'SIGTERM'],
    ['SIGHUP', 'SIGINT'],
  ] as const)(
    'row 46: %s, then %s while draining is blocked: at once, by the signal',
    async (first, second) => {
      await using server = await flood();
      const child = await startBlocked(server.url);
      child.kill(first);
      await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the goodbye');
      await expectDeath(child, second);
    },
  );

  test('row 46: SIGINT twice within 100 ms', async () => {
    await using server = await flood();
    const child = await startBlocked(server.url);
    const gone = whenGone(child);
    const sentAtMs = performance.now();
    child.kill('SIGINT');
    const timer = setInterval(() => child.kill('SIGINT'), 50);
    expect(await gone).toEqual({ code: null, signal: 'SIGINT' });
    clearInterval(timer);
    expect(performance.now() - sentAtMs).toBeLessThan(SOON_MS);
  });
});

(canFork() ? describe : describe.skip)('S1: as the first process of a container (needs unshare)', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s, which the kernel keeps from such a process: ends with %i', async (signal, code) => {
    await using server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const child = startTail(server.url, [], { prefix: ['unshare', '-rpf'] });
    await child.waitForLines(1);
    const [pid] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ');
    process.kill(Number(pid), signal);
    const exit = await endOf(child);
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code, signal: null });
    expect(exit.stderr).toContain('1 event in');
  });
});

describe('S1: other commands', () => {
  const COMMANDS: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['tail --simulate', ['stream', 'tail', '--simulate'], /\n/],
    ['the simulator', ['stream', 'simulate', '--port', '0'], /Ctrl-C ends it/],
    ['a tail that waits for its key', ['stream', 'tail', '--url', 'ws://127.0.0.1:9', '--key-stdin'], /^/],
    [
      'profile add that waits for a key',
      ['profile', 'add', 'x', '--url', 'ws://127.0.0.1:9', '--key-stdin'],
      /^/,
    ],
  ];

  describe.each(COMMANDS)('%s', (_name, args, ready) => {
    test.each(SIGNALS)('ends by %s', async (signal) => {
      const child = startCli(args, { stdin: 'pipe' });
      await child.waitForStdout(ready);
      await expectDeath(child, signal);
      expect(child.stderrText).not.toMatch(/\n {4}at /);
    });
  });
});
