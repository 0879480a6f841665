// Key commands with real programs (contract P1).

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type KeyCommandDeps, runKeyCommand } from '../../src/settings/key-command.ts';
import { untilDead } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { expectSoon } from '../helpers/soon.ts';
import { untilWritten } from '../helpers/watch.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';
const { platform } = process;
const createDeps = (env: Record<string, string> = {}): KeyCommandDeps => ({
  env: { PATH: process.env['PATH'], ...env },
  platform,
  sendSignal(pid, signal) {
    try {
      return process.kill(pid, signal);
    } catch {
      return false;
    }
  },
  onSignal: () => () => {},
  dieBySignal: () => {},
});
const node = (code: string): string[] => [process.execPath, '-e', code];
const deps = createDeps();

describe('P1: a key command', () => {
  test('prints the key; a line break at the end is trimmed', async () => {
    await expect(runKeyCommand(['echo', KEY], deps)).resolves.toBe(KEY);
    await expect(runKeyCommand(['printf', `${KEY}\\r\\n`], deps)).resolves.toBe(KEY);
  });

  test('is run without a shell: arguments arrive as they are', async () => {
    const argv = [
      ...node(`console.log('ak_' + process.argv.slice(1).join('|'))`),
      '$(id)',
      '`id`',
      ';id',
      '*',
    ];
    await expect(runKeyCommand(argv, deps)).resolves.toBe('ak_$(id)|`id`|;id|*');
  });

  test('does not see ATLANTIS_API_KEY, but the rest of the environment', async () => {
    const env = { ATLANTIS_API_KEY: KEY, Atlantis_Api_Key: KEY, ATLANTIS_URL: 'https://a.example' };
    const argv = node(`
      const seen = Object.entries(process.env).filter(([name]) => /^atlantis/i.test(name));
      console.log('ak_' + seen.join());`);
    await expect(runKeyCommand(argv, createDeps(env))).resolves.toBe('ak_ATLANTIS_URL,https://a.example');
  });

  test('does not run in the working directory of the user', async () => {
    await expect(runKeyCommand(['sh', '-c', 'echo "ak_$(pwd)"'], deps)).resolves.toBe('ak_/');
  });

  test.each(['relative', 'empty'])('is not looked up in a %s entry of PATH', async (kind) => {
    const folder = makeTempFolder();
    const trace = join(folder, 'ran');
    writeFileSync(join(folder, 'planted'), `#!/bin/sh\ntouch ${trace}; echo ${KEY}\n`, { mode: 0o755 });
    const before = process.cwd();
    process.chdir(folder);
    try {
      const PATH = `${kind === 'empty' ? '' : '.'}:${process.env['PATH']}`;
      await expect(runKeyCommand(['planted'], createDeps({ PATH }))).rejects.toThrow('was not found');
      // A shell that the key command starts gets the same PATH.
      await expect(runKeyCommand(['sh', '-c', 'planted'], createDeps({ PATH }))).rejects.toThrow(
        'status 127',
      );
    } finally {
      process.chdir(before);
    }
    expect(existsSync(trace)).toBe(false);
  });

  test('has an empty stdin, so it does not wait for input', async () => {
    await expect(runKeyCommand(['sh', '-c', `cat; echo ${KEY}`], deps)).resolves.toBe(KEY);
  });

  test.each<[string, string[], string]>([
    ['not found', ['atlantis-no-such-command'], 'atlantis-no-such-command was not found'],
    ['not executable', ['/etc/passwd'], '/etc/passwd is not executable'],
    ['a directory', ['/etc'], '/etc is not executable'],
    ['arguments too long', ['echo', 'a'.repeat(3_000_000)], 'echo could not be started (E2BIG)'],
    ['a status', ['sh', '-c', 'echo canary; echo canary >&2; exit 7'], 'sh failed with exit status 7'],
    ['a signal', ['sh', '-c', 'echo canary; kill -9 $$'], 'sh was killed by SIGKILL'],
    ['nothing printed', ['true'], 'the key command true cannot be used: it is empty'],
    ['no key printed', ['echo', 'canary'], 'does not start with "ak_"'],
    ['more than one line', ['printf', 'ak_live_canary\nak_live_canary'], 'contains a line break'],
    ['not UTF-8', ['printf', 'ak_live_canary\\377'], 'not printable ASCII'],
    ['endless output', ['yes', 'canary'], 'yes printed more than a key'],
  ])('that fails (%s) is exit 3, with its name and status and never its output', async (_what, argv, why) => {
    // The hint must be about the command, not about a key that was copied by hand.
    const error = await runKeyCommand(argv, deps).catch((caught: unknown) => caught);
    const { exitCode, message, hint, stack } = error as Error & { exitCode: number; hint: string };
    expect(exitCode).toBe(3);
    expect(message).toContain(why);
    expect(hint).toMatch(/run it there|must print the key and nothing else/);
    expect(`${message} ${hint} ${stack} ${JSON.stringify(error)}`).not.toContain('canary');
  });

  test('is killed after its time limit, with all processes that it started', async () => {
    const pids = join(makeTempFolder(), 'pids');
    writeFileSync(pids, '');
    const script = `trap '' TERM; sleep 60 & echo $$ $! > ${pids}; wait`;
    const began = performance.now();
    const running = runKeyCommand(['sh', '-c', script], deps, undefined, 500);
    await expect(running).rejects.toMatchObject({
      exitCode: 3,
      message: 'the key command sh did not finish within 0.5 s and was killed',
    });
    expectSoon(performance.now() - began, 5_000);
    const started = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
    expect(started).toHaveLength(2);
    for (const pid of started) await untilDead(pid);
  });

  test('may leave an agent running, even one that keeps its output open', async () => {
    const pids = join(makeTempFolder(), 'pids');
    const began = performance.now();
    const script = `sleep 60 & echo $! > ${pids}; printf ${KEY.slice(0, 20)}; sleep 0.1; printf ${KEY.slice(20)}`;
    await expect(runKeyCommand(['sh', '-c', script], deps)).resolves.toBe(KEY);
    expectSoon(performance.now() - began, 5_000);
    const agent = Number(readFileSync(pids, 'utf8'));
    expect(existsSync(`/proc/${agent}`)).toBe(true);
    process.kill(agent, 'SIGKILL');
    await untilDead(agent);
  });

  test('that fails leaves no agent behind', async () => {
    const pids = join(makeTempFolder(), 'pids');
    const script = `sleep 60 & echo $! > ${pids}; exit 4`;
    await expect(runKeyCommand(['sh', '-c', script], deps)).rejects.toThrow('status 4');
    await untilDead(Number(readFileSync(pids, 'utf8')));
  });

  test('is ended at once by the signal of the run', async () => {
    const pids = join(makeTempFolder(), 'pids');
    const stop = new AbortController();
    const running = runKeyCommand(['sh', '-c', `echo $$ > ${pids}; exec sleep 60`], deps, stop.signal);
    const pid = Number(await untilWritten(pids));
    stop.abort();
    await expect(running).rejects.toThrow('the key command sh was interrupted');
    await untilDead(pid);
    await expect(runKeyCommand(['echo', KEY], deps, stop.signal)).rejects.toThrow('interrupted');
  });
});
