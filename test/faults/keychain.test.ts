// Keys in the keychain of the platform: a real Secret Service, and replacements for the programs of macOS and Windows.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { chooseKeychain, findKeychainEntry } from '../../src/settings/keychain.ts';
import { readFromKeychain, removeFromKeychain, storeInKeychain } from '../../src/settings/keychain-store.ts';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type Exit, runCli, startCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { hasSecretService, type SecretService, startSecretService } from '../helpers/secret-service.ts';

const NEW_KEY = 'ak_live_0e3a9c5577dd11bb22cc33aa44ee55ff';
const URL = 'http://127.0.0.1:1';
const readText = ({ stdout, stderr }: Exit): string => (stdout + stderr).replace(/\s+/g, ' ');

/** Creates a store, and functions that run commands with it. */
function useStore(env: Readonly<Record<string, string>>) {
  const folder = join(makeTempFolder(), 'config');
  const path = join(folder, 'profiles.json');
  const all = { ...env, ATLANTIS_CONFIG_DIR: folder, ANOTHER_SECRET: CANARY_KEY };
  return {
    env: all,
    path,
    run: (words: string, stdin = '') => runCli([...words.split(' '), '--verbose'], { env: all, stdin }),
    add(stdin = CANARY_KEY, more = '', url = URL) {
      return this.run(`profile add main --url ${url} --key-stdin --keychain ${more}`.trim(), stdin);
    },
    readCommand: (): string[] => JSON.parse(readFileSync(path, 'utf8')).profiles.main.keyCommand,
  };
}

const listAll = (service: SecretService): string[] =>
  [...service.call('search', '--all', 'service', 'atlantis').stdout.matchAll(/secret = (.*)/g)].map(
    ([, secret = '']) => secret,
  );

const describeWithService = hasSecretService() ? describe : describe.skip;

describeWithService('row 77 (P6): a Secret Service (needs secret-tool, gnome-keyring and dbus)', () => {
  test('keeps the key, which is in no other place, until the profile is removed', async () => {
    const service = await startSecretService();
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const store = useStore(service.env);
    const url = server.url.replace('ws:', 'http:');
    const added = await store.add(CANARY_KEY, '', url);
    expect([added.code, readText(added)]).toEqual([
      0,
      expect.stringContaining('key in the Secret Service, active'),
    ]);
    const text = readFileSync(store.path, 'utf8');
    expect(findKeyIn(text)).toEqual([]);
    const [account = ''] = /main-[0-9a-f]{8}/.exec(text) ?? [];
    expect(store.readCommand()).toEqual(['secret-tool', 'lookup', 'service', 'atlantis', 'account', account]);
    expect(listAll(service)).toEqual([CANARY_KEY]);

    expect(readText(await store.run('profile list'))).toMatch(/in the Secret Service +keychain/);
    expect(JSON.parse((await store.run('profile list --json')).stdout)).toMatchObject([
      { key_source: 'keychain', keychain: 'the Secret Service', keychain_account: account },
    ]);
    expect(JSON.parse((await store.run('profile show --json')).stdout)).toMatchObject({
      key: { value: `the Secret Service, service atlantis, account ${account}`, source: 'profile "main"' },
    });
    expect((await store.run('profile rename main other')).code).toBe(0);
    expect((await store.run('stream tail --limit 1')).code).toBe(0);
    expect(server.attempts[0]?.request?.headers['x-api-key']).toBe(CANARY_KEY);

    expect((await store.run('profile remove other --yes')).code).toBe(0);
    expect(listAll(service)).toEqual([]);
  });

  test('loses the old entry when --force replaces it by a new entry or by a stored key', async () => {
    const service = await startSecretService();
    const store = useStore(service.env);
    await store.add();
    expect((await store.add(NEW_KEY, '--force')).code).toBe(0);
    expect(listAll(service)).toEqual([NEW_KEY]);
    expect((await store.run(`profile add main --url ${URL} --key-stdin --force`, CANARY_KEY)).code).toBe(0);
    expect(listAll(service)).toEqual([]);
  });

  test('keeps no entry if the profile store cannot be written', async () => {
    const service = await startSecretService();
    const store = useStore(service.env);
    mkdirSync(store.path, { recursive: true });
    expect((await store.add()).code).toBe(10);
    expect(listAll(service)).toEqual([]);
  });

  test('without an entry that was removed by hand: tail is exit 3 with a hint, and profile remove works', async () => {
    const service = await startSecretService();
    const store = useStore(service.env);
    await store.add();
    service.call('clear', 'service', 'atlantis');
    const tail = await store.run('stream tail --no-reconnect');
    expect(tail.code).toBe(3);
    expect(readText(tail)).toContain('store the key again: atlantis profile add main --force --keychain');
    expect((await store.run('profile remove main --yes')).code).toBe(0);
  });

  test('that is locked: exit 3 with a hint', async () => {
    const service = await startSecretService();
    const store = useStore(service.env);
    await store.add();
    service.lock();
    for (const command of ['stream tail --no-reconnect', 'stream check']) {
      const exit = await store.run(command);
      expect(exit.code).toBe(3);
      expect(readText(exit)).toMatch(
        /the Secret Service did not return the key of profile "main".*unlock it/,
      );
    }
    const added = await store.run(`profile add more --url ${URL} --key-stdin --keychain`, CANARY_KEY);
    expect(added.code).toBe(3);
    expect(readText(added)).toMatch(
      /did not store the key.*Cannot create an item in a locked collection.*unlock it/,
    );
    const removed = await store.run('profile remove main --yes');
    expect(removed.code).toBe(3);
    expect(readText(removed)).toMatch(
      /the key is still in the Secret Service.*run: secret-tool clear service atlantis/,
    );
    expect(JSON.parse((await store.run('profile list --json')).stdout)).toEqual([]);
  });

  test('with an entry that is replaced while a tail runs: the next connection uses the new key', async () => {
    const service = await startSecretService();
    await using server = await startScriptedServer(async () => {});
    const store = useStore(service.env);
    await store.add(CANARY_KEY, '', server.url.replace('ws:', 'http:'));
    const first = streamHandler({
      finish: async (peer) => {
        await store.add(NEW_KEY, '--force', server.url.replace('ws:', 'http:'));
        await peer.sendClose(1012);
      },
    });
    server.setScript((peer, index) => (index === 0 ? first : streamHandler())(peer, index));
    const child = startCli(['stream', 'tail', '--retry-max', '250ms', '--verbose'], { env: store.env });
    await child.waitForStderr(`with the key ${NEW_KEY.slice(0, 16)}`);
    child.kill('SIGINT');
    expect((await child.exit).signal).toBe('SIGINT');
  });
});

