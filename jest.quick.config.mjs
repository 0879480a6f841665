// The tests to run after every change: no build, no process, half a minute (`npm run test:quick`).
import { existsSync } from 'node:fs';
import base from './jest.config.mjs';

/** They run the command, real servers or other programs. */
const FOLDERS = ['cli', 'docs', 'faults', 'helpers', 'io', 'recipes', 'simulator', 'soak'];

/** Long ones, of many random trials, and those that start a process or need the build. */
const FILES = [
  'test/config/key-command.test.ts',
  'test/config/profile-file.test.ts',
  'test/config/read-file.test.ts',
  'test/config/store.test.ts',
  'test/connection/outages.test.ts',
  'test/connection/tapped-socket.test.ts',
  'test/library/process.test.ts',
  'test/manual/wrap.test.ts',
  'test/output/standard-streams.test.ts',
  'test/output/whole-file.test.ts',
  'test/package.test.ts',
  'test/protocol/batch.test.ts',
  'test/protocol/filter.test.ts',
  'test/record/read-lines.test.ts',
  'test/spool/planted-spool.test.ts',
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
