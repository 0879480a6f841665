// The suggestions that the built program gives a shell: profile names from the current store, and never a key.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli } from '../helpers/run-cli.ts';

const STORE = {
  version: 1,
  current: 'main',
  profiles: {
    main: { url: 'https://api.atlantis.example', key: CANARY_KEY },
    'eu.prod': { url: 'https://eu.atlantis.example:8443/x', keyCommand: ['op', 'read', CANARY_KEY] },
  },
};

/** Completes the line in a home whose store holds `content`. */
async function ask(shell: string, line: string, content?: string, mode = 0o600) {
  const folder = join(makeTempFolder(), 'config');
  if (content !== undefined) {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'profiles.json'), content, { mode });
    chmodSync(join(folder, 'profiles.json'), mode);
  }
  const exit = await runCli(['__complete', shell, '--', ...line.split(' ')], {
    env: { ATLANTIS_CONFIG_DIR: folder, HOME: '/nonexistent' },
  });
  expect(findKeyIn(exit.stdout + exit.stderr)).toEqual([]);
  return exit;
}

describe('profile names', () => {
  test.each([
    ['bash', 'main\neu.prod\n'],
    ['zsh', 'main:https://api.atlantis.example\neu.prod:https://eu.atlantis.example:8443/x\n'],
    ['fish', 'main\thttps://api.atlantis.example\neu.prod\thttps://eu.atlantis.example:8443/x\n'],
  ])('for %s, with their URLs if the shell can show them', async (shell, stdout) => {
    const done = { code: 0, stdout, stderr: '' };
    expect(await ask(shell, 'stream tail --profile ', JSON.stringify(STORE))).toMatchObject(done);
  });

  test('bash gets only names that start with the typed word, also after an =', async () => {
    expect(await ask('bash', 'profile use e', JSON.stringify(STORE))).toMatchObject({ stdout: 'eu.prod\n' });
    expect(await ask('bash', 'stream tail --profile = ma', JSON.stringify(STORE))).toMatchObject({
      stdout: 'main\n',
    });
  });

  test.each<[string, string | undefined, number]>([
    ['missing', undefined, 0],
    ['cut inside the key', JSON.stringify(STORE).slice(0, 110), 0o600],
    ['empty', '', 0o600],
    ['of a newer version', JSON.stringify({ ...STORE, version: 99 }), 0o600],
  ])('a store that is %s: no names, no message, exit 0', async (_what, content, mode) => {
    expect(await ask('zsh', 'profile use ', content, mode)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('a store that other users can read: its names, without a warning', async () => {
    const exit = await ask('bash', 'profile use ', JSON.stringify(STORE), 0o644);
    expect(exit).toMatchObject({ code: 0, stdout: 'main\neu.prod\n', stderr: '' });
  });

  test('an invalid profile folder: no names, no message', async () => {
    const env = { ATLANTIS_CONFIG_DIR: 'relative' };
    const exit = await runCli(['__complete', 'bash', '--', 'profile', 'use', ''], { env });
    expect(exit).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

test('a flag that takes a file leaves the completion to the shell', async () => {
  expect(await ask('fish', 'stream tail --record ')).toMatchObject({ stdout: ':files\n', stderr: '' });
});

test('an unsupported shell is exit 2, and the message names the supported ones', async () => {
  const { code, stderr } = await runCli(['completion', 'tcsh']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('accepted: bash, zsh, fish')]);
});
