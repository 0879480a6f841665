// Reading the profile store: every kind of damage and unsafe path, and its message.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isPrivateGroup } from '../../src/profiles/permissions.ts';
import { readProfileFile } from '../../src/profiles/read.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';
const me = {
  platform: process.platform,
  uid: process.getuid?.(),
  homeDirectory: (): string | undefined => undefined,
};
const store = (profiles: unknown, more: object = {}): string =>
  JSON.stringify({ version: 1, current: 'main', profiles, ...more });
const whole = store({ main: { url: 'https://a.example', key: KEY } });

function writeStore(content: string | Uint8Array): string {
  const path = join(makeTempFolder(), 'profiles.json');
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

/** Reads a store that must fail, and returns the error, with all of its texts as one. */
function failToRead(path: string, reader = me): { exitCode: number; text: string; hint: string } {
  let reading: ReturnType<typeof readProfileFile>;
  try {
    reading = readProfileFile(path, reader);
  } catch (error) {
    const { exitCode, message, hint, stack } = error as Error & { exitCode: number; hint: string };
    return { exitCode, hint, text: `${message} ${hint} ${stack}` };
  }
  throw new Error(`no error, but ${reading.file.profiles.size} profiles`);
}

describe('the store', () => {
  test('is read with its order, and no warnings', () => {
    const path = writeStore(
      store({ b: { url: 'https://b', key: KEY, x: 1 }, a: { url: 'https://a', keyCommand: ['op', 'read'] } }),
    );
    const { file, warnings } = readProfileFile(path, me);
    expect(warnings).toEqual([]);
    expect(file.current).toBe('main');
    expect([...file.profiles.values()]).toEqual([
      { name: 'b', url: 'https://b', key: KEY },
      { name: 'a', url: 'https://a', keyCommand: ['op', 'read'] },
    ]);
  });

  test.each<[string, string | undefined]>([
    ['no path (no home)', undefined],
    ['no file', '/nonexistent/atlantis/profiles.json'],
    ['a home that is not a directory', '/dev/null/.config/atlantis/profiles.json'],
  ])('F3: is empty if there is %s', (_what, path) => {
    expect(readProfileFile(path, me)).toEqual({
      file: { current: undefined, profiles: new Map() },
      warnings: [],
    });
  });

  test('F1: __proto__ is an ordinary name', () => {
    const path = writeStore(`{"version":1,"profiles":{"__proto__":{"url":"https://a","key":"${KEY}"}}}`);
    expect(readProfileFile(path, me).file.profiles.get('__proto__')?.key).toBe(KEY);
    expect(({} as { url?: string }).url).toBeUndefined();
  });
});

describe('F4, row 52: a damaged store is exit 10 without a fragment of its content, and is not changed', () => {
  const cut = whole.slice(0, whole.indexOf(KEY) + 20);
  test.each<[string, string | Uint8Array, string]>([
    ['cut inside the key', cut, `line 1, column ${cut.length + 1}`],
    ['empty', '', 'it is empty'],
    ['NULs at the end', `${whole}\0\0`, `line 1, column ${whole.length + 1}`],
    ['all NULs', new Uint8Array(512), 'line 1, column 1'],
    ['an array', `[${JSON.stringify(KEY)}]`, 'not a JSON object'],
    ['a string', JSON.stringify(KEY), 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    [
      'not UTF-8',
      Buffer.concat([Buffer.from(whole.slice(0, -2)), Buffer.from([0xff, 0x7d, 0x7d])]),
      'not UTF-8',
    ],
    ['UTF-16', Buffer.from(whole, 'utf16le'), 'UTF-16 text instead of UTF-8'],
    ['UTF-16 with its mark', Buffer.from(`\ufeff${whole}`, 'utf16le'), 'UTF-16 text instead of UTF-8'],
    ['a bare key', KEY, 'line 1, column 1'],
    ['no version', '{"profiles":{}}', '"version"'],
    ['version 0', '{"version":0,"profiles":{}}', '"version"'],
    ['no profiles', '{"version":1}', '"profiles"'],
    ['profiles in an array', '{"version":1,"profiles":[]}', '"profiles"'],
    ['current is a number', store({}, { current: 1 }), '"current"'],
    ['a profile that is not an object', store({ a: KEY }), 'profile number 1'],
    ['a bad name', store({ ok: { url: 'x', key: KEY }, [`${KEY} `]: {} }), 'profile number 2, the name'],
    ['no url', store({ a: { key: KEY } }), '"url"'],
    ['neither key nor command', store({ a: { url: 'x' } }), '"key" is not'],
    ['both', store({ a: { url: 'x', key: KEY, keyCommand: ['x'] } }), 'both'],
    ['a key with a line break', store({ a: { url: 'x', key: `${KEY.slice(0, 20)}\n` } }), '"key" is not'],
    ['a command as a text', store({ a: { url: 'x', keyCommand: KEY } }), '"keyCommand"'],
    ['an empty command', store({ a: { url: 'x', keyCommand: [] } }), '"keyCommand"'],
    ['a command with a NUL', store({ a: { url: 'x', keyCommand: ['a\0b'] } }), '"keyCommand"'],
    ['a newer version', store({ a: { what: KEY } }, { version: 2 }), 'newer version of atlantis'],
  ])('%s', (_what, content, why) => {
    const path = writeStore(content);
    const { exitCode, text } = failToRead(path);
    expect(exitCode).toBe(10);
    expect(text).toContain(why);
    expect(text).toContain(path);
    for (let at = 0; at + 6 <= KEY.length; at++) expect(text).not.toContain(KEY.slice(at, at + 6));
    expect(readFileSync(path)).toEqual(Buffer.from(content));
  });

  test('more than 1 MiB', () => {
    expect(failToRead(writeStore(`${whole}${' '.repeat(1024 * 1024)}`)).text).toContain('larger than 1 MiB');
  });
});

describe('row 49: unsafe paths', () => {
  test('a file of mode 0644 is read, with a warning and the command that fixes the mode', () => {
    const path = writeStore(whole);
    chmodSync(path, 0o644);
    const { file, warnings } = readProfileFile(path, me);
    expect(file.profiles.size).toBe(1);
    expect(warnings).toEqual([expect.stringContaining(`chmod 600 ${path}`)]);
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  test('a path is quoted for the shell in the command that fixes its mode', () => {
    const folder = join(makeTempFolder(), "it's here");
    mkdirSync(folder);
    writeFileSync(join(folder, 'profiles.json'), whole, { mode: 0o644 });
    const [warning = ''] = readProfileFile(join(folder, 'profiles.json'), me).warnings;
    const quoted = warning.slice(warning.indexOf('chmod 600 ') + 'chmod 600 '.length);
    expect(execFileSync('sh', ['-c', `printf %s ${quoted}`], { encoding: 'utf8' })).toBe(
      join(folder, 'profiles.json'),
    );
  });

  test('a file of another user is exit 10', () => {
    const path = writeStore(whole);
    // Without root, the test reads as another user instead of changing the owner.
    const other = { ...me, uid: (me.uid ?? 0) + 1 };
    if (me.uid === 0) chownSync(path, 12345, 12345);
    expect(failToRead(path, me.uid === 0 ? me : other)).toMatchObject({ exitCode: 10 });
  });

  const testAsRoot = me.uid === 0 ? test : test.skip;
  testAsRoot('a directory of another user is exit 10 (needs root)', () => {
    const path = writeStore(whole);
    chownSync(join(path, '..'), 12345, 12345);
    expect(failToRead(path).text).toContain('belongs to another user');
  });

  test.each<[string, (path: string) => void, string]>([
    ['a link to a file elsewhere', (path) => symlinkSync(writeStore(whole), path), 'symbolic link'],
    ['a dangling link', (path) => symlinkSync('/nonexistent', path), 'symbolic link'],
    ['a directory in its place', (path) => mkdirSync(path), 'is a directory'],
    ['a FIFO in its place', (path) => execFileSync('mkfifo', [path]), 'not a regular file'],
  ])('%s is exit 10', (_what, prepare, why) => {
    const path = join(makeTempFolder(), 'profiles.json');
    prepare(path);
    const { exitCode, text } = failToRead(path);
    expect(exitCode).toBe(10);
    expect(text).toContain(why);
    expect(text).toContain(path);
  });

  test('owners and modes are not checked on Windows', () => {
    const path = writeStore(whole);
    chmodSync(path, 0o666);
    chmodSync(join(path, '..'), 0o777);
    expect(readProfileFile(path, { ...me, platform: 'win32', uid: undefined }).warnings).toEqual([]);
  });
});

describe('row 63 (F1): a store that others could have written', () => {
  /** A store in `home/config/atlantis`, all of it private. */
  function makeHome(): { home: string; config: string; folder: string; path: string } {
    const home = makeTempFolder();
    const config = join(home, 'config');
    const folder = join(config, 'atlantis');
    mkdirSync(folder, { recursive: true });
    for (const each of [home, config, folder]) chmodSync(each, 0o700);
    const path = join(folder, 'profiles.json');
    writeFileSync(path, whole, { mode: 0o600 });
    return { home, config, folder, path };
  }
  const readable = (path: string, reader = me): number => readProfileFile(path, reader).file.profiles.size;
  const asRoot = me.uid === 0 ? test : test.skip;

  test.each(['620', '602', '660', '666'])(
    'is exit 10 if the file has mode %s, with the command that repairs it',
    (mode) => {
      const { path } = makeHome();
      chmodSync(path, mode);
      const { exitCode, text, hint } = failToRead(path);
      expect([exitCode, text]).toEqual([10, expect.stringContaining(`write to the profile store: ${path}`)]);
      const [, command = ''] = /run: (.*)$/.exec(hint) ?? [];
      expect(command).toBe(`chmod go-w ${path}`);
      execFileSync('sh', ['-c', command]);
      expect(readable(path)).toBe(1);
    },
  );

  test.each(['770', '702', '777'])(
    'is exit 10 if its directory has mode %s, with the command that repairs it',
    (mode) => {
      const { folder, path } = makeHome();
      chmodSync(folder, mode);
      expect(failToRead(path)).toMatchObject({
        exitCode: 10,
        hint: expect.stringContaining(`run: chmod go-w ${folder}`),
      });
    },
  );

  test('is exit 10 in a directory that all users share, such as /tmp, without advice to change its mode', () => {
    const { folder, path } = makeHome();
    chmodSync(folder, 0o1777);
    const { exitCode, hint } = failToRead(path);
    expect([exitCode, hint]).toEqual([10, 'set ATLANTIS_CONFIG_DIR to a directory of your own']);
  });

  test('is exit 10 if others can write to a directory above it, except to one with the sticky bit', () => {
    const { config, path } = makeHome();
    chmodSync(config, 0o777);
    expect(failToRead(path)).toMatchObject({
      exitCode: 10,
      hint: expect.stringContaining(`run: chmod go-w ${config}`),
    });
    chmodSync(config, 0o1777);
    expect(readable(path)).toBe(1);
  });

  test('the home directory is checked, directories above it are not', () => {
    const { home, config, path } = makeHome();
    chmodSync(home, 0o777);
    for (const name of [home, `${home}/`])
      expect(failToRead(path, { ...me, homeDirectory: () => name }).exitCode).toBe(10);
    expect(readable(path, { ...me, homeDirectory: () => config })).toBe(1);
    const link = join(makeTempFolder(), 'home');
    symlinkSync(config, link);
    expect(readable(path, { ...me, homeDirectory: () => link })).toBe(1);
    expect(failToRead(path, { ...me, homeDirectory: () => '/nonexistent' }).exitCode).toBe(10);
  });

  test.each(['absolute', 'relative'])(
    'of an %s link on the path, both the folder and the target are checked',
    (kind) => {
      const { config, path } = makeHome();
      const shared = join(makeTempFolder(), 'shared');
      mkdirSync(shared);
      chmodSync(shared, 0o755);
      symlinkSync(
        kind === 'absolute' ? config : `../../${config.split('/').slice(2).join('/')}`,
        join(shared, 'link'),
      );
      const byLink = join(shared, 'link', 'atlantis', 'profiles.json');
      expect(readable(byLink)).toBe(1);
      chmodSync(shared, 0o777);
      expect(failToRead(byLink).hint).toContain(`chmod go-w ${shared}`);
      chmodSync(shared, 0o755);
      chmodSync(config, 0o777);
      expect(failToRead(byLink).hint).toContain(`chmod go-w ${config}`);
      expect(failToRead(path).exitCode).toBe(10);
    },
  );

  test('circular links do not hang', () => {
    const folder = makeTempFolder();
    symlinkSync('b', join(folder, 'a'));
    symlinkSync('a', join(folder, 'b'));
    expect(failToRead(join(folder, 'a', 'profiles.json')).exitCode).toBe(10);
  });

  asRoot('is exit 10 if a directory or link on the path belongs to another user (needs root)', () => {
    const { config, path } = makeHome();
    chownSync(config, 12345, 12345);
    expect(failToRead(path).text).toMatch(
      new RegExp(`belongs to another user \\(uid \\d+\\): ${config}$`, 'm'),
    );
    chownSync(config, 0, 0);
    const link = join(makeTempFolder(), 'link');
    symlinkSync(config, link);
    lchownSync(link, 12345, 12345);
    expect(failToRead(join(link, 'atlantis', 'profiles.json')).text).toContain(`: ${link}`);
  });

  asRoot(
    'is exit 10 if a group can write to a directory above it, unless only this user is in the group',
    () => {
      const { config, path } = makeHome();
      chmodSync(config, 0o770);
      expect(readable(path)).toBe(1);
      chownSync(config, 0, 12345);
      expect(failToRead(path).hint).toContain(`chmod go-w ${config}`);
    },
  );

  test.each<[string, string, string, boolean]>([
    ['of the same name, without members', 'ann:x:1000:', '', true],
    ['with the user as its member', 'ann:x:1000:ann', '', true],
    ['with another member', 'ann:x:1000:ann,www-data', '', false],
    ['of another name', 'staff:x:1000:', '', false],
    ['that is not in the file', 'ann:x:1001:', '', false],
    ['with a second name', 'ann:x:1000:\nweb:x:1000:bob', '', false],
    ['that is the first group of another user', 'ann:x:1000:', 'bob:x:1001:1000::/home/bob:/bin/sh', false],
  ])('a group %s (/etc/group %j, /etc/passwd %j) is private: %s', (_what, groups, users, expected) => {
    const ann = 'ann:x:1000:1000::/home/ann:/bin/sh';
    expect(isPrivateGroup(1000, 'ann', `root:x:0:\n${groups}\n`, `${ann}\n${users}\n`)).toBe(expected);
  });
});
