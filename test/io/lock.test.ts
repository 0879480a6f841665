// The lock: who holds it, when it is broken, and what happens if its path is something else.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Clock } from '../../src/clock.ts';
import { OutputError } from '../../src/errors.ts';
import { type Lock, type LockDeps, type LockSubject, takeLock } from '../../src/io/lock.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createStoreDeps } from '../profiles/store-deps.ts';

const DAY_MS = 24 * 3_600_000;
/** A process of another machine. */
const FOREIGN = '1-0-0123456789ab-000000000000-aabbccddeeff';
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test : test.skip;
const testWithProc = existsSync('/proc/self/stat') ? test : test.skip;

const newLockPath = (): string => join(makeTempFolder(), 'lock');

interface Taken {
  readonly lock: Lock;
  readonly warnings: readonly string[];
}

async function take(
  path: string,
  deps: Partial<LockDeps> = {},
  subject: Partial<LockSubject> = {},
): Promise<Taken> {
  const warnings: string[] = [];
  const all = {
    what: 'it',
    ErrorClass: OutputError,
    warn: (one: string) => void warnings.push(one),
    ...subject,
  };
  return { lock: await takeLock(path, createStoreDeps(deps), all), warnings };
}

/** A clock that each wait moves on; `onWait` sees the time that has passed. */
function createHurriedClock(onWait: (nowMs: number) => void = () => {}): Clock & { readonly nowMs: number } {
  let nowMs = 0;
  return {
    get nowMs() {
      return nowMs;
    },
    wallMs: () => Date.now(),
    monotonicMs: () => nowMs,
    setTimer(callback, ms) {
      nowMs += ms;
      onWait(nowMs);
      setImmediate(callback);
      return () => {};
    },
  };
}

/** A lock with the entry of that name. */
function placeLock(path: string, holder: string): string {
  mkdirSync(path, { mode: 0o700 });
  writeFileSync(join(path, holder), '');
  return join(path, holder);
}

/** The name of this process as a holder, with some of its parts replaced. */
async function nameHolder(change: (parts: string[]) => string[]): Promise<string> {
  const path = newLockPath();
  const { lock } = await take(path);
  const [name = ''] = readdirSync(path);
  lock.release();
  return change(name.split('-')).join('-');
}

async function nameDeadHolder(): Promise<string> {
  const child = spawn('true');
  await once(child, 'exit');
  return nameHolder(([, ...rest]) => [String(child.pid), ...rest]);
}

const HELD = { exitCode: 9, message: `it is locked by another process (${process.pid})` };

