// Flags with a file that would be written into a folder that does not exist.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { quoteForShell } from '../../src/io/messages.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { runCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';

const ONE = ['--limit', '1'];
const FLAGS: readonly (readonly [string, readonly string[]])[] = [
  ['--junit', ['stream', 'check']],
  ['--ready-file', ['stream', 'tail', ...ONE]],
  ['--ready-file', ['stream', 'relay', '--to', 'ENDPOINT', ...ONE]],
  ['--record', ['stream', 'tail', ...ONE]],
  ['--dead-letter', ['stream', 'relay', '--to', 'ENDPOINT', ...ONE]],
];

async function run(words: readonly string[], env = {}) {
  const server = await startScriptedServer(streamHandler({ events: ['{"id":"1"}'] }));
  const endpoint = await startHttpEndpoint();
  const args = words.map((word) => (word === 'ENDPOINT' ? endpoint.url : word));
  const exit = await runCli([...args, '--url', server.url, '--verbose'], { key: CANARY_KEY, env });
  return { ...exit, connections: server.attempts.length + endpoint.requests.length };
}

describe('row 110: a file in a folder that does not exist is refused before any connection is opened', () => {
  test.each(FLAGS)(
    '%s of %j: exit 9, and the hint is the command that creates the folder',
    async (flag, words) => {
      const path = join(makeTempFolder(), 'no', 'such', 'file');
      const { code, stdout, stderr, connections } = await run([...words, flag, path]);
      expect([code, stdout, connections]).toEqual([9, '', 0]);
      expect(stderr).toContain(`create the directory first: mkdir -p ${quoteForShell(dirname(path))}`);
      expect(existsSync(dirname(path))).toBe(false);
    },
  );

  test.each(FLAGS)('%s of %j: a folder in place of the file is exit 9 as well', async (flag, words) => {
    const { code, connections } = await run([...words, flag, makeTempFolder()]);
    expect([code, connections]).toEqual([9, 0]);
  });

  test('a step summary, which has no flag, only causes a warning, and the check continues', async () => {
    const path = join(makeTempFolder(), 'no', 'summary.md');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: path };
    const { code, stderr } = await run(['stream', 'check'], env);
    expect(code).toBe(0);
    expect(
      stderr.match(/the step summary ".*" could not be written: the directory does not exist/g),
    ).toHaveLength(1);
  });

  test('a folder that is deleted during a check is exit 9 at the end, after the report on stdout', async () => {
    const folder = join(makeTempFolder(), 'reports');
    mkdirSync(folder);
    const server = await startScriptedServer(async (peer, attempt) => {
      rmSync(folder, { recursive: true });
      await streamHandler()(peer, attempt);
    });
    const args = ['stream', 'check', '--junit', join(folder, 'check.xml'), '--url', server.url, '--verbose'];
    const { code, stdout, stderr } = await runCli(args, { key: CANARY_KEY });
    expect([code, stdout]).toEqual([9, expect.stringContaining('welcome')]);
    expect(stderr).toContain('could not be written: the directory does not exist (ENOENT)');
  });
});
