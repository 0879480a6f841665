// Two users on one machine: the attacker creates links, pipes and locks at places where the files of the victim are
// written.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { identifyProcess } from '../../src/io/process-identity.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { COMMAND, type Exit, quote, runCli, runShell } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';

const [VICTIM, OTHER] = [12_345, 54_321];
const AS_VICTIM = ['setpriv', `--reuid=${VICTIM}`, `--regid=${VICTIM}`, '--clear-groups'];
const [setpriv = '', ...user] = AS_VICTIM;
/** Whether another user can run the command in this folder. */
const probe = [...user, process.execPath, COMMAND, '--version'];
const hasUsers = process.getuid?.() === 0 && spawnSync(setpriv, probe).status === 0;
const describeWithUsers = hasUsers ? describe : describe.skip;

const URL = 'https://api.atlantis.example';
const EVENTS = ['{"type":"large_transfer","id":"evt_1"}', '{"type":"large_transfer","id":"evt_2"}'];
/** The name in a lock of a holder that has ended. */
const DEAD = nameDeadHolder();

function nameDeadHolder(): string {
  const { pid } = spawnSync('true');
  const [, ...rest] = identifyProcess({ pid: process.pid, sendSignal: () => true }).name.split('-');
  return [pid, ...rest, 'aabbccddeeff'].join('-');
}

/** Creates the home of the victim, with files that must not change. */
function makeHome(): { home: string; ssh: string; names: string[] } {
  const home = join(makeTempFolder(), 'home');
  const ssh = join(home, '.ssh');
  mkdirSync(ssh, { recursive: true });
  for (const name of ['authorized_keys', 'id_ed25519', DEAD]) writeFileSync(join(ssh, name), 'precious');
  execFileSync('chown', ['-R', `${VICTIM}:${VICTIM}`, home]);
  chmodSync(join(home, '..'), 0o755);
  return { home, ssh, names: readdirSync(ssh) };
}

/** Creates a world-writable folder of the attacker. */
function makeTrap(): string {
  const trap = join(makeTempFolder(), 'trap');
  mkdirSync(trap);
  chownSync(trap, OTHER, OTHER);
  chmodSync(trap, 0o777);
  chmodSync(join(trap, '..'), 0o755);
  return trap;
}

function plantLink(target: string, path: string): string {
  symlinkSync(target, path);
  lchownSync(path, OTHER, OTHER);
  return path;
}

const run = (args: readonly string[], home: string, more: { stdin?: string } = {}, env = {}): Promise<Exit> =>
  runCli([...args, '--verbose'], {
    prefix: AS_VICTIM,
    key: CANARY_KEY,
    env: { HOME: home, ...env },
    ...more,
  });

describeWithUsers('row 61: a lock that is a link planted by another user (needs root and setpriv)', () => {
  test('for a profile store: exit 10, and the folder that the link points to is unchanged', async () => {
    const { home, ssh, names } = makeHome();
    const folder = join(home, 'config');
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, VICTIM, VICTIM);
    plantLink(ssh, join(folder, 'profiles.json.lock'));
    const args = ['profile', 'add', 'main', '--url', URL, '--key-stdin'];
    const { code, stderr } = await run(args, home, { stdin: CANARY_KEY }, { ATLANTIS_CONFIG_DIR: folder });
    expect([code, stderr]).toEqual([10, expect.stringContaining('is a symbolic link')]);
    expect(readdirSync(ssh)).toEqual(names);
    expect(readdirSync(folder)).toEqual(['profiles.json.lock']);
  });

  test('for a spool: exit 9, and the folder that the link points to is unchanged', async () => {
    const { home, ssh, names } = makeHome();
    const spool = join(home, 'spool');
    const endpoint = await startHttpEndpoint();
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const args = [
      'stream',
      'relay',
      '--url',
      server.url,
      '--to',
      endpoint.url,
      '--spool',
      spool,
      '--limit',
      '2',
    ];
    expect((await run(args, home)).code).toBe(0);
    const [sink = ''] = readdirSync(spool);
    plantLink(ssh, join(spool, sink, 'lock'));
    const { code, stderr } = await run(args, home);
    expect([code, stderr]).toEqual([9, expect.stringContaining('is a symbolic link')]);
    expect(readdirSync(ssh)).toEqual(names);
  });

  test('for a recording: exit 2, and the folder that the link points to is unchanged', async () => {
    const { home, ssh, names } = makeHome();
    plantLink(ssh, join(home, 'events.ndjson.lock'));
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const path = join(home, 'events.ndjson');
    const args = ['stream', 'tail', '--url', server.url, '--limit', '1', '--record', path];
    const { code, stderr } = await run(args, home);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is a symbolic link')]);
    expect(readdirSync(ssh)).toEqual(names);
  });

  test('a lock whose entry cannot be removed: exit 10 after 2 s, without busy waiting', async () => {
    const { home } = makeHome();
    const folder = join(home, 'config');
    const lock = join(folder, 'profiles.json.lock');
    mkdirSync(lock, { recursive: true });
    chmodSync(folder, 0o700);
    chownSync(folder, VICTIM, VICTIM);
    // The lock belongs to root, so the victim cannot remove entries from it.
    const entry = join(lock, DEAD);
    writeFileSync(entry, '');
    utimesSync(entry, 1, 1);
    const words = [...AS_VICTIM, process.execPath, COMMAND].map(quote).join(' ');
    const command = `${words} profile add main --url ${URL} --key-stdin --verbose`;
    const startedAtMs = performance.now();
    const { code, stderr } = await runShell(
      `TIMEFORMAT='cpu %U %S'; time timeout 15 ${command} <<< ${CANARY_KEY}`,
      { env: { HOME: home, ATLANTIS_CONFIG_DIR: folder } },
    );
    const [, user, system] = /cpu (\S+) (\S+)/.exec(stderr) ?? [];
    expect([code, stderr]).toEqual([10, expect.stringContaining('another process')]);
    expect(Number(user) + Number(system)).toBeLessThan(1.9);
    expect(performance.now() - startedAtMs).toBeGreaterThan(2_000);
  });
});

