// A profile store that belongs to root, because it is mounted into a container or was created under sudo, and folders
// in which no store can be created.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { COMMAND, type Exit, runCli } from '../helpers/run-cli.ts';

const USER = 12_345;
const AS_USER = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];
const probe = spawnSync(AS_USER[0] ?? '', [...AS_USER.slice(1), process.execPath, COMMAND, '--version']);
const describeWithUsers = process.getuid?.() === 0 && probe.status === 0 ? describe : describe.skip;

const URL = 'http://127.0.0.1:1';
const STORE = JSON.stringify({
  version: 1,
  current: 'main',
  profiles: { main: { url: URL, key: CANARY_KEY } },
});
const READERS: readonly (readonly [string, number])[] = [
  ['stream tail --no-reconnect', 7],
  ['stream check', 7],
  ['profile list', 0],
  ['profile show', 0],
];
const WRITERS = [
  `profile add more --url ${URL} --key-stdin`,
  'profile use main',
  'profile rename main other',
  'profile remove main --yes',
];

const SETTINGS = ['config set time utc', 'config unset time'];

const readText = ({ stdout, stderr }: Exit): string => (stdout + stderr).replace(/\s+/g, ' ');

/** Creates a folder that every user can enter. */
function makeOpenFolder(): string {
  const folder = makeTempFolder();
  chmodSync(folder, 0o755);
  return folder;
}

const run = (command: string, env: Record<string, string>, prefix: readonly string[]): Promise<Exit> =>
  runCli([...command.split(' '), '--verbose'], {
    env: { ANOTHER_SECRET: CANARY_KEY, ...env },
    stdin: CANARY_KEY,
    prefix,
  });

const LAYOUTS: Readonly<Record<string, (folder: string) => void>> = {
  'a file of root (docker run -v, subPath)': (folder) => {
    writeFileSync(join(folder, 'profiles.json'), STORE, { mode: 0o444 });
  },
  'a Kubernetes secret': (folder) => {
    mkdirSync(join(folder, '..2026_01_01'));
    writeFileSync(join(folder, '..2026_01_01', 'profiles.json'), STORE, { mode: 0o644 });
    symlinkSync('..2026_01_01', join(folder, '..data'));
    symlinkSync('..data/profiles.json', join(folder, 'profiles.json'));
    execFileSync('chmod', ['1777', folder]);
  },
  'a Kubernetes secret with fsGroup': (folder) => {
    LAYOUTS['a Kubernetes secret']?.(folder);
    execFileSync('chown', ['-hR', `0:${USER}`, folder]);
    execFileSync('chmod', ['3777', folder]);
    chmodSync(join(folder, '..2026_01_01', 'profiles.json'), 0o440);
  },
};

describeWithUsers('row 75 (F1): a mounted store of root (needs root and setpriv)', () => {
  describe.each(Object.keys(LAYOUTS))('%s', (layout) => {
    const makeStore = (): Record<string, string> => {
      const folder = makeOpenFolder();
      LAYOUTS[layout]?.(folder);
      return { ATLANTIS_CONFIG_DIR: folder };
    };
    test.each(READERS)('can be read: %s', async (command, code) => {
      const exit = await run(command, makeStore(), AS_USER);
      expect([exit.code, exit.signal]).toEqual([code, null]);
      expect(readText(exit)).not.toMatch(/chmod|another user/);
    });

    test.each(WRITERS)('cannot be written: exit 10 with a hint: %s', async (command) => {
      const exit = await run(command, makeStore(), AS_USER);
      expect([exit.code, exit.signal]).toEqual([10, null]);
      expect(readText(exit)).toContain('belongs to root and is read-only');
      expect(readText(exit)).toContain('change it at its source, such as the mounted secret');
    });
  });

  test.each(SETTINGS)('settings in the same folder cannot be written either: %s', async (command) => {
    const folder = makeOpenFolder();
    writeFileSync(join(folder, 'config.json'), '{"version":1,"settings":{"time":"utc"}}');
    const exit = await run(command, { ATLANTIS_CONFIG_DIR: folder }, AS_USER);
    expect(exit.code).toBe(10);
    expect(readText(exit)).toContain('belongs to root and is read-only');
  });

  test('a container that runs as root can read it, but not write it', async () => {
    const folder = makeOpenFolder();
    LAYOUTS['a Kubernetes secret']?.(folder);
    const env = { ATLANTIS_CONFIG_DIR: folder };
    expect((await run('profile list', env, [])).code).toBe(0);
    expect((await run('profile use main', env, [])).code).toBe(10);
  });

  test.each([
    [
      'a link of the user',
      (folder: string) => execFileSync('chown', ['-h', `${USER}`, join(folder, 'profiles.json')]),
    ],
    [
      'a ..data of another user',
      (folder: string) => execFileSync('chown', ['-h', '54321', join(folder, '..data')]),
    ],
  ])('%s is not followed: exit 10', async (_what, change) => {
    const folder = makeOpenFolder();
    LAYOUTS['a Kubernetes secret']?.(folder);
    change(folder);
    expect((await run('profile list', { ATLANTIS_CONFIG_DIR: folder }, AS_USER)).code).toBe(10);
  });
});

