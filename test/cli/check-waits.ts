// For every step of `stream check`: something that never finishes, and how to get a check to that point.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { preload } from '../faults/start-tail.ts';
import { type CheckExit, startCheck } from '../helpers/check.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import type { Child, CliOptions } from '../helpers/run-cli.ts';
import {
  type Script,
  type ScriptedServer,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';

/** A point at which a check can wait endlessly, and how to get it there. */
export interface Wait {
  readonly step: string;
  readonly what: string;
  readonly script?: Script;
  readonly url?: (server: ScriptedServer) => string;
  readonly args?: () => readonly string[];
  readonly options?: (server: ScriptedServer) => CliOptions;
  /** Resolves when the check waits. */
  readonly reach: (server: ScriptedServer, child: Child) => Promise<unknown>;
}

/** A script that prints "waits" when the command has opened the pipe. */
const OPENED = `
const fs = require('node:fs');
const real = fs.openSync;
fs.openSync = (path, ...rest) => {
  const fd = real(path, ...rest);
  if (String(path).endsWith('/pipe')) console.error('waits');
  return fd;
};`;

/** A pipe with a writer that never writes. */
function makeHeldPipe(): string {
  const path = join(makeTempFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR);
  registerCleanup(() => closeSync(fd));
  return path;
}

const MUTE: Script = async (peer) => {
  await peer.readRequest();
};
const heard = (server: ScriptedServer, bytes = 1) =>
  server.waitUntil(() => (server.attempts[0]?.bytesReceived ?? 0) >= bytes || undefined, 'the client');

/** At least one for each step that can wait. */
export const WAITS: readonly Wait[] = [
  {
    step: 'settings',
    what: 'a key on stdin that never arrives',
    args: () => ['--key-stdin'],
    options: () => ({
      stdin: 'pipe',
      ...preload(`process.stdin.once('newListener', () => console.error('waits'));`),
    }),
    reach: (_server, child) => child.waitForStderr('waits'),
  },
  {
    step: 'settings',
    what: 'a CA file that is a pipe, and stays empty',
    args: () => ['--ca-cert', makeHeldPipe()],
    options: () => preload(OPENED),
    reach: (_server, child) => child.waitForStderr('waits'),
  },
  {
    step: 'lookup',
    what: 'a name server that does not answer',
    url: (server) => server.url.replace('127.0.0.1', 'localhost'),
    options: () => preload(`require('dns').lookup = () => console.error('waits');`),
    reach: (_server, child) => child.waitForStderr('waits'),
  },
  {
    step: 'connect',
    what: 'packets that get lost',
    options: () =>
      preload(`process.binding('tcp_wrap').TCP.prototype.connect = () => (console.error('waits'), 0);`),
    reach: (_server, child) => child.waitForStderr('waits'),
  },
  {
    step: 'proxy',
    what: 'a proxy that says nothing',
    script: MUTE,
    url: () => 'https://api.atlantis.example',
    options: (server) => ({ env: { HTTPS_PROXY: `http://127.0.0.1:${server.port}` } }),
    reach: (server) => heard(server),
  },
  {
    step: 'tls',
    what: 'a server that does not answer the TLS handshake',
    script: MUTE,
    url: (server) => `https://127.0.0.1:${server.port}`,
    reach: (server) => heard(server),
  },
  { step: 'upgrade', what: 'a server that does not answer', script: MUTE, reach: (server) => heard(server) },
  {
    step: 'upgrade',
    what: 'a refusal that does not end',
    script: async (peer) => {
      await peer.readRequest();
      await peer.sendRaw('HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n{"error":');
    },
    reach: (server) => heard(server),
  },
  {
    step: 'welcome',
    what: 'a server that does not send the welcome',
    script: async (peer) => void (await peer.accept()),
    reach: (server) => heard(server),
  },
  {
    step: 'keepalive',
    what: 'a server that answers neither pings nor the close',
    script: async (peer) => {
      await peer.accept();
      await peer.welcome();
    },
    reach: (server) => server.waitUntil(() => server.attempts[0]?.frames[0], 'a ping'),
  },
  {
    step: 'events',
    what: 'events that do not come',
    script: streamHandler({ events: [] }),
    args: () => ['--expect', 'type=x', '--within', '1h'],
    reach: (server) => server.waitUntil(() => server.attempts[0]?.frames[2], 'three pings'),
  },
];

export async function startWaiting(wait: Wait, more: readonly string[]) {
  const server = await startScriptedServer(wait.script ?? MUTE);
  const url = wait.url?.(server) ?? server.url;
  const started = startCheck(url, [...(wait.args?.() ?? []), ...more], wait.options?.(server));
  return { server, ...started };
}

/** The steps, in order. */
export const STEPS = [
  'settings',
  'lookup',
  'connect',
  'proxy',
  'tls',
  'upgrade',
  'welcome',
  'identity',
  'keepalive',
  'events',
];

/** Fails unless every later step is reported as skipped. */
export function expectSkippedBehind(exit: CheckExit, step: string): void {
  const { steps } = exit.report;
  expect(steps.map(({ name }) => name)).toEqual(STEPS);
  for (const { name, status } of steps.slice(STEPS.indexOf(step) + 1))
    expect([name, status]).toEqual([name, 'skipped']);
}
