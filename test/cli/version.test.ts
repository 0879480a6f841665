// `atlantis version --verbose`: the facts for a bug report, without secrets.
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY, CANARY_PREFIX, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli } from '../helpers/run-cli.ts';

describe('atlantis version', () => {
  test('prints the same as --version', async () => {
    const [command, flag] = [await runCli(['version']), await runCli(['--version'])];
    expect(command).toMatchObject({ code: 0, stderr: '', stdout: flag.stdout });
  });

  test('--verbose prints the facts for a bug report, without secrets', async () => {
    const config = makeTempFolder();
    const env = {
      ATLANTIS_API_KEY: CANARY_KEY,
      ATLANTIS_CONFIG_DIR: config,
      ATLANTIS_URL: 'https://someone:hunter2@api.atlantis.example',
      HTTPS_PROXY: `http://user:pass%40word@proxy.example:3128`,
      no_proxy: '.example\u001b[31m\n##[error]x',
      NATS_TOKEN: 'a-token-of-nats',
      TF_BUILD: 'True',
      TERM: 'xterm',
    };
    const { code, stdout, stderr } = await runCli(['version', '--verbose'], { env, spawned: true });
    expect([code, stderr, findKeyIn(stdout)]).toEqual([0, '', []]);
    const facts = new Map(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => [line.split(' ', 1)[0], line.replace(/^\w+ +/, '')]),
    );
    expect(Object.fromEntries(facts)).toEqual({
      atlantis: expect.stringMatching(/^\d+\.\d+\.\d+, commit (?:[0-9a-f]{12}|unknown)$/),
      node: process.version,
      platform: expect.stringContaining(`${process.platform} ${process.arch}, `),
      profiles: `${join(config, 'profiles.json')} (does not exist)`,
      stdout: 'not a terminal, no colors',
      stderr: 'not a terminal, no colors',
      unicode: expect.stringMatching(/^(?:yes|no)$/),
      terminal: expect.stringContaining('TERM=xterm'),
      proxy: 'HTTPS_PROXY=http://***@proxy.example:3128 no_proxy=.example\\u001b[31m\\u000a\\u0023#[error]x',
      ci: 'TF_BUILD=True',
      key: `ATLANTIS_API_KEY=${CANARY_PREFIX}…`,
      secrets: 'NATS_TOKEN is set',
      settings: expect.stringMatching(
        /^ATLANTIS_URL=https:\/\/\*\*\*@api\.atlantis\.example ATLANTIS_CONFIG_DIR=/,
      ),
    });
    for (const secret of ['hunter2', 'pass', 'a-token']) expect(stdout).not.toContain(secret);
  });
});
