// The read path of the profile store: every kind of damage and of unsafe place, and what is said of it.

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type ProfileReading, readProfileFile } from '../../src/config/profile-file.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';
const me = { platform: process.platform, uid: process.getuid?.() };
const store = (profiles: unknown, more: object = {}): string =>
  JSON.stringify({ version: 1, current: 'main', profiles, ...more });
const whole = store({ main: { url: 'https://a.example', key: KEY } });

function writeStore(content: string | Uint8Array): string {
  const path = join(makeTempFolder(), 'profiles.json');
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

/** Reads and returns what went wrong, with everything that the error holds as one text. */
function failToRead(path: string, reader = me): { exitCode: number; text: string; hint: string } {
  let reading: ProfileReading | undefined;
  try {
    reading = readProfileFile(path, reader);
  } catch (error) {
    const { exitCode, message, hint, stack } = error as Error & { exitCode: number; hint: string };
    return { exitCode, hint, text: `${message} ${hint} ${stack}` };
  }
  throw new Error(`no error, but ${reading.file.profiles.size} profiles`);
}

describe('a whole store', () => {
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
  ])('F3: %s is an empty one', (_what, path) => {
    expect(readProfileFile(path, me)).toEqual({
      file: { current: undefined, profiles: new Map() },
      warnings: [],
    });
  });

  test('F1: __proto__ is a name like any', () => {
    const path = writeStore(`{"version":1,"profiles":{"__proto__":{"url":"https://a","key":"${KEY}"}}}`);
    expect(readProfileFile(path, me).file.profiles.get('__proto__')?.key).toBe(KEY);
    expect(({} as { url?: string }).url).toBeUndefined();
  });
});

describe('F4, row 52: damage ends in 10, with no fragment of the content, and is left as it is', () => {
  const cut = whole.slice(0, whole.indexOf(KEY) + 20);
  test.each<[string, string | Uint8Array, string]>([
    ['cut inside the key', cut, `line 1, column ${cut.length + 1}`],
    ['empty', '', 'it is empty'],
    ['with a byte order mark', `\ufeff${whole}`, 'line 1, column 1'],
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
    ['UTF-16', Buffer.from(whole, 'utf16le'), 'column 2'],
    ['a bare key', KEY, 'line 1, column 1'],
    ['no version', '{"profiles":{}}', '"version"'],
    ['version 0', '{"version":0,"profiles":{}}', '"version"'],
    ['no profiles', '{"version":1}', '"profiles"'],
    ['profiles in an array', '{"version":1,"profiles":[]}', '"profiles"'],
    ['current is a number', store({}, { current: 1 }), '"current"'],
    ['a profile that is not an object', store({ a: KEY }), 'profile number 1'],
    ['a bad name', store({ ok: { url: 'x', key: KEY }, [`${KEY} `]: {} }), 'profile number 2, its name'],
    ['no url', store({ a: { key: KEY } }), '"url"'],
    ['neither key nor command', store({ a: { url: 'x' } }), '"key" is not'],
    ['both', store({ a: { url: 'x', key: KEY, keyCommand: ['x'] } }), 'both'],
    ['a key with a line break', store({ a: { url: 'x', key: `${KEY.slice(0, 20)}\n` } }), '"key" is not'],
    ['a command as a text', store({ a: { url: 'x', keyCommand: KEY } }), '"keyCommand"'],
    ['an empty command', store({ a: { url: 'x', keyCommand: [] } }), '"keyCommand"'],
    ['a command with a NUL', store({ a: { url: 'x', keyCommand: ['a\0b'] } }), '"keyCommand"'],
    ['a newer version', store({ a: { what: KEY } }, { version: 2 }), 'newer atlantis'],
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

describe('row 49: unsafe places', () => {
  test('0644 is read, with the command that fixes it', () => {
    const path = writeStore(whole);
    chmodSync(path, 0o644);
    const { file, warnings } = readProfileFile(path, me);
    expect(file.profiles.size).toBe(1);
    expect(warnings).toEqual([expect.stringContaining(`chmod 600 ${path}`)]);
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  test('a path is quoted for the shell in the command that fixes it', () => {
    const folder = join(makeTempFolder(), "it's here");
    mkdirSync(folder);
    writeFileSync(join(folder, 'profiles.json'), whole, { mode: 0o644 });
    const [warning = ''] = readProfileFile(join(folder, 'profiles.json'), me).warnings;
    const quoted = warning.slice(warning.indexOf('chmod 600 ') + 'chmod 600 '.length);
    expect(execFileSync('sh', ['-c', `printf %s ${quoted}`], { encoding: 'utf8' })).toBe(
      join(folder, 'profiles.json'),
    );
  });

  test.each([0o777, 0o1777])('a directory of mode %o: 10', (mode) => {
    const path = writeStore(whole);
    chmodSync(join(path, '..'), mode);
    expect(failToRead(path)).toMatchObject({ exitCode: 10, hint: expect.stringContaining('chmod 700') });
  });

  test('a file of somebody else: 10', () => {
    const path = writeStore(whole);
    // Whoever runs this: reading as another user is the same as the file having another owner.
    const other = { platform: me.platform, uid: (me.uid ?? 0) + 1 };
    if (me.uid === 0) chownSync(path, 12345, 12345);
    expect(failToRead(path, me.uid === 0 ? me : other)).toMatchObject({ exitCode: 10 });
  });

  const testAsRoot = me.uid === 0 ? test : test.skip;
  testAsRoot('a directory of somebody else: 10 (only root can make one)', () => {
    const path = writeStore(whole);
    chownSync(join(path, '..'), 12345, 12345);
    expect(failToRead(path).text).toContain('belongs to another user');
  });

  test.each<[string, (path: string) => void, string]>([
    ['a link to a file elsewhere', (path) => symlinkSync(writeStore(whole), path), 'symbolic link'],
    ['a dangling link', (path) => symlinkSync('/nonexistent', path), 'symbolic link'],
    ['a directory in its place', (path) => mkdirSync(path), 'is a directory'],
    ['a FIFO in its place', (path) => execFileSync('mkfifo', [path]), 'not a plain file'],
  ])('%s: 10', (_what, prepare, why) => {
    const path = join(makeTempFolder(), 'profiles.json');
    prepare(path);
    const { exitCode, text } = failToRead(path);
    expect(exitCode).toBe(10);
    expect(text).toContain(why);
    expect(text).toContain(path);
  });

  test('on Windows owners and modes say nothing', () => {
    const path = writeStore(whole);
    chmodSync(path, 0o644);
    expect(readProfileFile(path, { platform: 'win32', uid: undefined }).warnings).toEqual([]);
  });
});
