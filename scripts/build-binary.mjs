// `npm run build:binary [-- FILE]`: the command as one executable file with Node inside (single executable
// application), for this platform and with this version of Node. Default FILE: dist-binary/atlantis.
//
// The command is one script, because an executable can only `require` modules of Node. Its compiled code is included,
// which makes up for the size of the script at startup.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import { inject } from 'postject';
import { COMMON, root } from './bundle-options.mjs';

/** Marks where Node looks for the script in its executable (Node docs, Single executable applications). */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** As in bin/atlantis.cjs. */
const ENTRY = "require('./bin/no-debugger.cjs'); require('./src/main.ts').run();";

const name = process.platform === 'win32' ? 'atlantis.exe' : 'atlantis';
const target = resolve(process.argv[2] ?? join(root, 'dist-binary', name));
const directory = mkdtempSync(join(tmpdir(), 'atlantis-binary-'));
try {
  const [main, output, config] = ['main.cjs', 'main.blob', 'sea.json'].map((file) => join(directory, file));
  await build({
    ...COMMON,
    stdin: { contents: ENTRY, resolveDir: root },
    outfile: main,
    format: 'cjs',
    supported: { 'dynamic-import': false },
  });
  writeFileSync(
    config,
    JSON.stringify({ main, output, disableExperimentalSEAWarning: true, useCodeCache: true }),
  );
  execFileSync(process.execPath, ['--experimental-sea-config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  mkdirSync(dirname(target), { recursive: true });
  rmSync(target, { force: true });
  copyFileSync(process.execPath, target);
  chmodSync(target, 0o755);
  const isMac = process.platform === 'darwin';
  if (isMac) execFileSync('codesign', ['--remove-signature', target]);
  await inject(target, 'NODE_SEA_BLOB', readFileSync(output), {
    sentinelFuse: FUSE,
    ...(isMac ? { machoSegmentName: 'NODE_SEA' } : {}),
  });
  if (isMac) execFileSync('codesign', ['--sign', '-', target]);
  console.log(`${target}: ${(statSync(target).size / 1e6).toFixed(1)} MB, Node ${process.versions.node}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
