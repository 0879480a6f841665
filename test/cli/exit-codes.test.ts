// Every exit code of the contract (§ 2), each by a run that ends with it.
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { preload } from '../faults/start-tail.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type CliOptions, startCli } from '../helpers/run-cli.ts';
import { type Script, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';

const ONE_EVENT = streamHandler({ events: ['{"n":1}'] });
const refuse =
  (status: number, code: string, headers: Record<string, string> = {}): Script =>
  (peer) =>
    peer.respond(status, headers, JSON.stringify({ error: { code, message: 'As the test says.' } }));

interface Case {
  readonly code: number;
  readonly what: string;
  readonly script?: Script;
  readonly args?: readonly string[];
  readonly options?: () => CliOptions;
  readonly says?: RegExp;
}

const CASES: readonly Case[] = [
  { code: 0, what: '§ 2, exit 0: the limit is reached', args: ['--limit', '1'] },
  {
    code: 1,
    what: '§ 2, exit 1: there is a bug in the tool',
    options: () => preload(`setTimeout(() => { throw new Error('a bug of ours'); }, 300);`),
    says: /a bug in atlantis: a bug of ours/,
  },
  { code: 2, what: '§ 2, exit 2: a flag has a bad value', args: ['--limit', 'many'], says: /--limit "many"/ },
  {
    code: 3,
    what: '§ 2, exit 3: there is no key',
    options: () => ({ env: { ATLANTIS_API_KEY: undefined } }),
    says: /no API key/,
  },
  { code: 3, what: '§ 2, exit 3: the key is refused', script: refuse(401, 'unauthorized') },
  { code: 4, what: '§ 2, exit 4: the credit is used up', script: refuse(402, 'insufficient_credit') },
  { code: 5, what: '§ 2, exit 5: the request is refused', script: refuse(404, 'not_found') },
  {
    code: 6,
    what: '§ 2, exit 6: 429 with a Retry-After that is too long to wait for',
    script: refuse(429, 'rate_limited', { 'Retry-After': '9000' }),
  },
  {
    code: 7,
    what: '§ 2, exit 7: the connection is lost for good',
    args: ['--no-reconnect'],
    script: async (peer) => peer.end(),
  },
  { code: 8, what: '§ 2, exit 8: not a WebSocket', script: (peer) => peer.respond(200) },
  {
    code: 10,
    what: '§ 2, exit 10: the profile store is corrupt',
    args: ['--profile', 'main'],
    options: () => {
      const folder = join(makeTempFolder(), 'config');
      mkdirSync(folder, { mode: 0o700 });
      writeFileSync(join(folder, 'profiles.json'), '{"profiles":', { mode: 0o600 });
      return { env: { ATLANTIS_CONFIG_DIR: folder } };
    },
    says: /profiles\.json/,
  },
  {
    code: 12,
    what: '§ 2, exit 12: there is a gap, with --fail-on-gap',
    args: ['--fail-on-gap'],
    script: streamHandler({ finish: (peer) => peer.end() }),
  },
  { code: 13, what: '§ 2, exit 13: no event arrives for --max-silence', args: ['--max-silence', '200ms'] },
  { code: 124, what: '§ 2, exit 124: --timeout passes first', args: ['--limit', '9', '--timeout', '500ms'] },
];

describe('§ 2: exit codes', () => {
  test.each(CASES)('$what', async ({ code, script = ONE_EVENT, args = [], options, says }) => {
    const server = await startScriptedServer(script);
    const words = ['stream', 'tail', '--url', server.url, ...args];
    const child = startCli(words, { key: CANARY_KEY, ...options?.() });
    const exit = await child.exit;
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code, signal: null });
    if (says !== undefined) expect(exit.stderr).toMatch(says);
  });

  (process.platform === 'linux' ? test : test.skip)('§ 2, exit 9: stdout cannot be written', async () => {
    const server = await startScriptedServer(ONE_EVENT);
    const full = openSync('/dev/full', 'w');
    const child = startCli(['stream', 'tail', '--url', server.url], { key: CANARY_KEY, stdout: full });
    expect((await child.exit).code).toBe(9);
  });

  (hasOpenssl() ? test : test.skip)('§ 2, exit 11: the certificate is not trusted', async () => {
    const { cert, key } = makeCertificates('test').good;
    const server = await startScriptedServer(ONE_EVENT, { tls: { cert, key } });
    expect((await startCli(['stream', 'tail', '--url', server.url], { key: CANARY_KEY }).exit).code).toBe(11);
  });

  test.each([
    ['§ 2, exit 129', 'SIGHUP', 129],
    ['§ 2, exit 130', 'SIGINT', 130],
    ['§ 2, exit 143', 'SIGTERM', 143],
  ] as const)('%s: killed by %s, which a shell shows as %i', async (_, signal, code) => {
    const server = await startScriptedServer(ONE_EVENT);
    const shell = [
      'bash',
      '-c',
      `"$@" & child=$!; trap 'kill -${signal} $child' USR1; wait $child; wait $child; exit $?`,
      'bash',
    ];
    const child = startCli(['stream', 'tail', '--url', server.url], { key: CANARY_KEY, prefix: shell });
    await child.waitForLines(1);
    child.kill('SIGUSR1');
    expect((await child.exit).code).toBe(code);
  });
});
