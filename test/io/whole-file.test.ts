// Files that are written whole or not at all.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { writeWholeFile } from '../../src/io/safe-file.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';

const write = (path: string): void => writeWholeFile(path, 'new', 'the report');

describe('writeWholeFile', () => {
  test('makes or replaces a file, and leaves no other file', () => {
    const folder = makeTempFolder();
    write(join(folder, 'a'));
    const { ino } = statSync(join(folder, 'a'));
    write(join(folder, 'a'));
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
    expect(statSync(join(folder, 'a')).ino).not.toBe(ino);
    expect(readdirSync(folder)).toEqual(['a']);
  });

  test.each([
    ['a folder', (folder: string) => folder, 'it is a directory (EISDIR)'],
    [
      'a folder that is missing',
      (folder: string) => join(folder, 'no/a'),
      'the directory does not exist (ENOENT)',
    ],
    [
      'a path below a file',
      (folder: string) => join(folder, 'file/a'),
      'a part of the path is not a directory (ENOTDIR)',
    ],
  ])('%s is an error that names path and reason (exit 9)', (_name, choose, why) => {
    const folder = makeTempFolder();
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'file'), 'old');
    const path = choose(folder);
    expect(() => write(path)).toThrow(`the report "${path}" could not be written: ${why}`);
    expect(readdirSync(folder).sort()).toEqual(['empty', 'file']);
  });

  test('writes to a pipe that has a reader; a pipe without a reader is an error at once', () => {
    const path = join(makeTempFolder(), 'pipe');
    execFileSync('mkfifo', [path]);
    expect(() => write(path)).toThrow(
      `the report "${path}" could not be written: no program is reading from it (ENXIO)`,
    );
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    write(path);
    expect(readFileSync(reader, 'utf8')).toBe('new');
    closeSync(reader);
  });

  test('ignores the leftovers of killed processes, even of one with the same process id', () => {
    const folder = makeTempFolder();
    writeFileSync(join(folder, 'a'), 'old');
    for (const name of ['a.tmp', `a.${process.pid}.tmp`, 'a.7.tmp'])
      writeFileSync(join(folder, name), 'half');
    write(join(folder, 'a'));
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
    expect(readdirSync(folder)).toHaveLength(4);
    expect(readFileSync(join(folder, 'a.7.tmp'), 'utf8')).toBe('half');
  });
});