describe('a lock held by a living process of this machine', () => {
  test('makes others wait for 2 s, and leaves no file after its release', async () => {
    const path = newLockPath();
    const { lock } = await take(path);
    const clock = createHurriedClock();
    await expect(take(path, { clock })).rejects.toMatchObject({
      ...HELD,
      hint: `if no other atlantis is running, remove ${path}`,
    });
    expect(clock.nowMs).toBeGreaterThan(2_000);
    expect(clock.nowMs).toBeLessThan(2_200);
    lock.release();
    (await take(path)).lock.release();
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test.each([
    ['a day old', -DAY_MS],
    ['from tomorrow', DAY_MS],
  ])('row 69: is not broken if its file is %s', async (_name, ageMs) => {
    const path = newLockPath();
    const { lock } = await take(path);
    const [entry = ''] = readdirSync(path);
    const seconds = (Date.now() + ageMs) / 1_000;
    utimesSync(join(path, entry), seconds, seconds);
    await expect(take(path, { clock: createHurriedClock() })).rejects.toMatchObject(HELD);
    expect(lock.isHeld()).toBe(true);
  });

  test.each([-DAY_MS, DAY_MS])(
    'row 69: is not broken if the system clock is set by %i ms',
    async (stepMs) => {
      const path = newLockPath();
      const clock = createFakeClock(Date.now());
      const { lock } = await take(path, { clock }, { onLost: () => {} });
      clock.jumpWall(stepMs);
      clock.advance(60_000);
      await expect(take(path, { clock: createHurriedClock() })).rejects.toMatchObject(HELD);
      expect(lock.isHeld()).toBe(true);
    },
  );

  test('row 69: is not broken if the entry of the holder in /proc cannot be read (hidepid)', async () => {
    const path = newLockPath();
    // The process exists but is not visible in /proc; kill() fails with EPERM, which proves that it runs.
    const holder = await nameHolder(([, ...rest]) => ['4194304', ...rest]);
    placeLock(path, holder);
    const deps = { clock: createHurriedClock(), sendSignal: () => true };
    await expect(take(path, deps)).rejects.toMatchObject({ exitCode: 9 });
  });
});

describe('a lock held by a dead process', () => {
  test('row 54: is broken at once, and a lock that the process had prepared is removed', async () => {
    const path = newLockPath();
    const dead = await nameDeadHolder();
    placeLock(path, dead);
    placeLock(`${path}-${dead}`, dead);
    const clock = createHurriedClock();
    const { lock } = await take(path, { clock });
    expect(clock.nowMs).toBeLessThan(100);
    lock.release();
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  testWithProc('row 54: is also broken if another process has its id by now', async () => {
    const path = newLockPath();
    placeLock(path, await nameHolder(([pid = '', , ...rest]) => [pid, '1', ...rest]));
    (await take(path)).lock.release();
  });

  const machineId = existsSync('/etc/machine-id') ? readFileSync('/etc/machine-id', 'utf8').trim() : '';
  (/^[0-9a-f]{32}$/.test(machineId) ? test : test.skip)(
    'row 69: is broken at once after a restart of the machine',
    async () => {
      const path = newLockPath();
      const holder = await nameHolder(([pid = '', start = '', , ...rest]) => [
        pid,
        start,
        '0123456789ab',
        ...rest,
      ]);
      // In a container another one could have the same id.
      if (holder.includes('-000000000000-')) return;
      placeLock(path, holder);
      const clock = createHurriedClock();
      (await take(path, { clock })).lock.release();
      expect(clock.nowMs).toBeLessThan(100);
    },
  );

  test('an empty directory, left by an interrupted release, is not a lock', async () => {
    const path = newLockPath();
    mkdirSync(path);
    (await take(path)).lock.release();
    expect(readdirSync(dirname(path))).toEqual([]);
  });
});

describe('a lock held by a process of another machine or container', () => {
  test('row 69: is watched for 30 s by the clock of the waiting process, whatever the times of its file', async () => {
    for (const ageMs of [-365 * DAY_MS, 0, DAY_MS]) {
      const path = newLockPath();
      const entry = placeLock(path, FOREIGN);
      const seconds = (Date.now() + ageMs) / 1_000;
      utimesSync(entry, seconds, seconds);
      const clock = createHurriedClock();
      const { lock, warnings } = await take(path, { clock });
      expect(clock.nowMs).toBeGreaterThan(30_000);
      expect(clock.nowMs).toBeLessThan(31_000);
      expect(warnings).toEqual([
        'it is locked by another process (1) in another container or on another machine: waiting for up to 30 s to see whether it is still running',
      ]);
      lock.release();
    }
  });

  test('row 69: is not broken while the holder updates its file, even by a clock that is far off', async () => {
    const path = newLockPath();
    const entry = placeLock(path, FOREIGN);
    let beats = 0;
    const clock = createHurriedClock((nowMs) => {
      if (nowMs < (beats + 1) * 5_000) return;
      beats += 1;
      utimesSync(entry, beats, beats);
    });
    await expect(take(path, { clock })).rejects.toMatchObject({
      exitCode: 9,
      message: 'it is locked by another process (1)',
    });
    expect(clock.nowMs).toBeLessThan(6_000);
    expect(existsSync(entry)).toBe(true);
  });

  test('row 69: is not broken because the waiting process was suspended', async () => {
    const path = newLockPath();
    const entry = placeLock(path, FOREIGN);
    let nowMs = 0;
    let waits = 0;
    const clock: Clock = {
      wallMs: () => Date.now(),
      monotonicMs: () => nowMs,
      setTimer(callback, ms) {
        waits += 1;
        nowMs += waits === 3 ? 600_000 : ms;
        // Both processes were suspended; the holder updates its file a moment later.
        if (waits === 5) utimesSync(entry, 1, 1);
        setImmediate(callback);
        return () => {};
      },
    };
    await expect(take(path, { clock })).rejects.toMatchObject({ exitCode: 9 });
    expect(existsSync(entry)).toBe(true);
  });

  test('has its file updated every 5 s by the holder, which then notices if it lost the lock', async () => {
    const path = newLockPath();
    const clock = createFakeClock(1_000_000);
    const losses: string[] = [];
    const { lock } = await take(path, { clock }, { onLost: () => void losses.push('lost') });
    const [name = ''] = readdirSync(path);
    utimesSync(join(path, name), 1, 1);
    clock.advance(5_000);
    const { mtimeMs } = statSync(join(path, name));
    expect(mtimeMs).toBe(1_005_000);
    renameSync(join(path, name), join(path, FOREIGN));
    clock.advance(60_000);
    expect([losses, lock.isHeld(), clock.pendingTimers]).toEqual([['lost'], false, 0]);
    lock.release();
    expect(readdirSync(path)).toEqual([FOREIGN]);
  });

  test('F2: is an error after 20 s, not a hang, if holders take turns forever', async () => {
    const path = newLockPath();
    const nameTurn = (turn: number): string =>
      `1-0-0123456789ab-000000000000-${String(turn).padStart(12, '0')}`;
    let turn = 0;
    placeLock(path, nameTurn(0));
    const clock = createHurriedClock((nowMs) => {
      if (nowMs < (turn + 1) * 500) return;
      renameSync(join(path, nameTurn(turn)), join(path, nameTurn(turn + 1)));
      turn += 1;
    });
    await expect(take(path, { clock })).rejects.toMatchObject({ exitCode: 9 });
    expect(clock.nowMs).toBeGreaterThan(20_000);
    expect(clock.nowMs).toBeLessThan(22_000);
  });
});

describe('row 61: a path that is not a lock is not changed, and is an error within 2 s', () => {
  /** Files that must not be removed, two of them named like holders of a lock. */
  async function makePrecious(folder: string): Promise<string[]> {
    mkdirSync(folder, { recursive: true });
    for (const name of ['id_rsa', 'known_hosts', await nameDeadHolder(), FOREIGN])
      writeFileSync(join(folder, name), 'precious');
    return readdirSync(folder);
  }

  const refused = (path: string, why: string) => ({
    exitCode: 9,
    message: `the lock of it ${why}: ${path}`,
    hint: 'nothing was changed: remove it or move it away',
  });

  test('a link to another folder', async () => {
    const path = newLockPath();
    const folder = makeTempFolder();
    const names = await makePrecious(folder);
    symlinkSync(folder, path);
    await expect(take(path)).rejects.toMatchObject(refused(path, 'is a symbolic link'));
    expect(readdirSync(folder)).toEqual(names);
    expect(readdirSync(dirname(path))).toEqual(['lock']);
  });

  test('a prepared lock that is a link to another folder', async () => {
    const path = newLockPath();
    const folder = makeTempFolder();
    const names = await makePrecious(folder);
    symlinkSync(folder, `${path}-${await nameDeadHolder()}`);
    (await take(path)).lock.release();
    expect(readdirSync(folder)).toEqual(names);
  });

  test('a folder with other files', async () => {
    const path = newLockPath();
    const names = await makePrecious(path);
    await expect(take(path)).rejects.toMatchObject(refused(path, 'contains other files'));
    expect(readdirSync(path)).toEqual(names);
  });

  test('a link that is named like a holder', async () => {
    const path = newLockPath();
    mkdirSync(path);
    symlinkSync('/etc/passwd', join(path, FOREIGN));
    await expect(take(path)).rejects.toMatchObject(refused(path, 'contains other files'));
  });

  test('a file', async () => {
    const path = newLockPath();
    writeFileSync(path, 'precious');
    await expect(take(path)).rejects.toMatchObject(refused(path, 'is not a directory'));
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  testAsRoot('a folder that belongs to another user', async () => {
    const path = newLockPath();
    const entry = placeLock(path, await nameDeadHolder());
    chownSync(path, 12_345, 12_345);
    chmodSync(path, 0o777);
    await expect(take(path)).rejects.toMatchObject(refused(path, 'belongs to another user (uid 12345)'));
    expect(existsSync(entry)).toBe(true);
  });

  testAsRoot.each(['777', '700'])('row 132: an empty folder of another user, mode %s', async (mode) => {
    const path = newLockPath();
    mkdirSync(path);
    chownSync(path, 12_345, 12_345);
    chmodSync(path, mode);
    await expect(take(path)).rejects.toMatchObject(refused(path, 'belongs to another user (uid 12345)'));
    expect([statSync(path).uid, readdirSync(dirname(path))]).toEqual([12_345, ['lock']]);
  });

  testAsRoot('row 132: a prepared lock of another user, whose process is dead', async () => {
    const path = newLockPath();
    const holder = await nameDeadHolder();
    const prepared = `${path}-${holder}`;
    mkdirSync(prepared);
    writeFileSync(join(prepared, holder), '');
    chownSync(prepared, 12_345, 12_345);
    (await take(path)).lock.release();
    expect(readdirSync(prepared)).toEqual([holder]);
  });

  test('a dead holder that cannot be removed, with a pause before each try', async () => {
    const path = newLockPath();
    // A folder cannot be removed like a file.
    mkdirSync(join(path, await nameDeadHolder()), { recursive: true });
    const waits: number[] = [];
    const clock = createHurriedClock((nowMs) => void waits.push(nowMs));
    await expect(take(path, { clock })).rejects.toMatchObject({ exitCode: 9 });
    expect(clock.nowMs).toBeLessThan(2_200);
    expect(waits.length).toBeLessThan(500);
  });
});

test('if a lock cannot be made, the error of the system is thrown', async () => {
  const folder = makeTempFolder();
  rmSync(folder, { recursive: true });
  await expect(take(join(folder, 'lock'))).rejects.toMatchObject({ code: 'ENOENT' });
});
