// `stream simulate` as a user runs it.
import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { SCENARIO_LIST } from '../../src/simulator/scenarios.ts';
import { hasPty, startCliInPty } from '../helpers/pty.ts';
import { type CliOptions, runCli, runShell, spawnCli, startCli, startShell } from '../helpers/run-cli.ts';

interface Ready {
  readonly url: string;
  readonly stream_url: string;
  readonly key: string;
  readonly ca_cert: string | null;
  readonly tail: readonly string[];
}

/** Starts the simulator on a free port and reads its ready record. */
async function startSimulate(args: readonly string[], options: CliOptions = {}) {
  const child = startCli(['stream', 'simulate', '--port', '0', '--json', ...args], options);
  const ready = JSON.parse(await child.waitForStdout('\n')) as Ready;
  return { child, ready };
}

const tail = ({ tail: words, key }: Ready, ...args: readonly string[]) =>
  runCli([...words.slice(1), '--json', ...args], { key });

describe('stream simulate', () => {
  test('the printed command tails the simulator', async () => {
    const child = spawnCli(['stream', 'simulate', '--port', '0', '--rate', '500']);
    const text = await child.waitForStdout('Ctrl-C');
    const line = text.split('\n').find((each) => each.startsWith('  ATLANTIS_API_KEY='));
    const { code, stdout } = await runShell(`${line} --limit 3 --quiet`);
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 3]);
  });

  test('--tls: the printed certificate file makes tail work, and is deleted at the end', async () => {
    const { child, ready } = await startSimulate(['--tls', '--rate', '500'], { spawned: true });
    expect(ready.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(existsSync(ready.ca_cert ?? '')).toBe(true);
    const { code, stdout } = await tail(ready, '--limit', '3');
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 3]);
    child.kill('SIGTERM');
    expect((await child.exit).signal).toBe('SIGTERM');
    expect(existsSync(ready.ca_cert ?? '')).toBe(false);
  });

  test('the same seed gives the same bytes', async () => {
    const run = async (): Promise<string> => {
      const { ready } = await startSimulate(['--seed', '7', '--rate', 'max', '--count', '200']);
      return (await tail(ready, '--limit', '200')).stdout;
    };
    const first = await run();
    expect(first.split('\n')).toHaveLength(201);
    expect(await run()).toBe(first);
  });

  test('M3: only keys given by --key are accepted, and none is printed', async () => {
    const keys = ['ak_live_aaaa', 'ak_live_0123456789abcdef00'];
    const { child, ready } = await startSimulate(keys.flatMap((key) => ['--key', key]));
    expect(ready.key).toBeNull();
    for (const key of keys) expect(child.stdoutText).not.toContain(key);
    const codes = [...keys, 'ak_live_cccc'].map(async (key) => {
      const { code } = await runCli([...ready.tail.slice(1), '--limit', '1', '--json'], { key });
      return code;
    });
    expect(await Promise.all(codes)).toEqual([0, 0, 3]);
  });

  test('--types selects the event types, --host the address', async () => {
    const { ready } = await startSimulate([
      '--types',
      'large_transfer, odd',
      '--host',
      '::1',
      '--rate',
      'max',
    ]);
    expect(ready.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    const { stdout } = await tail(ready, '--limit', '50');
    const types = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    expect(new Set(types)).toEqual(new Set(['large_transfer', 'odd']));
  });

  test.each([
    [['--port', '70000'], '--port "70000"'],
    [['--rate', 'fast'], '--rate "fast"'],
    [['--count', '-1'], '--count "-1"'],
    [['--scenario', 'sunny'], 'unknown scenario "sunny"'],
    [['--key', 'nonsense-key'], 'invalid --key'],
    [['--types', 'a,,b'], "simulator's types"],
  ])('%j is a usage error with a clear message', async (args, words) => {
    const { code, stdout, stderr } = await runCli(['stream', 'simulate', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('nonsense-key');
  });

  test.each(['0.0.0.0', '::'])(
    '--host %s: warns that other machines can connect, and prints a URL that works on this one',
    async (host) => {
      const child = startCli(['stream', 'simulate', '--port', '0', '--host', host, '--rate', 'max']);
      const text = await child.waitForStdout('Ctrl-C');
      expect(text).toContain(`It listens on every address of this machine (${host}).`);
      expect(text).toContain('Other machines on the network can connect');
      const line = text.split('\n').find((each) => each.startsWith('  ATLANTIS_API_KEY='));
      expect((await runShell(`${line} --limit 1 --quiet`)).code).toBe(0);
      const { ready } = await startSimulate(['--host', host]);
      expect(ready).toMatchObject({ host });
    },
  );

  test('without --host there is no such warning', async () => {
    const child = startCli(['stream', 'simulate', '--port', '0']);
    expect(await child.waitForStdout('Ctrl-C')).not.toContain('Other machines');
  });

  test.each([
    [['--host', '192.0.2.1'], 'on 192.0.2.1:8787: this machine does not have this address'],
    [['--host', '2001:db8::1'], 'on [2001:db8::1]:8787: this machine does not have this address'],
    [['--host', 'nowhere.invalid'], 'unknown host name'],
  ])('%j is a usage error that names the address, not a port', async (args, words) => {
    const { code, stderr } = await runCli(['stream', 'simulate', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('port 0');
  });

  test('a fast client does not starve the others', async () => {
    const { ready } = await startSimulate(['--rate', 'max']);
    const words = ready.tail.slice(1).join(' ');
    const { child } = startShell(`atlantis ${words} --json > /dev/null`, { key: ready.key });
    await child.waitForStderr('connected to');
    for (let round = 0; round < 3; round++) {
      expect((await fetch(`${ready.url}/healthz`)).status).toBe(200);
      expect((await tail(ready, '--limit', '1000')).code).toBe(0);
    }
  });

  test('S1: a signal ends the simulator at once, even with a client that does not read', async () => {
    const { child, ready } = await startSimulate(['--rate', 'max'], { spawned: true });
    const client = spawnCli([...ready.tail.slice(1), '--json'], { key: ready.key });
    await client.waitForStdout('\n');
    client.kill('SIGSTOP');
    child.kill('SIGINT');
    expect((await child.exit).signal).toBe('SIGINT');
  });

  test('a port in use is a usage error with the hint to use --port 0', async () => {
    const { ready } = await startSimulate([]);
    const { code, stderr } = await runCli(['stream', 'simulate', '--port', new URL(ready.url).port]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/the port is in use\n {2}--port 0 .*picks a free one/);
  });

  test('--help names every scenario', async () => {
    const { stdout } = await runCli(['stream', 'simulate', '--help']);
    const listed = /Scenarios: ([\s\S]*?)\n\n/.exec(stdout)?.[1]?.split(/,\s+/);
    expect(listed?.sort()).toEqual(SCENARIO_LIST.map(({ name }) => name).sort());
  });
});

(hasPty() ? test : test.skip)(
  'on a narrow terminal the lines wrap between words, and the printed command can be copied',
  async () => {
    const simulator = startCliInPty(['stream', 'simulate', '--port', '0'], { columns: 50 });
    const output = await simulator.waitFor('Press Ctrl-C to stop.');
    simulator.send('\x03');
    await simulator.exit;
    expect(output.replaceAll('\r', '')).toMatch(
      /^Simulator ready at\s+http:\/\/127\.0\.0\.1:\d+\nTail it from another terminal:\n {2}ATLANTIS_API_KEY=\w+ \\\n {4}atlantis stream tail \\\n {4}--url http:\/\/127\.0\.0\.1:\d+\n/,
    );
  },
);
