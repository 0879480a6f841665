import { describe, expect, test } from '@jest/globals';
import { profilesPath } from '../../src/profiles/read.ts';

describe('F1: the store is in the platform’s configuration directory', () => {
  test.each<[NodeJS.Platform, Record<string, string>, string | undefined, string | undefined]>([
    ['linux', {}, '/home/a', '/home/a/.config/atlantis/profiles.json'],
    ['linux', { XDG_CONFIG_HOME: '/cfg' }, '/home/a', '/cfg/atlantis/profiles.json'],
    ['linux', { XDG_CONFIG_HOME: 'cfg' }, '/home/a', '/home/a/.config/atlantis/profiles.json'],
    ['linux', { XDG_CONFIG_HOME: '/cfg' }, undefined, '/cfg/atlantis/profiles.json'],
    ['linux', { ATLANTIS_CONFIG_DIR: '/own', XDG_CONFIG_HOME: '/cfg' }, '/home/a', '/own/profiles.json'],
    ['linux', { ATLANTIS_CONFIG_DIR: '' }, '/home/a', '/home/a/.config/atlantis/profiles.json'],
    ['linux', {}, undefined, undefined],
    ['linux', {}, 'home', undefined],
    ['darwin', {}, '/Users/a', '/Users/a/Library/Preferences/atlantis/profiles.json'],
    ['darwin', {}, undefined, undefined],
    ['win32', { APPDATA: 'D:\\Roaming' }, 'C:\\a', 'D:\\Roaming\\atlantis\\Config\\profiles.json'],
    ['win32', {}, 'C:\\a', 'C:\\a\\AppData\\Roaming\\atlantis\\Config\\profiles.json'],
    ['win32', {}, undefined, undefined],
  ])('on %s with the environment %j and the home directory %s', (platform, env, home, path) => {
    expect(profilesPath({ env, platform, homeDirectory: () => home })).toBe(path);
  });

  test('F5: a relative ATLANTIS_CONFIG_DIR is refused, because it would depend on the working directory', () => {
    expect(() =>
      profilesPath({
        env: { ATLANTIS_CONFIG_DIR: '.' },
        platform: 'linux',
        homeDirectory: () => '/home/a',
      }),
    ).toThrow('ATLANTIS_CONFIG_DIR');
  });
});
