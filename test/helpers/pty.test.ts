// Self-test of the terminal, with small scripts in place of the command.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { untilDead } from './child.ts';
import { makeTempFolder, runCleanups } from './cleanup.ts';
import { hasPty, startCliInPty, startInPty } from './pty.ts';

function scriptOf(text: string): string {
  const file = join(makeTempFolder(), 'script.cjs');
  writeFileSync(file, text);
  return file;
}

const FOREVER = 'setInterval(() => {}, 1000);';

(hasPty() ? describe : describe.skip)('startInPty (needs python3)', () => {
  test('the command sees a terminal of the requested size, with colors, which can be resized', async () => {
    const script = scriptOf(`
      const { stdin, stdout, stderr, env } = process;
      const size = () => console.log([stdout.columns, stdout.rows].join('x'));
      console.log([stdin.isTTY, stdout.isTTY, stderr.isTTY, env.TERM, env.LANG].join(' '));
      size(); stdout.on('resize', () => { size(); process.exit(5); });
      ${FOREVER}`);
    const pty = startCliInPty([], { script, columns: 60, rows: 10 });
    await pty.waitFor('60x10');
    pty.resize(100, 30);
    const exit = await pty.exit;
    expect(exit).toMatchObject({ code: 5, signal: null, core: false });
    expect(exit.output).toBe('true true true xterm-256color C.UTF-8\r\n60x10\r\n100x30\r\n');
  });

  test('typed bytes arrive, and Ctrl-C sends SIGINT', async () => {
    const script = scriptOf(`
      process.stdin.on('data', (d) => console.log('got ' + d));
      console.log('ready');`);
    const pty = startCliInPty([], { script });
    await pty.waitFor('ready');
    pty.send('hello\r');
    await pty.waitFor('got hello');
    pty.send('\x03');
    expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGINT' });
  });

  test('a hang-up sends SIGHUP, and the exit of the process is still reported', async () => {
    const plain = startCliInPty([], { script: scriptOf(`console.log('up');${FOREVER}`) });
    await plain.waitFor('up');
    plain.hangUp();
    expect(await plain.exit).toMatchObject({ signal: 'SIGHUP', core: false });
    const survivor = startInPty(['sh', '-c', 'trap "exit 9" HUP; echo up; while :; do sleep 0.1; done']);
    await survivor.waitFor('up');
    survivor.hangUp();
    expect(await survivor.exit).toMatchObject({ code: 9 });
  });

  test('all output arrives, even if the command exits at once or reading was paused', async () => {
    const quick = await startInPty(['sh', '-c', 'seq 1 20000']).exit;
    expect(quick.output).toMatch(/\b20000\r\n$/);
    const pty = startInPty(['sh', '-c', 'echo start; read x; seq 1 20000']);
    await pty.waitFor('start');
    pty.pause();
    pty.send('\r');
    pty.pause(false);
    expect((await pty.exit).output).toMatch(/\b20000\r\n$/);
  });

  test('a command that cannot be run is exit code 127', async () => {
    expect(await startInPty(['/no/such/command']).exit).toMatchObject({ code: 127 });
  });

  test('a process that ignores SIGHUP is killed after the test', async () => {
    const pty = startInPty(['sh', '-c', 'trap "" HUP; echo up; while :; do sleep 1; done']);
    await pty.waitFor('up');
    const pid = await pty.readPid();
    await runCleanups('test');
    await expect(pty.exit).rejects.toThrow('host');
    await untilDead(pid);
  });
});
