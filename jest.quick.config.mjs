// The tests to run after every change: no build, no process, half a minute (`npm run test:quick`).
import { existsSync } from 'node:fs';
import base from './jest.config.mjs';

/** They run the command, real servers or other programs. */
const FOLDERS = ['cli', 'docs', 'faults', 'helpers', 'io', 'recipes', 'simulator', 'soak'];

/** Long ones, of many random trials, and those that start a process or need the build. */
const FILES = [
  'test/connection/outages.test.ts',
  'test/connection/read/tapped-socket.test.ts',
  'test/events/batch.test.ts',
  'test/filter/filter.test.ts',
  'test/flags/wrap.test.ts',
  'test/stream/process.test.ts',
  'test/package.test.ts',
  'test/profiles/read.test.ts',
  'test/profiles/write.test.ts',
  'test/recording/read-lines.test.ts',
  'test/settings/key-command.test.ts',
  'test/delivery/spool/planted-spool.test.ts',
  'test/stand-ins.test.ts',
];

const left = [...FOLDERS.map((folder) => `test/${folder}/`), ...FILES];
// A test that was moved would otherwise come back unseen.
for (const path of left)
  if (!existsSync(new URL(path, import.meta.url))) throw new Error(`${path} has moved`);

export default {
  ...base,
  testPathIgnorePatterns: [...base.testPathIgnorePatterns, ...left.map((path) => `<rootDir>/${path}`)],
};