describe('row 77 (P6): no keychain', () => {
  test('--keychain and --key-command cannot be combined', async () => {
    const exit = await useStore({}).run(`profile add main --url ${URL} --keychain --key-command cat x`);
    expect([exit.code, readText(exit)]).toEqual([2, expect.stringContaining('cannot be combined')]);
  });

  test('without secret-tool: exit 3 and how to install it, nothing is stored', async () => {
    const store = useStore({ PATH: makeTempFolder() });
    const exit = await store.add();
    expect(exit.code).toBe(3);
    expect(readText(exit)).toMatch(
      /secret-tool was not found.*install secret-tool \(Debian and Ubuntu: libsecret-tools/,
    );
    expect(existsSync(store.path)).toBe(false);
  });

  describeWithService('with secret-tool', () => {
    test('without D-Bus: exit 3 with the message of secret-tool', async () => {
      const exit = await useStore({}).add();
      expect(exit.code).toBe(3);
      expect(readText(exit)).toMatch(
        /the Secret Service did not store the key: secret-tool failed with exit status 1 \(.*D-Bus/,
      );
    });
  });
});

/** Creates a program that records its arguments and keeps one key in a file. */
function makeFakes(platform: 'darwin' | 'win32', behavior = '') {
  const folder = makeTempFolder();
  const [log, kept] = [join(folder, 'log'), join(folder, 'api-key')];
  const program = platform === 'darwin' ? 'security' : 'powershell.exe';
  const script = `#!/bin/sh
for word; do printf '%s\\n' "$word" >> ${log}; done
${behavior}
case "$*" in
  -i) read -r line; hex=\${line##* }; ${process.execPath} -e 'process.stdout.write(Buffer.from(process.argv[1], "hex"))' "$hex" > ${kept} ;;
  *ReadLine*) read -r line; printf '%s' "$line" > ${kept} ;;
  find-generic-password*|*Retrieve*Password*) test -e ${kept} || exit 44; /bin/cat ${kept} ;;
  delete-generic-password*|*Remove*) test -e ${kept} || exit 44; /bin/rm ${kept} ;;
esac
`;
  writeFileSync(join(folder, program), script, { mode: 0o755 });
  const place = platform === 'win32' ? `/${folder}` : folder;
  const host = {
    env: { PATH: platform === 'win32' ? place : `${place}${delimiter}/usr/bin`, SystemRoot: '/' },
    platform,
    sendSignal(pid: number, signal: NodeJS.Signals | 0) {
      try {
        return process.kill(pid, signal);
      } catch {
        return false;
      }
    },
    onSignal: () => () => {},
    dieBySignal: () => {},
  };
  return { host, kept, readLog: () => (existsSync(log) ? readFileSync(log, 'utf8') : '') };
}

describe.each(['darwin', 'win32'] as const)('row 77 (P6): the programs of %s', (platform) => {
  const name = platform === 'darwin' ? 'the macOS keychain' : 'the Windows Credential Locker';

  test('get the key on stdin and not as an argument', async () => {
    const { host, kept, readLog } = makeFakes(platform);
    const argv = await storeInKeychain('main', CANARY_KEY, host);
    expect(readFileSync(kept, 'utf8')).toBe(CANARY_KEY);
    expect(findKeychainEntry(argv)).toMatchObject({
      keychain: { name },
      account: expect.stringMatching(/^main-[0-9a-f]{8}$/),
    });
    expect(await readFromKeychain(argv, 'main', host)).toBe(CANARY_KEY);
    await removeFromKeychain(argv, host);
    expect(existsSync(kept)).toBe(false);
    // An entry that is gone is not an error.
    await removeFromKeychain(argv, host);
    expect(findKeyIn(readLog())).toEqual([]);
    expect(findKeyIn(argv.join(' '))).toEqual([]);
  });

  test('the error after a failure has the exit status and the first line of stderr', async () => {
    const { host } = makeFakes(
      platform,
      'echo "User interaction is not allowed." >&2; echo more >&2; exit 36',
    );
    await expect(storeInKeychain('main', CANARY_KEY, host)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        new RegExp(
          `^${name} did not store the key: \\S+ failed with exit status 36 \\(User interaction is not allowed\\.\\)$`,
        ),
      ),
      hint: expect.stringContaining('unlock it'),
    });
  });

  test('if they return a different key than was stored, the entry is removed, and the command fails', async () => {
    const { host, kept } = makeFakes(
      platform,
      `case "$*" in *Retrieve*Password*|find-*) echo other; exit 0;; esac`,
    );
    await expect(storeInKeychain('main', CANARY_KEY, host)).rejects.toMatchObject({
      message: expect.stringContaining('returned a different key'),
    });
    expect(existsSync(kept)).toBe(false);
  });

  test('a program that hangs is stopped', async () => {
    const { host } = makeFakes(platform, 'exec /bin/sleep 60');
    await expect(storeInKeychain('main', CANARY_KEY, host, 100)).rejects.toMatchObject({
      message: expect.stringContaining('did not finish within 0.1 s and was killed'),
    });
  });
});

