// What differs between operating systems; each of them is tested on any machine.
import { describe, expect, test } from '@jest/globals';
import { platformOf } from '../../src/io/platform.ts';

const PLATFORMS = ['linux', 'freebsd', 'darwin', 'win32'] as const;

describe('what a platform supports', () => {
  test.each([
    ['linux', true],
    ['freebsd', true],
    ['darwin', true],
    ['win32', false],
  ] as const)('%s has owners of files, signals and TERM: %s', (name, has) => {
    expect(platformOf(name)).toMatchObject({ hasOwners: has, hasSignals: has, hasTerm: has });
  });
});

describe('the directory for configuration', () => {
  test.each([
    ['linux', {}, '/home/me', '/home/me/.config/atlantis'],
    ['linux', { XDG_CONFIG_HOME: '/etc/me' }, '/home/me', '/etc/me/atlantis'],
    ['linux', { XDG_CONFIG_HOME: 'relative' }, '/home/me', '/home/me/.config/atlantis'],
    ['linux', { XDG_CONFIG_HOME: '/etc/me' }, undefined, '/etc/me/atlantis'],
    ['darwin', { XDG_CONFIG_HOME: '/etc/me' }, '/Users/me', '/Users/me/Library/Preferences/atlantis'],
    ['win32', {}, 'C:\\Users\\me', 'C:\\Users\\me\\AppData\\Roaming\\atlantis\\Config'],
    ['win32', { APPDATA: 'D:\\data' }, 'C:\\Users\\me', 'D:\\data\\atlantis\\Config'],
    ['win32', { APPDATA: 'data' }, undefined, undefined],
  ] as const)(
    'is found on %s with the environment %j and the home directory %s',
    (name, env, home, expected) => {
      expect(platformOf(name).findConfigDirectory(env, home)).toBe(expected);
    },
  );

  test.each(PLATFORMS)('is undefined on %s without a home directory', (name) => {
    expect(platformOf(name).findConfigDirectory({}, undefined)).toBeUndefined();
  });
});

describe('paths', () => {
  test.each([
    ['linux', '/bin/op', true, true],
    ['linux', './op', false, true],
    ['linux', 'op', false, false],
    ['linux', 'C:\\op.exe', false, false],
    ['win32', 'C:\\op.exe', true, true],
    ['win32', '\\\\server\\op.exe', true, true],
    ['win32', '\\op.exe', false, true],
    ['win32', 'C:op.exe', false, true],
    ['win32', 'op.exe', false, false],
  ] as const)('on %s, %s is fixed: %s, has a directory: %s', (name, path, isFixed, hasDirectory) => {
    const platform = platformOf(name);
    expect([platform.isFixed(path), platform.hasDirectory(path)]).toEqual([isFixed, hasDirectory]);
  });
});
