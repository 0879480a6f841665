// The status line on a failing terminal: it disappears, and the run continues.
import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { ASCII_SIGNS } from '../../src/render/signs.ts';
import { createStatusLine } from '../../src/ui/status-line.ts';
import { createFakeIo } from '../helpers/fake-io.ts';
import { Watch } from '../helpers/watch.ts';

const LOG = { format: 'text', isQuiet: false, isVerbose: false, useColor: false } as const;

/** A terminal whose functions throw once they are broken. */
function createTerminal() {
  const frames: string[] = [];
  const drawn = new Watch();
  const broken = new Set<string>();
  const attempt = (name: string): boolean => {
    if (broken.has(name)) throw new Error(`${name} failed`);
    return true;
  };
  const stream = Object.assign(new Writable(), {
    isTTY: true,
    columns: 80,
    write(text: string) {
      attempt('write');
      frames.push(text);
      drawn.notify();
      return true;
    },
    cursorTo: () => attempt('cursorTo'),
    moveCursor: () => attempt('moveCursor'),
    clearLine: () => attempt('clearLine'),
    clearScreenDown: () => attempt('clearScreenDown'),
  });
  const fake = createFakeIo({
    env: { TERM: 'linux' },
    isStdoutTty: true,
    isStderrTty: true,
    signs: ASCII_SIGNS,
  });
  const stderr = { ...fake.stderr, stream: () => stream as unknown as NodeJS.WriteStream };
  const io = { ...fake, stderr };
  const untilDrawn = (text: string) =>
    drawn.until(() => frames.find((frame) => frame.includes(text)), `a frame of ${text}`);
  return { clock: fake.clock, frames, untilDrawn, broken, line: createStatusLine(io, LOG) };
}

test.each(['write', 'cursorTo', 'clearScreenDown'])(
  'row 59: if %s of stderr throws, nothing more is drawn, and there is no error',
  async (name) => {
    const { clock, frames, untilDrawn, broken, line } = createTerminal();
    line.show('first', 'live');
    await untilDrawn('* first');
    broken.add(name);
    clock.advance(1_000);
    line.show('second', 'live');
    broken.clear();
    const before = frames.length;
    clock.advance(1_000);
    line.show('third', 'live');
    line.clear();
    expect(frames.slice(before)).toEqual([]);
  },
);

test('row 59: a first frame that fails leaves no timer', async () => {
  const { frames, broken, line } = createTerminal();
  const countTimers = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = countTimers();
  broken.add('write');
  line.show('first');
  await import('../../src/ui/spinner.ts');
  await new Promise(setImmediate);
  line.show('second');
  expect([frames, countTimers()]).toEqual([[], before]);
});