describeWithUsers('row 78 (F1): a store created under sudo (needs root and setpriv)', () => {
  function makeHome(): string {
    const home = join(makeOpenFolder(), 'home');
    mkdirSync(join(home, '.config'), { recursive: true });
    execFileSync('chown', ['-R', `${USER}:${USER}`, home]);
    return home;
  }
  /** Creates a store that belongs to root, as older versions did under sudo. */
  function leaveStore(home: string, mode: number): string {
    const folder = join(home, '.config/atlantis');
    mkdirSync(folder, { mode });
    writeFileSync(join(folder, 'profiles.json'), STORE, { mode: 0o600 });
    writeFileSync(join(folder, 'config.json'), '{"version":1,"settings":{"time":"utc"}}', { mode: 0o600 });
    return folder;
  }

  test('profile add under sudo with HOME kept is refused, and nothing is created', async () => {
    const home = makeHome();
    const env = { HOME: home, SUDO_UID: String(USER), SUDO_USER: 'me' };
    for (const command of [`profile add main --url ${URL} --key-stdin`, 'config set time utc']) {
      const exit = await run(command, env, []);
      expect(exit.code).toBe(10);
      expect(readText(exit)).toContain('run atlantis as its owner, without sudo');
      expect(readdirSync(join(home, '.config'))).toEqual([]);
    }
  });

  test.each([
    ['700', 0o700],
    ['755', 0o755],
  ])(
    'in a directory of root with mode %s is exit 10 with the chown command that repairs it',
    async (_octal, mode) => {
      const home = makeHome();
      const folder = leaveStore(home, mode);
      const commands = [...READERS.map(([words]) => words), ...WRITERS, 'config list', ...SETTINGS];
      for (const command of commands) {
        const exit = await run(command, { HOME: home }, AS_USER);
        expect([command, exit.code]).toEqual([command, 10]);
        expect(readText(exit)).toContain(`run: sudo chown -R ${USER} ${folder}`);
      }
      execFileSync('chown', ['-R', String(USER), folder]);
      expect((await run('profile list', { HOME: home }, AS_USER)).code).toBe(0);
    },
  );

  test('if ~/.config belongs to root, the chown command in the hint is for ~/.config', async () => {
    const home = makeHome();
    leaveStore(home, 0o700);
    execFileSync('chown', ['0:0', join(home, '.config')]);
    chmodSync(join(home, '.config'), 0o700);
    const exit = await run('profile list', { HOME: home }, AS_USER);
    expect(exit.code).toBe(10);
    expect(readText(exit)).toContain(`run: sudo chown -R ${USER} ${home}/.config`);
  });

  test('for an empty folder of root, profile add is exit 10 with the chown command', async () => {
    const home = makeHome();
    mkdirSync(join(home, '.config/atlantis'));
    const exit = await run(`profile add main --url ${URL} --key-stdin`, { HOME: home }, AS_USER);
    expect(exit.code).toBe(10);
    expect(readText(exit)).toContain(`run: sudo chown -R ${USER} ${home}/.config/atlantis`);
  });

  test('a new folder elsewhere is created under sudo, and the chown command is reported at once', async () => {
    const folder = join(makeOpenFolder(), 'config');
    const env = { ATLANTIS_CONFIG_DIR: folder, SUDO_UID: String(USER) };
    const exit = await run(`profile add main --url ${URL} --key-stdin`, env, []);
    expect(exit.code).toBe(0);
    expect(readText(exit)).toContain(`run: sudo chown -R ${USER} ${folder}`);
  });
});

describe('row 79 (F1): a folder in which only the system can create entries', () => {
  const places = ['/proc/x', '/proc/self/x/y', ...(existsSync('/sys/kernel') ? ['/sys/kernel/x'] : [])];
  const commands = [...READERS.map(([command]) => command), ...WRITERS, ...SETTINGS];
  test.each(places.flatMap((place) => commands.map((command) => [place, command])))(
    'ATLANTIS_CONFIG_DIR=%s is exit 10: %s',
    async (place, command) => {
      const exit = await run(command, { ATLANTIS_CONFIG_DIR: place }, []);
      expect([exit.code, exit.signal]).toEqual([10, null]);
      expect(readText(exit)).toContain(`profiles cannot be stored in ${place}`);
    },
  );
});
