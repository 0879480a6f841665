// Reading files up to a limit, and files that a flag names: regular ones, pipes, and what should not be read.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readAtMost, readNamedFile } from '../../src/io/read-file.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';

/** A pipe with a name; `open` is its write end. */
function makePipe(): { path: string; open: () => number } {
  const path = join(makeTempFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  return { path, open: () => openSync(path, constants.O_RDWR) };
}

/** Opens a file until the end of the test. */
function open(path: string): number {
  const fd = openSync(path, 'r');
  registerCleanup(() => closeSync(fd));
  return fd;
}

describe('readAtMost', () => {
  const LIMIT = 100_000;

  test.each([0, 1, LIMIT])('%i bytes are within the limit', (size) => {
    const path = join(makeTempFolder(), 'file');
    writeFileSync(path, Buffer.alloc(size, 'abc'));
    expect(readAtMost(open(path), LIMIT).equals(Buffer.alloc(size, 'abc'))).toBe(true);
  });

  test('a file that grew after its size was checked is an error', () => {
    const path = join(makeTempFolder(), 'file');
    writeFileSync(path, 'small');
    const fd = open(path);
    expect(fstatSync(fd).size).toBe(5);
    writeFileSync(path, Buffer.alloc(LIMIT + 1));
    expect(() => readAtMost(fd, LIMIT)).toThrow(expect.objectContaining({ code: 'EFBIG' }));
  });

  test('a device without an end is an error', () => {
    expect(() => readAtMost(open('/dev/zero'), LIMIT)).toThrow(expect.objectContaining({ code: 'EFBIG' }));
  });
});

describe('readNamedFile', () => {
  test.each([0, 10, 64 * 1024, 200_000])('reads a regular file of %i bytes', async (size) => {
    const path = join(makeTempFolder(), 'file');
    const bytes = Buffer.alloc(size, 'abc');
    writeFileSync(path, bytes);
    expect((await readNamedFile(path)).equals(bytes)).toBe(true);
  });

  test('row 171: gives up on a pipe that its writer leaves open', async () => {
    const { path, open } = makePipe();
    const fd = open();
    writeSync(fd, 'a');
    await expect(readNamedFile(path, undefined, 200)).rejects.toMatchObject({
      code: 'the pipe was not closed by its writer within 0.2 s',
    });
    closeSync(fd);
  });

  test('reads a pipe that is written to late, in pieces', async () => {
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

  test('waits until a pipe is written to', async () => {
    const { path, open } = makePipe();
    const reading = readNamedFile(path);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const fd = open();
    writeSync(fd, 'at last');
    closeSync(fd);
    expect((await reading).toString()).toBe('at last');
  });

  test('stops waiting for a pipe when the signal aborts', async () => {
    const { path, open } = makePipe();
    const fd = open();
    registerCleanup(() => closeSync(fd));
    const stop = new AbortController();
    const reading = readNamedFile(path, stop.signal);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each([
    ['a missing file', '/nonexistent', 'ENOENT'],
    ['a folder', '/tmp', 'EISDIR'],
    ['a device without an end', '/dev/zero', 'EFBIG'],
  ])('%s is an error', async (_what, path, code) => {
    await expect(readNamedFile(path)).rejects.toMatchObject({ code });
  });
});
