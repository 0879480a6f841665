// A spool folder that another user prepared: its links are not followed, its pipes not opened, its events not
// delivered.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { countSpooled, type LockedSpool, openSpool } from '../../../src/delivery/spool/open-spool.ts';
import { quoteForShell } from '../../../src/io/messages.ts';
import { makeTempFolder, registerCleanup } from '../../helpers/cleanup.ts';
import { createStoreDeps } from '../../profiles/store-deps.ts';

const OTHER_USER = 12_345;
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test : test.skip;
const SEGMENT = `${'0'.repeat(16)}.seg`;
const TEXT = '{"type":"large_transfer","id":"evt_1"}';

function open(path: string): Promise<LockedSpool> {
  const config = { path, maxBytes: 2 ** 20, syncEveryMs: 200 };
  return openSpool(config, createStoreDeps(), { onFault: () => {}, warn: () => {} });
}

/** The path of a spool with one record. */
async function makeSpool(): Promise<string> {
  const path = join(makeTempFolder(), 'spool', 'sink');
  const { spool, close } = await open(path);
  spool.append(0, [{ mark: 0, text: Buffer.from(TEXT) }]);
  await close();
  return path;
}

/** Another file of the same user. */
function makePrecious(): string {
  const path = join(makeTempFolder(), 'precious');
  writeFileSync(path, 'precious');
  return path;
}

const refused = (path: string, why: string) => ({
  exitCode: 9,
  message: `the spool ${JSON.stringify(path)} could not be used: ${why}`,
});

describe('row 62: instead of a file of the spool', () => {
  test.each(['cursor', SEGMENT])(
    'a link instead of %s is refused, and its target is not changed',
    async (name) => {
      const path = await makeSpool();
      const precious = makePrecious();
      rmSync(join(path, name));
      symlinkSync(precious, join(path, name));
      await expect(open(path)).rejects.toMatchObject({ exitCode: 9 });
      expect(readFileSync(precious, 'utf8')).toBe('precious');
      expect(readdirSync(path)).not.toContain('lock');
    },
  );

  test('a dangling link does not create its target', async () => {
    const path = await makeSpool();
    const target = join(makeTempFolder(), 'nothing');
    rmSync(join(path, 'cursor'));
    symlinkSync(target, join(path, 'cursor'));
    await expect(open(path)).rejects.toMatchObject(refused(path, 'it is a symbolic link'));
    expect(() => readFileSync(target)).toThrow('ENOENT');
  });

  test.each(['cursor', SEGMENT])('a hard link instead of %s is refused', async (name) => {
    const path = await makeSpool();
    const precious = makePrecious();
    rmSync(join(path, name));
    linkSync(precious, join(path, name));
    await expect(open(path)).rejects.toMatchObject(refused(path, 'it is a hard link to another file'));
    expect(readFileSync(precious, 'utf8')).toBe('precious');
  });

  test.each(['cursor', SEGMENT])('a pipe instead of %s is refused at once', async (name) => {
    const path = await makeSpool();
    rmSync(join(path, name));
    execFileSync('mkfifo', [join(path, name)]);
    await expect(open(path)).rejects.toMatchObject(refused(path, 'it is not a regular file'));
    expect(countSpooled(path)).toBe(0);
  });

  testAsRoot.each(['cursor', SEGMENT])('a %s of another user is refused', async (name) => {
    const path = await makeSpool();
    chownSync(join(path, name), OTHER_USER, OTHER_USER);
    await expect(open(path)).rejects.toMatchObject({
      ...refused(path, `it belongs to another user (uid ${OTHER_USER})`),
      hint: 'use a directory of your own, or run atlantis as its owner',
    });
    expect(countSpooled(path)).toBe(0);
  });

  testAsRoot('a segment that is forged while the spool is open is not delivered', async () => {
    const path = await makeSpool();
    const forged = await makeSpool();
    const { spool, close } = await open(path);
    registerCleanup(close);
    chownSync(join(forged, SEGMENT), OTHER_USER, OTHER_USER);
    renameSync(join(forged, SEGMENT), join(path, SEGMENT));
    expect(() => spool.read(0)).toThrow('it belongs to another user');
  });
});

describe('row 62: the folder of the spool', () => {
  testAsRoot.each([
    ['of the sink', (path: string) => path],
    ['that the user named', (path: string) => join(path, '..')],
  ])('%s belongs to another user', async (_name, choose) => {
    const path = await makeSpool();
    chownSync(choose(path), OTHER_USER, OTHER_USER);
    await expect(open(path)).rejects.toMatchObject({
      ...refused(path, `it belongs to another user (uid ${OTHER_USER})`),
      hint: 'use a directory of your own, or run atlantis as its owner',
    });
  });

  test('can be written to by every user', async () => {
    const path = await makeSpool();
    chmodSync(path, 0o777);
    await expect(open(path)).rejects.toMatchObject({
      ...refused(path, 'every user can write to it'),
      hint: `run: chmod o-w ${quoteForShell(path)}`,
    });
  });

  testAsRoot('is a link of another user', async () => {
    const path = await makeSpool();
    const elsewhere = join(makeTempFolder(), 'elsewhere');
    renameSync(path, elsewhere);
    symlinkSync(elsewhere, path);
    const { close } = await open(path);
    await close();
    execFileSync('chown', ['-h', String(OTHER_USER), path]);
    await expect(open(path)).rejects.toMatchObject(
      refused(path, `it is a link that belongs to another user (uid ${OTHER_USER})`),
    );
  });

  test('a folder that others can add to, such as /tmp, is accepted as its parent', async () => {
    const shared = join(makeTempFolder(), 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    const { close } = await open(join(shared, 'sink'));
    await close();
  });

  test('in /proc is an error, not an endless loop', async () => {
    await expect(open('/proc/spool/sink')).rejects.toMatchObject(
      refused('/proc/spool/sink', 'the directory does not exist (ENOENT)'),
    );
  });
});

test('row 61: a link instead of the lock is exit 9, and its target is not changed', async () => {
  const path = await makeSpool();
  const precious = makePrecious();
  symlinkSync(join(precious, '..'), join(path, 'lock'));
  await expect(open(path)).rejects.toMatchObject({
    exitCode: 9,
    message: `the lock of the spool ${JSON.stringify(path)} is a symbolic link: ${join(path, 'lock')}`,
  });
  expect(readFileSync(precious, 'utf8')).toBe('precious');
});

test('row 69: a change of the clock by an hour does not break the lock of a spool', async () => {
  const path = await makeSpool();
  let offsetMs = 0;
  const real = createStoreDeps().clock;
  const deps = createStoreDeps({ clock: { ...real, wallMs: () => Date.now() + offsetMs } });
  const faults: unknown[] = [];
  const config = { path, maxBytes: 2 ** 20, syncEveryMs: 200 };
  const held = await openSpool(config, deps, { onFault: (error) => faults.push(error), warn: () => {} });
  for (offsetMs of [-3_600_000, 3_600_000]) {
    await expect(openSpool(config, deps, { onFault: () => {}, warn: () => {} })).rejects.toMatchObject({
      exitCode: 9,
      message: expect.stringContaining(`is locked by another process (${process.pid})`),
    });
  }
  held.spool.append(1, [{ mark: 0, text: Buffer.from(TEXT) }]);
  await held.close();
  expect(faults).toEqual([]);
});
