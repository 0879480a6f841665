// What a user sees of a profile store that is damaged or may have been written by another user. The tests of the store
// have more kinds of both.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type Exit, runCli } from '../helpers/run-cli.ts';

const URL = 'http://127.0.0.1:1';
const WHOLE = JSON.stringify({
  version: 1,
  current: 'main',
  profiles: { main: { url: URL, key: CANARY_KEY } },
});

/** Every command that reads the store, with its exit code for a valid store. */
const COMMANDS: readonly (readonly [string, number])[] = [
  ['stream tail --no-reconnect', 7],
  ['stream check', 7],
  ['profile list', 0],
  ['profile show', 0],
  ['profile use main', 0],
  ['profile rename main other', 0],
  ['profile remove main --yes', 0],
];

const READERS = ['stream tail --no-reconnect', 'stream check', 'profile list'];

/** Creates a folder without a store, and the path of the store in it. */
function makeFolder(): { folder: string; path: string } {
  const folder = join(makeTempFolder(), 'config');
  mkdirSync(folder, { mode: 0o700 });
  return { folder, path: join(folder, 'profiles.json') };
}

const run = (command: string, folder: string): Promise<Exit> =>
  runCli([...command.split(' '), '--verbose'], {
    stdin: CANARY_KEY,
    env: { ATLANTIS_CONFIG_DIR: folder },
  });

/** The output of a command: a check reports on stdout, all others only on stderr. */
const allOutput = ({ stdout, stderr }: Exit): string => stdout + stderr;

const ADD = `profile add more --url ${URL} --key-stdin`;

describe('row 49 (F1): a store that other users could read or replace', () => {
  test.each(COMMANDS)('mode 0644: a warning with the command that fixes it: %s', async (command, code) => {
    const { folder, path } = makeFolder();
    writeFileSync(path, WHOLE);
    chmodSync(path, 0o644);
    const exit = await run(command, folder);
    expect([exit.code, exit.signal]).toEqual([code, null]);
    // A write corrects the mode, so there is nothing to warn about.
    if (!/use|rename/.test(command)) expect(exit.stderr).toContain(`run chmod 600 ${path}`);
  });

  const elsewhere = (): string => {
    const path = join(makeTempFolder(), 'profiles.json');
    writeFileSync(path, WHOLE, { mode: 0o600 });
    return path;
  };
  const STATES: readonly (readonly [string, (path: string) => string, RegExp])[] = [
    [
      'a directory 0777',
      (path) => {
        writeFileSync(path, WHOLE, { mode: 0o600 });
        chmodSync(join(path, '..'), 0o777);
        return path;
      },
      /other users can write to the profile directory.*\n.*run: chmod go-w/,
    ],
    [
      'a link to a file elsewhere',
      (path) => {
        const target = elsewhere();
        symlinkSync(target, path);
        return target;
      },
      /is a symbolic link, which is not followed/,
    ],
    [
      'a dangling link',
      (path) => {
        symlinkSync('/nonexistent/profiles.json', path);
        return '';
      },
      /is a symbolic link, which is not followed/,
    ],
    [
      'a directory in its place',
      (path) => {
        mkdirSync(path);
        return '';
      },
      /is a directory/,
    ],
  ];
  const FOREIGN: typeof STATES = [
    [
      'a foreign owner',
      (path) => {
        writeFileSync(path, WHOLE, { mode: 0o600 });
        chownSync(path, 65534, 65534);
        return path;
      },
      /belongs to another user/,
    ],
    [
      'a foreign owner of the directory',
      (path) => {
        writeFileSync(path, WHOLE, { mode: 0o600 });
        chownSync(join(path, '..'), 65534, 65534);
        return path;
      },
      /belongs to another user/,
    ],
  ];
  const isRoot = process.getuid?.() === 0;

  describe.each([...STATES, ...(isRoot ? FOREIGN : [])])('%s: exit 10', (_name, prepare, words) => {
    test.each([...READERS, 'profile use main', ADD])('%s', async (command) => {
      const { folder, path } = makeFolder();
      const target = prepare(path);
      const exit = await run(command, folder);
      expect([exit.code, exit.signal]).toEqual([10, null]);
      expect(allOutput(exit)).toMatch(words);
      if (target !== '') expect(readFileSync(target, 'utf8')).toBe(WHOLE);
    });
  });
});

describe('row 63 (F1): a store that other users could have written is exit 10, and its key command does not run', () => {
  describe.each<[string, string, number]>([
    ['they can write to the file', 'profiles.json', 0o622],
    ['they can write to its directory', '.', 0o770],
    ['they can write to a directory above it', '..', 0o777],
  ])('%s', (_what, place, mode) => {
    test.each([...READERS, 'profile use main', ADD, `${ADD} --force`])('%s', async (command) => {
      const { folder, path } = makeFolder();
      const trace = join(makeTempFolder(), 'ran');
      const main = { url: URL, keyCommand: ['sh', '-c', `touch ${trace}; echo ${CANARY_KEY}`] };
      const planted = JSON.stringify({ version: 1, current: 'main', profiles: { main } });
      writeFileSync(path, planted, { mode: 0o600 });
      chmodSync(join(folder, place), mode);
      const exit = await run(command, folder);
      expect([exit.code, exit.signal]).toEqual([10, null]);
      expect(allOutput(exit)).toContain(`run: chmod go-w ${join(folder, place)}`);
      expect([existsSync(trace), readFileSync(path, 'utf8')]).toEqual([false, planted]);
    });
  });
});

describe('row 52 (F4): a damaged store is exit 10, and is neither shown nor changed', () => {
  const cut = WHOLE.slice(0, WHOLE.indexOf(CANARY_KEY) + 30);
  describe.each([
    ['cut inside the key', cut],
    ['empty', ''],
    ['in UTF-16', Buffer.from(`\ufeff${WHOLE}`, 'utf16le')],
    ['with NULs', `${cut}${'\0'.repeat(512)}`],
    ['an array', `[${WHOLE}]`],
  ])('%s', (_name, content) => {
    test.each(READERS)('%s', async (command) => {
      const { folder, path } = makeFolder();
      writeFileSync(path, content, { mode: 0o600 });
      const exit = await run(command, folder);
      expect([exit.code, exit.signal]).toEqual([10, null]);
      expect(allOutput(exit)).toMatch(/damaged: it is .*profiles\.json/);
      expect(findKeyIn(exit.stdout + exit.stderr)).toEqual([]);
      expect(readFileSync(path)).toEqual(Buffer.from(content));
    });
  });
});
