// Which program a key command runs, for both platforms (row 64). What runs is in key-command.test.ts.
import { describe, expect, test } from '@jest/globals';
import { platformOf } from '../../src/io/platform.ts';
import { isRelativeProgram, resolveProgram } from '../../src/settings/key-command.ts';

describe('row 64 (F5): a program by a path', () => {
  test.each<[NodeJS.Platform, string, string]>([
    ['linux', './getkey', '/home/ann/getkey'],
    ['linux', '../bin/getkey', '/home/bin/getkey'],
    ['linux', 'bin/getkey', '/home/ann/bin/getkey'],
    ['darwin', './get key', '/home/ann/get key'],
    ['win32', '.\\getkey.exe', 'C:\\Users\\ann\\getkey.exe'],
    ['win32', './getkey.exe', 'C:\\Users\\ann\\getkey.exe'],
    ['win32', 'bin\\getkey', 'C:\\Users\\ann\\bin\\getkey'],
    ['win32', '\\tools\\getkey', 'C:\\tools\\getkey'],
    ['win32', 'C:getkey.exe', 'C:\\Users\\ann\\getkey.exe'],
  ])(
    '%s: the relative path %s is made absolute, and its arguments are not changed',
    (platform, program, absolute) => {
      const workingDirectory = platform === 'win32' ? 'C:\\Users\\ann' : '/home/ann';
      expect(isRelativeProgram(program, platform)).toBe(true);
      expect(resolveProgram([program, './a', '-b'], workingDirectory, platform)).toEqual([
        absolute,
        './a',
        '-b',
      ]);
      expect(isRelativeProgram(absolute, platform)).toBe(false);
    },
  );

  test.each<[NodeJS.Platform, string]>([
    ['linux', '/usr/bin/pass'],
    ['linux', 'pass'],
    ['linux', 'C:\\Program Files\\op.exe'],
    ['win32', 'op'],
    ['win32', 'op.exe'],
    ['win32', 'C:\\Program Files\\op.exe'],
    ['win32', 'c:/tools/op.exe'],
    ['win32', '\\\\server\\share\\op.exe'],
  ])('%s: %s is not changed', (platform, program) => {
    expect(isRelativeProgram(program, platform)).toBe(false);
    expect(resolveProgram([program, 'read'], '/elsewhere', platform)).toEqual([program, 'read']);
  });
});

describe('row 64: directory and PATH of the process', () => {
  test.each([
    ['/usr/bin:/bin', '/usr/bin:/bin'],
    ['.:/usr/bin', '/usr/bin'],
    [':/usr/bin', '/usr/bin'],
    ['/usr/bin:', '/usr/bin'],
    ['/usr/bin::/bin', '/usr/bin:/bin'],
    ['bin:node_modules/.bin:/usr/bin:../x', '/usr/bin'],
    ['.', ''],
    ['', ''],
  ])('POSIX: PATH=%s becomes %s', (path, expected) => {
    expect(platformOf('linux').isolate({ PATH: path, LANG: 'C' })).toEqual({
      cwd: '/',
      env: { PATH: expected, LANG: 'C' },
    });
  });

  test('POSIX: without PATH none is set, so the default of the system applies', () => {
    expect(platformOf('darwin').isolate({ LANG: 'C' })).toEqual({ cwd: '/', env: { LANG: 'C' } });
  });

  test.each([
    ['C:\\Windows;D:/bin', 'C:\\Windows;D:/bin'],
    ['.;C:\\Windows;;bin;\\tools;C:', 'C:\\Windows'],
    ['"C:\\a;b";"rel;x";\\\\server\\bin', '"C:\\a;b";\\\\server\\bin'],
    ['', ''],
  ])('Windows: Path=%s becomes %s, and the working directory is not searched', (path, expected) => {
    const env = { Path: path, SYSTEMROOT: 'D:\\WINNT' };
    expect(platformOf('win32').isolate(env)).toEqual({
      cwd: 'D:\\WINNT',
      env: { Path: expected, SYSTEMROOT: 'D:\\WINNT', NoDefaultCurrentDirectoryInExePath: '1' },
    });
    expect(platformOf('win32').isolate({}).cwd).toBe('C:\\Windows');
  });
});
