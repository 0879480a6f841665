// No profile command leaks a key, whatever its arguments and however it fails (contract P2, P4).

import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { AWKWARD_KEY, CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli } from '../helpers/run-cli.ts';

const COMMANDS = [
  'profile list',
  'profile list --json',
  'profile show',
  'profile show --json',
  'profile show main',
  'profile path',
  'profile use main',
  'profile rename main main2',
  'profile remove main --yes',
  'profile remove main',
  'profile use KEY',
  'profile rename main KEY',
  'profile KEY',
  'KEY',
  'profile add KEY',
  'profile add more KEY',
  'profile add more --url https://a.example/?key=KEY --key-stdin',
  'profile add more --url https://KEY@a.example --key-stdin',
  'profile add more --url https://a.example --key KEY',
  'profile add more --url https://a.example --key-command cat KEY',
  'profile add more --url https://a.example --key-stdin --json',
  'profile add main --url https://a.example --key-stdin',
  'profile add main --url https://a.example --key-stdin --force --log-format json',
  'stream tail --no-reconnect',
  'stream tail --no-reconnect --url http://127.0.0.1:1',
  'stream tail -p KEY',
  'stream tail -p command',
];

const STORES: Record<string, (key: string) => string> = {
  whole: (key) =>
    JSON.stringify({
      version: 1,
      current: 'main',
      profiles: {
        main: { url: 'http://127.0.0.1:1', key },
        command: { url: 'http://127.0.0.1:1', keyCommand: ['sh', '-c', `echo ${CANARY_KEY}; exit 1`] },
      },
    }),
  cut: (key) => `{"version":1,"profiles":{"main":{"url":"x","key":${JSON.stringify(key).slice(0, -4)}`,
  'valid except for a key as a name': (key) =>
    JSON.stringify({ version: 1, profiles: { [key]: { url: key, key } } }),
};

const rows = Object.keys(STORES).flatMap((store) =>
  // On a damaged store all commands fail in the same way, so every fourth is enough.
  COMMANDS.filter((_, at) => store === 'whole' || at % 4 === 0).map((command) => [command, store] as const),
);

test.each(rows)('P4: %s shows no key, with a store that is %s', async (command, store) => {
  // The redactor does not know which argument is a key: it recognizes a key by its form, which the service defines.
  for (const key of command.includes('KEY') ? [CANARY_KEY] : [CANARY_KEY, AWKWARD_KEY]) {
    const folder = join(makeTempFolder(), 'config');
    mkdirSync(folder, { mode: 0o700 });
    const path = join(folder, 'profiles.json');
    writeFileSync(path, STORES[store]?.(key) ?? '');
    chmodSync(path, 0o644);
    const env = {
      ATLANTIS_CONFIG_DIR: folder,
      HTTPS_PROXY: `http://user:${encodeURIComponent(key)}@p.example`,
    };
    const args = [...command.split(' ').map((word) => word.replace('KEY', key)), '--verbose'];
    const { stdout, stderr } = await runCli(args, { env, stdin: key });
    expect({ args, stdout, stderr, found: findKeyIn(stdout + stderr, key) }).toMatchObject({ found: [] });
    for (const name of readdirSync(folder)) {
      expect(findKeyIn(name, key)).toEqual([]);
      // The key may only be in the store and in the copy of a damaged store.
      if (!/^profiles\.json(?:\.corrupt-.*)?$/.test(name)) {
        expect(findKeyIn(readFileSync(join(folder, name)), key)).toEqual([]);
      }
    }
  }
});