test.each(['linux', 'darwin', 'win32'] as const)(
  'row 77 (P6): on %s the key is in no argument',
  (platform) => {
    const { argv, input } = chooseKeychain(platform).store('main-00000000', 'atlantis (main)', CANARY_KEY);
    expect(findKeyIn(argv.join(' '))).toEqual([]);
    expect(input?.length).toBeGreaterThanOrEqual(CANARY_KEY.length);
  },
);

test('P6: a key command that only resembles a keychain entry is not treated as one', () => {
  for (const argv of [
    ['secret-tool', 'lookup', 'service', 'atlantis', 'account', 'mine'],
    ['secret-tool', 'lookup', 'service', 'other', 'account', 'main-00112233'],
    ['sh', '-c', 'secret-tool lookup service atlantis account main-00112233'],
    ['security', 'find-generic-password', '-s', 'atlantis', '-a', 'main-00112233', '-w', 'more'],
  ]) {
    expect(findKeychainEntry(argv)).toBeUndefined();
  }
});

test('P6: a key that is too long for an input line of security is refused instead of being truncated', async () => {
  const { host, kept } = makeFakes('darwin');
  await expect(storeInKeychain('main', `ak_live_${'0'.repeat(3_000)}`, host)).rejects.toMatchObject({
    message: expect.stringContaining('too long'),
  });
  expect(existsSync(kept)).toBe(false);
});