describeWithUsers('row 109: another user who tries to lock or read a recording', () => {
  const asOther = ['setpriv', `--reuid=${OTHER}`, `--regid=${OTHER}`, '--clear-groups'];
  const attack = (...words: readonly string[]): number | null => {
    const [command = '', ...args] = [...asOther, ...words];
    return spawnSync(command, args, { env: { PATH: process.env['PATH'], HOME: '/nonexistent' } }).status;
  };

  test('cannot do so in a folder of the owner: the run records, and only the owner can read the file', async () => {
    const { home } = makeHome();
    chmodSync(home, 0o755);
    const path = join(home, 'events.ndjson');
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const record = ['stream', 'tail', '--url', server.url, '--record', path];
    expect(attack('mkdir', `${path}.lock`)).not.toBe(0);
    expect(attack(process.execPath, COMMAND, ...record)).not.toBe(0);
    const { code } = await run([...record, '--limit', '2'], home);
    expect([code, readFileSync(path, 'utf8').split('\n').length]).toEqual([0, 6]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(attack('cat', path)).not.toBe(0);
  });

  test('can lock it in a folder such as /tmp: the run is refused, and the error has the path of the lock', async () => {
    const { home } = makeHome();
    const shared = makeTrap();
    chmodSync(shared, 0o1777);
    const path = join(shared, 'events.ndjson');
    expect(attack('mkdir', `${path}.lock`)).toBe(0);
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const args = ['stream', 'tail', '--url', server.url, '--record', path, '--limit', '1'];
    const { code, stderr } = await run(args, home);
    expect([code, server.attempts.length]).toEqual([2, 0]);
    expect(stderr).toContain(`belongs to another user (uid ${OTHER}): ${path}.lock`);
  });
});

describeWithUsers('row 62 (F6): files that another user has planted (needs root and setpriv)', () => {
  test('a spool in a folder of another user: exit 9, nothing is created in it, and nothing is delivered', async () => {
    const { home } = makeHome();
    const trap = makeTrap();
    const endpoint = await startHttpEndpoint();
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const args = ['stream', 'relay', '--url', server.url, '--to', endpoint.url, '--spool', trap];
    const { code, stderr } = await run(args, home);
    expect([code, stderr]).toEqual([9, expect.stringContaining('it belongs to another user')]);
    expect(stderr).toContain('use a directory of your own, or run atlantis as its owner');
    expect([readdirSync(trap), endpoint.requests]).toEqual([[], []]);
  });

  const LINKED = 'it is a symbolic link';
  test.each([
    ['--ready-file', ['stream', 'tail', '--limit', '1'], 9],
    ['--record', ['stream', 'tail', '--limit', '1'], 9],
    ['--junit', ['stream', 'check'], 9],
    ['--dead-letter', ['stream', 'relay', '--limit', '1', '--to', 'ENDPOINT'], 9],
  ])(
    '%s with a link to a file of the victim: exit 9, and the file is unchanged',
    async (flag, words, expected) => {
      const { home, ssh } = makeHome();
      const link = plantLink(join(ssh, 'authorized_keys'), join(makeTrap(), 'link'));
      const endpoint = await startHttpEndpoint();
      const server = await startScriptedServer(streamHandler({ events: EVENTS }));
      const args = words.map((word) => (word === 'ENDPOINT' ? endpoint.url : word));
      const { code, stderr } = await run([...args, '--url', server.url, flag, link], home);
      expect([code, stderr]).toEqual([expected, expect.stringContaining(LINKED)]);
      expect(readFileSync(join(ssh, 'authorized_keys'), 'utf8')).toBe('precious');
    },
  );

  test('a step summary with a link to a file of the victim: a warning, and the file is unchanged', async () => {
    const { home, ssh } = makeHome();
    const link = plantLink(join(ssh, 'authorized_keys'), join(makeTrap(), 'link'));
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: link };
    const { code, stderr } = await run(['stream', 'check', '--url', server.url], home, {}, env);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`could not be written: ${LINKED}`)]);
    expect(readFileSync(join(ssh, 'authorized_keys'), 'utf8')).toBe('precious');
  });

  /** Creates a pipe of the attacker, who reads from it. */
  function plantPipe(): { readonly pipe: string; readonly reader: number } {
    const pipe = join(makeTrap(), 'pipe');
    execFileSync('mkfifo', ['-m', '666', pipe]);
    chownSync(pipe, OTHER, OTHER);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    registerCleanup(() => closeSync(reader));
    return { pipe, reader };
  }

  test('a step summary that is a pipe of another user: a warning, and nothing is written to it', async () => {
    const { home } = makeHome();
    const { pipe, reader } = plantPipe();
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: pipe };
    const { code, stderr } = await run(['stream', 'check', '--url', server.url], home, {}, env);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('could not be written: it belongs to another user'),
    ]);
    expect(readFileSync(reader, 'utf8')).toBe('');
  });

  test('a ready file that is a pipe of another user: exit 9 at once, and nothing is written to it', async () => {
    const { home } = makeHome();
    const { pipe, reader } = plantPipe();
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const args = ['stream', 'tail', '--url', server.url, '--limit', '1', '--ready-file', pipe];
    const { code, stderr } = await run(args, home);
    expect([code, existsSync(pipe)]).toEqual([9, true]);
    expect(stderr).toContain('could not be written: it belongs to another user');
    expect(readFileSync(reader, 'utf8')).toBe('');
  });
});
