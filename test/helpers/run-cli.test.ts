// Self-test of the runner, against small scripts in place of the command.
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isAlive, startChild, untilDead } from './child.ts';
import { makeTempFolder, runCleanups } from './cleanup.ts';
import { makeCleanEnvironment, runCli, runShell, startCli, startShell } from './run-cli.ts';
import { pauseFor } from './watch.ts';

/** A script file with this text. */
function scriptOf(text: string): string {
  const file = join(makeTempFolder(), 'script.cjs');
  writeFileSync(file, text);
  return file;
}

const FOREVER = 'setInterval(() => {}, 1000);';

describe('startCli and runCli', () => {
  test('the environment is clean, HOME fresh and empty, the key set only when asked', async () => {
    const script = scriptOf(`
      const { HOME, PATH, ...rest } = process.env;
      console.log(JSON.stringify({ rest, files: require('fs').readdirSync(HOME), argv: process.argv.slice(2) }));`);
    process.env['HTTPS_PROXY'] = 'http://proxy.example:1';
    const plain = JSON.parse((await runCli(['a', '--b'], { script })).stdout);
    delete process.env['HTTPS_PROXY'];
    expect(plain).toEqual({ rest: { LANG: 'C.UTF-8', TZ: 'UTC' }, files: [], argv: ['a', '--b'] });
    const keyed = JSON.parse((await runCli([], { script, key: 'k', env: { A: '1', TZ: undefined } })).stdout);
    expect(keyed.rest).toEqual({ LANG: 'C.UTF-8', ATLANTIS_API_KEY: 'k', A: '1' });
    expect(makeCleanEnvironment({ env: { HOME: undefined } })['HOME']).toBeUndefined();
  });

  test('stdin is passed on; code, signal, stdout and stderr are returned', async () => {
    const script = scriptOf(`
      process.stdin.on('data', (d) => process.stdout.write(d)).on('end', () => {
        console.error('oops');
        if (process.argv[2] === 'die') process.kill(process.pid, 'SIGTERM'); else process.exitCode = 7;
      });`);
    expect(await runCli([], { script, stdin: 'né\n' })).toEqual({
      code: 7,
      signal: null,
      stdout: 'né\n',
      stderr: 'oops\n',
    });
    expect(await runCli(['die'], { script })).toMatchObject({ code: null, signal: 'SIGTERM', stdout: '' });
  });

  test('waits for text and lines while it runs; fails if it ends without them', async () => {
    const script = scriptOf(`
      console.log('one'); console.error('ready');
      process.stdin.once('data', () => { console.log('two'); process.exit(0); });`);
    const run = startCli([], { script, stdin: 'pipe' });
    await run.waitForStderr('ready');
    expect(await run.waitForLines(1)).toEqual(['one']);
    run.stdin.write('go');
    expect(await run.waitForStdout(/^two$/m)).toBe('one\ntwo\n');
    await expect(run.waitForStdout('three')).rejects.toThrow(/three on stdout[\s\S]*one\ntwo[\s\S]*ready/);
    expect(run.lineCount).toBe(2);
    await expect(startCli([], { script, stdin: 'pipe' }).waitForStdout('four', 50)).rejects.toThrow(
      'waited 50',
    );
  });

  test('a reader that stops blocks the child once the pipe is full; resuming loses nothing', async () => {
    const script = scriptOf(`
      const { writeSync } = require('fs');
      for (let i = 0; i < 300; i++) { writeSync(1, 'x'.repeat(1023) + '\\n'); writeSync(2, i + '\\n'); }`);
    const run = startCli([], { script });
    run.pauseStdout();
    await run.waitForStderr('60\n');
    await pauseFor(100);
    expect(run.stderrText).not.toContain('200\n');
    run.resumeStdout();
    expect((await run.exit).stdout).toHaveLength(300 * 1024);
  });

  test('stdout is a real pipe: writing to it fails with EPIPE after its reader goes away', async () => {
    const script = scriptOf(`
      const fs = require('fs');
      console.error(fs.fstatSync(1).isFIFO());
      process.stdin.once('data', () => {
        try { fs.writeSync(1, 'x'); } catch (error) { console.error(error.code); }
        process.exit();
      });`);
    const run = startCli([], { script, stdin: 'pipe' });
    await run.waitForStderr('true');
    run.closeStdout();
    run.stdin.write('go');
    expect((await run.exit).stderr).toBe('true\nEPIPE\n');
  });

  test('stdout can be a file, and a prefix can run the command', async () => {
    const file = join(makeTempFolder(), 'out');
    const script = scriptOf("process.stdout.write('x'.repeat(9999))");
    const exit = await runCli([], { script, stdout: openSync(file, 'w'), prefix: ['env', '--'] });
    expect(exit).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(file, 'utf8')).toHaveLength(9999);
  });

  test('a run beyond its limit is killed, and reports its stderr', async () => {
    // A shell, because it starts fast.
    const run = startChild('sh', ['-c', 'echo stuck here >&2; exec sleep 600'], { env: {}, limitMs: 1_000 });
    await expect(run.exit).rejects.toThrow(/still running after 1000 ms[\s\S]*stuck here/);
    await runCleanups('test');
    expect(isAlive(run.pid)).toBe(false);
  });

  test('a child that still runs at the end of the test is killed', async () => {
    const run = startCli([], { script: scriptOf(`console.log('up');${FOREVER}`) });
    await run.waitForStdout('up');
    expect(run.readPeakMemory()).toBeGreaterThan(10 << 20);
    await runCleanups('test');
    expect((await run.exit).signal).toBe('SIGKILL');
  });

  test('a program that does not exist is a rejection', async () => {
    await expect(startChild('/no/such/program', [], { env: {} }).exit).rejects.toThrow('ENOENT');
  });
});

describe('runShell', () => {
  test('atlantis is the command, and each status of the pipeline is known', async () => {
    const script = scriptOf("console.log(process.argv.slice(2).join('+')); process.exitCode = 3;");
    const run = await runShell('atlantis stream "a b" | cat | (cat; exit 1)', { script });
    expect(run.pipeStatus).toEqual([3, 0, 1]);
    expect(run.stdout).toBe('stream+a b\n');
    expect(run.code).toBe(1);
    expect((await runShell("atlantis it\\'s | cat", { script })).stdout).toBe("it's\n");
    expect((await runShell('atlantis x', { script, shell: 'sh' })).code).toBe(3);
  });

  test('everything that the shell started is killed after the test', async () => {
    const script = scriptOf(`console.error('pid=' + process.pid);${FOREVER}`);
    const run = startShell('atlantis | cat', { script });
    const [, pid] = /pid=(\d+)/.exec(await run.child.waitForStderr(/pid=\d+\n/)) ?? [];
    await runCleanups('test');
    await run.exit;
    await untilDead(Number(pid));
  });
});
