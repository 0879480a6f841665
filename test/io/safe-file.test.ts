// Files that the user named, in places where another user may have prepared something else.
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openDeadLetters } from '../../src/delivery/dead-letters.ts';
import { openNamedFile, writeWholeFile } from '../../src/io/safe-file.ts';
import { locateRecording, openRecordingFile } from '../../src/recording/file.ts';
import { clearReadyFile, writeReadyFile } from '../../src/session/ready-file.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';

const OTHER_USER = 12_345;
const describeAsRoot = process.getuid?.() === 0 ? describe : describe.skip;

const append = (path: string): void => {
  const fd = openNamedFile(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o666);
  writeFileSync(fd, 'ours');
  closeSync(fd);
};
const record = (path: string): void => openRecordingFile(locateRecording(path, [])).close();

/** Everything that writes to a path that the user named, and what it does with a file that is there. */
const WRITERS: readonly (readonly [string, (path: string) => void])[] = [
  ['a report', (path) => writeWholeFile(path, 'ours', 'the report')],
  ['a ready file', (path) => writeReadyFile(path, { live: true })],
  ['an old ready file, removed', clearReadyFile],
  ['a step summary', append],
  ['dead letters', (path) => openDeadLetters(path, () => {}).close()],
  ['a recording', record],
];

/** A link of another user to a file of ours. */
function plantLink(target: string): string {
  const path = join(makeTempFolder(), 'link');
  symlinkSync(target, path);
  lchownSync(path, OTHER_USER, OTHER_USER);
  return path;
}

function makeFile(content: string): string {
  const path = join(makeTempFolder(), 'file');
  writeFileSync(path, content);
  return path;
}

describeAsRoot('row 62: what another user put there', () => {
  test.each(WRITERS)('%s: a link is not followed', (_name, write) => {
    for (const content of ['precious', '']) {
      const precious = makeFile(content);
      const link = plantLink(precious);
      expect(() => write(link)).toThrow('it is a symbolic link');
      expect(readFileSync(precious, 'utf8')).toBe(content);
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
    }
  });

  test.each(WRITERS)('%s: a dangling link does not create its target', (_name, write) => {
    const target = join(makeTempFolder(), 'nothing');
    expect(() => write(plantLink(target))).toThrow('it is a symbolic link');
    expect(existsSync(target)).toBe(false);
  });

  test.each(WRITERS)('%s: a link of our own to a link of another user is not followed', (_name, write) => {
    const precious = makeFile('precious');
    const path = join(makeTempFolder(), 'own');
    symlinkSync(plantLink(precious), path);
    expect(() => write(path)).toThrow('it is a symbolic link');
    expect(readFileSync(precious, 'utf8')).toBe('precious');
  });

  test.each(WRITERS.filter(([name]) => !name.includes('removed')))(
    '%s: nothing is written to a pipe',
    (_name, write) => {
      const path = join(makeTempFolder(), 'pipe');
      execFileSync('mkfifo', [path]);
      chownSync(path, OTHER_USER, OTHER_USER);
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      registerCleanup(() => closeSync(reader));
      expect(() => write(path)).toThrow('it belongs to another user');
      expect(readFileSync(reader, 'utf8')).toBe('');
    },
  );

  test.each(WRITERS.filter(([name]) => /letters|recording/.test(name)))(
    '%s: a file of another user is refused, because it is read back',
    (_name, write) => {
      const path = makeFile('');
      chownSync(path, OTHER_USER, OTHER_USER);
      expect(() => write(path)).toThrow('it belongs to another user');
      expect(readFileSync(path, 'utf8')).toBe('');
    },
  );

  test('a step summary is appended to the file that the runner created', () => {
    const path = makeFile('theirs, ');
    chownSync(path, OTHER_USER, OTHER_USER);
    append(path);
    expect(readFileSync(path, 'utf8')).toBe('theirs, ours');
  });
});

describe('a link of the user’s own', () => {
  const FULL = '{"recording":1,"started_at":"2026-01-01T00:00:00.000Z"}\n';
  test.each(
    WRITERS.flatMap(([name, write]) => ['', FULL, undefined].map((text) => [name, text, write] as const)),
  )(
    'row 124: %s: a link of one’s own to a file with %j is refused, and both are unchanged',
    (_name, text, write) => {
      const target = text === undefined ? join(makeTempFolder(), 'nothing') : makeFile(text);
      const path = join(makeTempFolder(), 'own');
      symlinkSync(target, path);
      expect(() => write(path)).toThrow(
        expect.objectContaining({ message: expect.stringContaining('it is a symbolic link') }),
      );
      expect(lstatSync(path).isSymbolicLink()).toBe(true);
      expect(existsSync(target) ? readFileSync(target, 'utf8') : undefined).toBe(text);
    },
  );

  test.each(WRITERS)(
    'row 124: %s: a link of one’s own in place of a directory is followed',
    (_name, write) => {
      const folder = makeTempFolder();
      const link = join(makeTempFolder(), 'folder');
      symlinkSync(folder, link);
      write(join(link, 'file'));
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
    },
  );

  test('a file that is open as /dev/fd/N is written in place, and the link of the system stays', () => {
    const target = makeFile('before, ');
    const fd = openSync(target, 'a');
    registerCleanup(() => closeSync(fd));
    const path = `/dev/fd/${fd}`;
    clearReadyFile(path);
    writeWholeFile(path, 'ours', 'the report');
    expect(readFileSync(target, 'utf8')).toBe('before, ours');
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
  });

  test.each(WRITERS.filter(([name]) => ['dead letters', 'a recording', 'a step summary'].includes(name)))(
    'row 111: %s: a hard link to another file is refused, and that file is unchanged',
    (_name, write) => {
      const folder = makeTempFolder();
      const target = join(folder, 'target');
      writeFileSync(target, '');
      linkSync(target, join(folder, 'link'));
      expect(() => write(join(folder, 'link'))).toThrow(/hard link/);
      expect(readFileSync(target, 'utf8')).toBe('');
    },
  );

  test('only their owner can read recordings and dead letters', () => {
    const folder = makeTempFolder();
    const umask = process.umask(0);
    try {
      record(join(folder, 'events.ndjson'));
      openDeadLetters(join(folder, 'dead.ndjson'), () => {}).close();
    } finally {
      process.umask(umask);
    }
    for (const name of ['events.ndjson', 'dead.ndjson'])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });
});
