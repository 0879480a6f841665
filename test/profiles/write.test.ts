// Writing the profile store: modes, locks, damage, and content of other versions.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { StoreError } from '../../src/errors.ts';
import { takeLock } from '../../src/io/lock.ts';
import { readProfileFile } from '../../src/profiles/read.ts';
import { updateStore } from '../../src/profiles/write.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createStoreDeps } from './store-deps.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';
const URL = 'https://api.atlantis.example';
const deps = createStoreDeps();

/** A store path in a folder that does not exist yet. */
const newStorePath = (): string => join(makeTempFolder(), 'deep', 'atlantis', 'profiles.json');
const add = (path: string, name: string) =>
  updateStore(path, deps, (draft) => draft.put({ name, url: URL, key: KEY }));
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('writing the store', () => {
  test('F1: the directory is 0700 and the file 0600, whatever the umask', async () => {
    const path = newStorePath();
    const umask = process.umask(0);
    try {
      await add(path, 'main');
    } finally {
      process.umask(umask);
    }
    expect(modeOf(path)).toBe(0o600);
    expect(modeOf(join(path, '..'))).toBe(0o700);
    expect(readdirSync(join(path, '..'))).toEqual(['profiles.json']);
  });

  // With such a umask, users other than root cannot even make the lock.
  const testAsRoot = process.getuid?.() === 0 ? test : test.skip;
  testAsRoot('F1: the file is 0600 also with a umask that removes permissions of the owner', async () => {
    const path = newStorePath();
    await add(path, 'main');
    const umask = process.umask(0o277);
    try {
      await add(path, 'second');
    } finally {
      process.umask(umask);
    }
    expect(modeOf(path)).toBe(0o600);
  });

  test('F1: loose modes are tightened on every write', async () => {
    const path = newStorePath();
    await add(path, 'main');
    chmodSync(path, 0o644);
    chmodSync(join(path, '..'), 0o755);
    await add(path, 'second');
    expect(modeOf(path)).toBe(0o600);
    expect(modeOf(join(path, '..'))).toBe(0o700);
  });

  test('F1: a directory with other files keeps its mode, with a warning', async () => {
    const path = newStorePath();
    await add(path, 'main');
    chmodSync(join(path, '..'), 0o755);
    writeFileSync(join(path, '..', 'other.conf'), '');
    const { notices } = await add(path, 'second');
    expect(modeOf(join(path, '..'))).toBe(0o755);
    expect(notices).toEqual([expect.stringContaining('contains other files')]);
  });

  test('a store reads back the same, also with names like __proto__', async () => {
    const path = newStorePath();
    for (const name of ['main', '__proto__', 'constructor', 'a.b', '7']) await add(path, name);
    await updateStore(path, deps, (draft) => {
      draft.put({ name: 'vault', url: URL, keyCommand: ['op', 'read', 'op://a b/c'] });
      draft.current = '__proto__';
    });
    const { file } = readProfileFile(path, deps);
    expect([...file.profiles.keys()].sort()).toEqual(
      ['7', '__proto__', 'a.b', 'constructor', 'main', 'vault'].sort(),
    );
    expect(file.current).toBe('__proto__');
    expect(file.profiles.get('__proto__')).toEqual({ name: '__proto__', url: URL, key: KEY });
    expect(file.profiles.get('vault')?.keyCommand).toEqual(['op', 'read', 'op://a b/c']);
  });

  test('unknown fields of a newer version survive a write, a new key and a rename', async () => {
    const path = newStorePath();
    await add(path, 'main');
    const json = JSON.parse(readFileSync(path, 'utf8'));
    json.future = { deep: [1] };
    json.profiles.main.region = 'eu';
    json.__internal__ = 1;
    writeFileSync(path, JSON.stringify(json), { mode: 0o600 });
    await updateStore(path, deps, (draft) => {
      draft.put({ name: 'main', url: URL, keyCommand: ['x'] });
      draft.rename('main', 'prod');
    });
    const after = JSON.parse(readFileSync(path, 'utf8'));
    expect(after).toEqual({
      ...json,
      profiles: { prod: { url: URL, keyCommand: ['x'], region: 'eu' } },
    });
  });

  test('the active profile follows a rename, and is reset when removed', async () => {
    const path = newStorePath();
    await updateStore(path, deps, (draft) => {
      draft.put({ name: 'a', url: URL, key: KEY });
      draft.put({ name: 'b', url: URL, key: KEY });
      draft.current = 'a';
      draft.rename('a', 'c');
    });
    const { file } = readProfileFile(path, deps);
    expect(file.current).toBe('c');
    expect([...file.profiles.keys()]).toEqual(['c', 'b']);
    await updateStore(path, deps, (draft) => draft.remove('c'));
    expect(readProfileFile(path, deps).file.current).toBeUndefined();
  });

  test('a change that throws leaves the file and the lock as they were', async () => {
    const path = newStorePath();
    await add(path, 'main');
    const before = readFileSync(path);
    await expect(
      updateStore(path, deps, () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(join(path, '..'))).toEqual(['profiles.json']);
  });

  (existsSync('/proc/self') ? test : test.skip)(
    'a directory in /proc is an error, not an endless loop',
    async () => {
      await expect(add('/proc/atlantis/profiles.json', 'main')).rejects.toMatchObject({
        exitCode: 10,
        message: 'profiles cannot be stored in /proc/atlantis',
      });
    },
  );

  test('without a home directory, a write is exit 10', async () => {
    await expect(updateStore(undefined, deps, () => 0)).rejects.toMatchObject({ exitCode: 10 });
  });

  test('F2: leftovers of killed writers are removed by the next write', async () => {
    const path = newStorePath();
    await add(path, 'main');
    writeFileSync(`${path}.staging-0011`, KEY.slice(0, 20));
    writeFileSync(`${path}.staging-0011.tmp-17000000000abcdef`, '');
    await add(path, 'second');
    expect(readdirSync(join(path, '..'))).toEqual(['profiles.json']);
  });
});

describe('stores that are not written to', () => {
  test.each<[string, (path: string, elsewhere: string) => void]>([
    ['a link to a file elsewhere', (path, elsewhere) => symlinkSync(elsewhere, path)],
    ['a dangling link', (path) => symlinkSync('/nonexistent/profiles.json', path)],
    ['a directory in its place', (path) => mkdirSync(path)],
    ['a newer format', (path) => writeFileSync(path, '{"version":2,"profiles":[]}')],
  ])('row 49, F4: %s is exit 10, and nothing is changed', async (_what, prepare) => {
    const path = newStorePath();
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    const elsewhere = join(makeTempFolder(), 'elsewhere.json');
    writeFileSync(elsewhere, 'mine');
    prepare(path, elsewhere);
    const before = readdirSync(join(path, '..'));
    const update = updateStore(path, deps, (draft) => draft.put({ name: 'a', url: URL, key: KEY }), {
      mayMoveAside: true,
    });
    await expect(update).rejects.toMatchObject({ exitCode: 10 });
    expect(readFileSync(elsewhere, 'utf8')).toBe('mine');
    expect(readdirSync(join(path, '..'))).toEqual(before);
  });

  test.each<[string, string, number]>([
    ['the file', '.', 0o660],
    ['its directory', '..', 0o770],
    ['a directory above it', '../..', 0o777],
  ])(
    'row 63: if others can write to %s, the write is exit 10, and nothing is changed',
    async (_what, place, mode) => {
      const path = newStorePath();
      await add(path, 'main');
      const before = readFileSync(path);
      chmodSync(join(path, place), mode);
      await expect(add(path, 'second')).rejects.toMatchObject({
        exitCode: 10,
        hint: expect.stringContaining(`run: chmod go-w ${join(path, place)}`),
      });
      expect([readFileSync(path), modeOf(join(path, place))]).toEqual([before, mode]);
      expect(readdirSync(join(path, '..'))).toEqual(['profiles.json']);
    },
  );

  test('row 63: no directory is made below a directory that others can write to', async () => {
    const path = newStorePath();
    const top = join(path, '../../..');
    chmodSync(top, 0o777);
    await expect(add(path, 'main')).rejects.toMatchObject({ exitCode: 10 });
    expect(readdirSync(top)).toEqual([]);
  });

  test.each(['whole', 'damaged'])(
    'F2: losing the lock during a write is exit 10, and the %s store is not changed',
    async (kind) => {
      const path = newStorePath();
      await add(path, 'main');
      if (kind === 'damaged') writeFileSync(path, '{');
      const before = readFileSync(path);
      const update = updateStore(
        path,
        deps,
        (draft) => {
          rmSync(`${path}.lock`, { recursive: true });
          draft.put({ name: 'second', url: URL, key: KEY });
        },
        { mayMoveAside: true },
      );
      await expect(update).rejects.toMatchObject({
        exitCode: 10,
        message: 'the profile store is unchanged: another process took over its lock',
      });
      expect(readFileSync(path)).toEqual(before);
      expect(readdirSync(join(path, '..'))).toEqual(['profiles.json']);
    },
  );

  test('F4: a damaged file is moved aside only on request', async () => {
    const path = newStorePath();
    await add(path, 'main');
    const damaged = `{"version":1,"profiles":{"main":{"url":"${URL}","key":"${KEY.slice(0, 20)}`;
    writeFileSync(path, damaged);
    chmodSync(path, 0o644);
    await expect(add(path, 'second')).rejects.toMatchObject({ exitCode: 10 });
    expect(readFileSync(path, 'utf8')).toBe(damaged);

    const { notices } = await updateStore(
      path,
      deps,
      (draft) => draft.put({ name: 'second', url: URL, key: KEY }),
      { mayMoveAside: true },
    );
    const [aside = ''] = readdirSync(join(path, '..')).filter((name) => name.includes('.corrupt-'));
    expect(aside).toMatch(/^profiles\.json\.corrupt-\d{8}T\d{6}Z$/);
    expect(readFileSync(join(path, '..', aside), 'utf8')).toBe(damaged);
    expect(modeOf(join(path, '..', aside))).toBe(0o600);
    expect(notices).toEqual([expect.stringContaining(aside)]);
    expect([...readProfileFile(path, deps).file.profiles.keys()]).toEqual(['second']);
  });

  test('F4: two damaged files within one second are both kept', async () => {
    const path = newStorePath();
    const { clock } = deps;
    const still = createStoreDeps({ clock: { ...clock, wallMs: () => Date.UTC(2026, 0, 2, 3, 4, 5) } });
    for (const damaged of ['first', 'second', 'third']) {
      await add(path, 'main').catch(() => undefined);
      writeFileSync(path, damaged);
      await updateStore(path, still, (draft) => draft.put({ name: 'main', url: URL, key: KEY }), {
        mayMoveAside: true,
      });
    }
    const kept = ['', '-1', '-2'].map((more) => `${path}.corrupt-20260102T030405Z${more}`);
    expect(kept.map((aside) => readFileSync(aside, 'utf8'))).toEqual(['first', 'second', 'third']);
  });
});

describe('the lock', () => {
  test('F2: writers in one process take turns and lose nothing', async () => {
    const path = newStorePath();
    await Promise.all(Array.from({ length: 20 }, (_, index) => add(path, `p${index}`)));
    expect(readProfileFile(path, deps).file.profiles.size).toBe(20);
    expect(readdirSync(join(path, '..'))).toEqual(['profiles.json']);
  });

  test('F2: a held lock is an error after 2 s', async () => {
    const path = newStorePath();
    await add(path, 'main');
    const subject = { what: 'the store', ErrorClass: StoreError, warn: () => {} };
    const lock = await takeLock(`${path}.lock`, deps, subject);
    let nowMs = 0;
    const hurried = createStoreDeps({
      clock: {
        wallMs: () => Date.now(),
        monotonicMs: () => nowMs,
        setTimer(callback, ms) {
          nowMs += ms;
          setImmediate(callback);
          return () => {};
        },
      },
    });
    const update = updateStore(path, hurried, (draft) => draft.remove('main'));
    await expect(update).rejects.toMatchObject({
      exitCode: 10,
      message: expect.stringContaining(`locked by another process (${process.pid})`),
    });
    expect(nowMs).toBeGreaterThan(2_000);
    expect(nowMs).toBeLessThan(2_200);
    expect(lock.isHeld()).toBe(true);
    lock.release();
    await updateStore(path, deps, (draft) => draft.remove('main'));
    expect(readdirSync(join(path, '..'))).toEqual(['profiles.json']);
  });
});
