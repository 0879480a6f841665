// The states of a run in which a signal can arrive, each with a server that keeps the command in that state.
import { expect } from '@jest/globals';
import { OPCODE } from '../helpers/frames.ts';
import type { Child, CliOptions } from '../helpers/run-cli.ts';
import {
  type Script,
  type ScriptedServer,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';
import { endOf, expectDeath, preload, spawnTail } from './start-tail.ts';

export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const NEVER_ANSWERS: Script = async (peer) => {
  await peer.readRequest();
};

/** A state of a run, and how to get a run into it. */
export interface State {
  readonly name: string;
  readonly script: Script;
  readonly args?: readonly string[];
  readonly options?: () => CliOptions;
  readonly url?: (server: ScriptedServer) => string;
  /** Resolves when the state is reached. */
  readonly reach: (child: Child, server: ScriptedServer) => Promise<unknown>;
  readonly attempts?: number;
}

export const STATES: readonly State[] = [
  {
    name: 'looking up the name',
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
    name: 'waiting for the response to the upgrade',
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
    // The test cannot see whether the answer was read, but it was sent, and arrives at once.
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
    name: 'streaming from a server that ignores the close',
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
    reach: (child) => child.waitForStderr('retrying'),
  },
];

/** Gets a tail into the state and sends the signal, which must end it in time, with a summary. */
export async function expectEndIn(state: State, signal: NodeJS.Signals): Promise<void> {
  const { script, args = [], options, url, reach, attempts = 1 } = state;
  await using server = await startScriptedServer(script);
  const proxy = { env: { HTTPS_PROXY: `http://127.0.0.1:${server.port}` } };
  const target = url?.(server) ?? server.url;
  const child = spawnTail(target, args, target.includes('example') ? proxy : options?.());
  await reach(child, server);
  await expectDeath(child, signal);
  const exit = await endOf(child);
  expect(exit.stderr).not.toMatch(/error|\n {4}at /i);
  expect(exit.stderr).toMatch(/events? in /);
  expect(server.attempts).toHaveLength(attempts);
}
