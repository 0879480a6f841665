// After a write for which there was no room, a file contains only whole pieces.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { ROOT } from '../helpers/run-cli.ts';

const hasLimits = spawnSync('prlimit', ['--fsize=8192', 'true']).status === 0;
const MAX_BYTES = 8_192;
const LINE = `${'x'.repeat(99)}\n`;

/** Runs a script that has `file`, open at `path`, in a process whose files end at 8 KiB. */
function runLimited(countWhole: string, script: string): { codes: string[]; text: string } {
  const path = join(makeTempFolder(), 'file');
  const program = `
    const fs = require('node:fs');
    const { createAppendFile, countWholeLines } = require(${JSON.stringify(join(ROOT, 'dist/io.files.cjs'))});
    process.on('SIGXFSZ', () => {});
    const [path, line] = process.argv.slice(1);
    const file = createAppendFile(path, fs.openSync(path, 'a+'), ${countWhole});
    const append = (lines) => {
      try {
        file.append(Buffer.from(line.repeat(lines)));
        console.log('ok');
      } catch (error) {
        console.log(error.code);
      }
    };
    ${script}`;
  const args = [`--fsize=${MAX_BYTES}`, process.execPath, '-e', program, path, LINE];
  const { stdout } = spawnSync('prlimit', args, { encoding: 'utf8' });
  return { codes: stdout.trim().split('\n'), text: readFileSync(path, 'utf8') };
}

(hasLimits ? describe : describe.skip)('a file that reaches its limit (needs prlimit)', () => {
  test('contains only whole pieces, and accepts the next one that fits', () => {
    const { codes, text } = runLimited('undefined', 'append(50); append(50); append(20);');
    expect(codes).toEqual(['ok', 'EFBIG', 'ok']);
    expect(text).toBe(LINE.repeat(70));
  });

  test('contains the whole lines of a piece that does not fit', () => {
    const { codes, text } = runLimited('countWholeLines', 'append(50); append(50); append(1);');
    expect(codes).toEqual(['ok', 'EFBIG', 'EFBIG']);
    expect(text).toBe(LINE.repeat(Math.floor(MAX_BYTES / LINE.length)));
  });

  test('row 106: is not filled with zeros if another program truncated it in the meantime', () => {
    const script = 'append(50); fs.truncateSync(path, 0); append(90); append(1)';
    const { codes, text } = runLimited('countWholeLines', script);
    expect(codes).toEqual(['ok', 'EFBIG', 'EFBIG']);
    expect(text).toBe(LINE.repeat(Math.floor(MAX_BYTES / LINE.length)));
  });

  test('an incomplete piece that could not be removed at once is removed before the next write', () => {
    const script = `
      const { ftruncateSync } = fs;
      fs.ftruncateSync = () => { throw Object.assign(new Error(), { code: 'EIO' }); };
      append(90);
      fs.ftruncateSync = ftruncateSync;
      append(10);`;
    const { codes, text } = runLimited('undefined', script);
    expect(codes).toEqual(['EFBIG', 'ok']);
    expect(text).toBe(LINE.repeat(10));
  });
});
