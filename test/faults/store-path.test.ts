// A path of the profile store that cannot be used, and the result of each command.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { COMMAND, type Exit, runCli } from '../helpers/run-cli.ts';

const URL = 'http://127.0.0.1:1';
const READERS = [
  'stream tail --no-reconnect',
  'stream check',
  'profile list',
  'profile show main',
  'config list',
];
const REMOVE = 'profile remove main --yes';
const WRITERS = [
  'profile use main',
  'profile rename main other',
  `profile add more --url ${URL} --key-stdin`,
  'config set time utc',
];

const USER = 12_345;
const AS_USER = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];
const [setpriv = '', ...user] = AS_USER;
const isRoot = process.getuid?.() === 0;
/** Whether another user can run the command in this folder. */
const probe = [...user, process.execPath, COMMAND, '--version'];
const mayDropRoot = isRoot && spawnSync(setpriv, probe).status === 0;
/** Not for root, who may read and write everything. */
const testDenied = isRoot && !mayDropRoot ? test.skip : test;

const run = (command: string, folder: string, prefix: readonly string[] = []): Promise<Exit> =>
  runCli([...command.split(' '), '--verbose'], {
    stdin: CANARY_KEY,
    env: { ATLANTIS_CONFIG_DIR: folder, HOME: '/nonexistent' },
    ...(prefix.length > 0 && { prefix }),
  });

/** Creates a folder of the user with a store. */
function makeStore(mode: number): string {
  const folder = join(makeTempFolder(), 'config');
  mkdirSync(folder);
  const path = join(folder, 'profiles.json');
  const profiles = { main: { url: URL, key: CANARY_KEY } };
  writeFileSync(path, JSON.stringify({ version: 1, current: 'main', profiles }), { mode: 0o600 });
  if (isRoot) for (const place of [folder, path]) chownSync(place, USER, USER);
  chmodSync(join(folder, '..'), 0o755);
  chmodSync(folder, mode);
  return folder;
}

describe('row 91 (F1): a profile store with an unusable path', () => {
  test.each(WRITERS)('below a file: exit 10: %s', async (command) => {
    const { code, stderr } = await run(command, '/dev/null/x');
    expect(code).toBe(10);
    expect(stderr).toContain(
      'the profile directory could not be created: a part of the path is not a directory (ENOTDIR): /dev/null/x',
    );
  });

  test.each([
    ['profile list', 0],
    ['stream tail', 2],
    [REMOVE, 2],
  ])(
    'below a file, as for a service with the home /dev/null, counts as without profiles: %s is exit %i',
    async (command, code) => {
      expect(await run(command, '/dev/null/x')).toMatchObject({ code });
    },
  );

  const LOOP = 'the path has too many levels of symbolic links (ELOOP)';
  const LONG = 'the path is too long (ENAMETOOLONG)';
  test.each(
    [...READERS, REMOVE, ...WRITERS].flatMap((command) => [
      [command, LOOP] as const,
      [command, LONG] as const,
    ]),
  )('%s is exit 10: %s', async (command, why) => {
    const loop = join(makeTempFolder(), 'loop');
    symlinkSync('loop', loop);
    const { code, stdout, stderr } = await run(command, why === LOOP ? loop : `/${'x'.repeat(300)}`);
    expect([code, (stdout + stderr).replace(/\s+/g, ' ')]).toEqual([10, expect.stringContaining(why)]);
  });

  testDenied.each([...READERS, REMOVE, ...WRITERS])(
    'in a directory without read permission: exit 10: %s',
    async (command) => {
      const { code, stdout, stderr } = await run(command, makeStore(0), isRoot ? AS_USER : []);
      expect([code, stdout + stderr]).toEqual([10, expect.stringContaining('permission denied (EACCES)')]);
    },
  );

  testDenied.each([REMOVE, ...WRITERS])(
    'in a directory without write permission: exit 10: %s',
    async (command) => {
      const folder = makeStore(0o500);
      const { code, stderr } = await run(command, folder, isRoot ? AS_USER : []);
      expect([code, stderr]).toEqual([10, expect.stringContaining('permission denied (EACCES)')]);
      expect(existsSync(join(folder, 'profiles.json.lock'))).toBe(false);
    },
  );
});
