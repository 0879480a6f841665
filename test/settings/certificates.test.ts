// Files that a flag names: plain ones, pipes, and what should not be read.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readNamedFile } from '../../src/settings/certificates.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';

/** A pipe with a name; `open` is its write end. */
function makePipe(): { path: string; open: () => number } {
  const path = join(makeTempFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  return { path, open: () => openSync(path, constants.O_RDWR) };
}

describe('readNamedFile', () => {
  test.each([0, 10, 64 * 1024, 200_000])('a plain file of %i bytes', async (size) => {
    const path = join(makeTempFolder(), 'file');
    const bytes = Buffer.alloc(size, 'abc');
    writeFileSync(path, bytes);
    expect((await readNamedFile(path)).equals(bytes)).toBe(true);
  });

  test('a pipe that is written to late, in pieces', async () => {
    const { path, open } = makePipe();
    const fd = open();
    const reading = readNamedFile(path);
    for (const piece of ['a', 'b', 'c']) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      writeSync(fd, piece);
    }
    closeSync(fd);
    expect((await reading).toString()).toBe('abc');
  });

  test('a pipe is waited for until it is written to', async () => {
    const { path, open } = makePipe();
    const reading = readNamedFile(path);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const fd = open();
    writeSync(fd, 'at last');
    closeSync(fd);
    expect((await reading).toString()).toBe('at last');
  });

  test('the signal ends waiting for a pipe', async () => {
    const { path, open } = makePipe();
    const fd = open();
    registerCleanup(() => closeSync(fd));
    const stop = new AbortController();
    const reading = readNamedFile(path, stop.signal);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each([
    ['what is not there', '/nonexistent', 'ENOENT'],
    ['a folder', '/tmp', 'EISDIR'],
    ['what never ends', '/dev/zero', 'EFBIG'],
  ])('%s is an error', async (_what, path, code) => {
    await expect(readNamedFile(path)).rejects.toMatchObject({ code });
  });
});
