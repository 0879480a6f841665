// docs/security.md: its commands work as written, and every promise has a test.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type CliOptions, ROOT, runCli, startCli } from '../helpers/run-cli.ts';
import { type Peer, startScriptedServer } from '../helpers/scripted-server.ts';

const NEW_KEY = 'ak_live_0e3a9c5577dd11bb22cc33aa44ee55ff';
const doc = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');

/** The commands of a section, in order, as arguments of `atlantis`. */
function readCommands(heading: string): string[][] {
  const [, section = ''] = new RegExp(`\\n## ${heading}\\n([\\s\\S]*?)(?:\\n## |$)`).exec(doc) ?? [];
  return [...section.matchAll(/`atlantis ([^`]+)`/g)].map(([, words = '']) => words.split(' '));
}

test('the steps rotate a key without a gap', async () => {
  const revoked = new Set<string>();
  const peers: Peer[] = [];
  await using server = await startScriptedServer(async (peer: Peer) => {
    const { headers } = await peer.readRequest();
    const key = headers['x-api-key'] ?? '';
    if (revoked.has(key)) {
      await peer.respond(
        401,
        { 'X-Request-Id': 'r' },
        '{"error":{"code":"unauthorized","message":"revoked"}}',
      );
      return;
    }
    peers.push(peer);
    peer.answerClose();
    await peer.accept();
    await peer.welcome(key.slice(0, 16));
  });
  const env = { ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config') };
  const url = server.url.replace('ws:', 'http:');
  const run = (words: readonly string[], options: CliOptions = {}) => runCli(words, { env, ...options });
  await run(['profile', 'add', 'main', '--url', url, '--key-stdin'], { stdin: CANARY_KEY });
  const old = startCli(['stream', 'tail', '--url', url, '--key-stdin', '--retry-max', '250ms'], {
    env,
    stdin: CANARY_KEY,
  });
  await old.waitForStderr('connected');

  const [store = [], tail = [], remove = [], rename = [], use = [], ...more] = readCommands(
    'Rotate a key without a gap',
  );
  // The last command of the section rotates a key with a gap.
  expect(more.map((words) => words.join(' '))).toEqual(['profile add main --force --url <url>']);
  // On a terminal the command would prompt for the key.
  const stored = [...store.map((word) => (word === '<url>' ? url : word)), '--key-stdin'];
  expect(await run(stored, { stdin: NEW_KEY })).toMatchObject({ code: 0 });
  const next = startCli(tail, { env });
  await next.waitForStderr(new RegExp(`connected.*${NEW_KEY.slice(0, 16)}`));
  for (const words of [remove, rename, use]) expect(await run(words)).toMatchObject({ code: 0 });
  // Neither stream was interrupted.
  expect([old.stderrText, next.stderrText].join()).not.toMatch(/lost|gap/);
  revoked.add(CANARY_KEY);
  peers[0]?.reset();
  expect((await old.exit).code).toBe(3);
  const { stdout } = await run(['profile', 'list', '--json']);
  expect(JSON.parse(stdout)).toMatchObject([
    { name: 'main', current: true, key_prefix: NEW_KEY.slice(0, 16) },
  ]);
  next.kill();
  await next.exit;
});

describe('the threat model', () => {
  const [, model = ''] = /\n## Threat model\n([\s\S]*?)\n## /.exec(doc) ?? [];

  test.each(model.split('\n### ').slice(1))(
    'every test that a promise names exists (attacker %#)',
    (attacker) => {
      const rows = attacker
        .split('\n')
        .filter((line) => line.startsWith('| ') && !line.startsWith('| promise'));
      expect(rows.length).toBeGreaterThan(2);
      for (const row of rows) {
        const named = [...row.matchAll(/`(test\/[\w./-]+\.test\.ts)` "([^"]+)"/g)];
        expect({ row, tests: named.length }).not.toMatchObject({ tests: 0 });
        for (const [, file = '', title = ''] of named) {
          const text = readFileSync(join(ROOT, file), 'utf8');
          const isThere = ["'", '"', '`'].some((quote) => text.includes(quote + title + quote));
          expect({ file, title, isThere }).toMatchObject({ isThere: true });
        }
      }
      expect(attacker).toContain('\nNot promised: ');
    },
  );

  test('has a section for every attacker', () => {
    expect([...model.matchAll(/^### (.*)$/gm)].map(([, name]) => name)).toEqual([
      'A hostile server',
      'The network',
      'Other users of the machine',
      'A planted directory',
      'CI logs',
    ]);
  });
});

test('every flag in docs/security.md exists', async () => {
  const helps = await Promise.all(
    [
      ['profile', 'add'],
      ['profile', 'remove'],
      ['stream', 'tail'],
      ['stream', 'relay'],
    ].map((words) => runCli([...words, '--help'])),
  );
  const help = helps.map(({ stdout }) => stdout).join('\n');
  const flags = [...doc.matchAll(/(?<=[` ])--[a-z-]+/g)].map(([flag]) => flag);
  expect(flags.length).toBeGreaterThan(5);
  // --inspect is a flag of Node.
  expect(flags.filter((flag) => !help.includes(flag) && flag !== '--inspect')).toEqual([]);
});
