// The main job as a user sees it: the built command with the built-in and with a separate simulator, in pipes
// and with bad input.
import { afterEach, describe, expect, test } from '@jest/globals';
import { runCleanups } from '../helpers/cleanup.ts';
import { runCli, runShell, startCli } from '../helpers/run-cli.ts';

const KEY = 'ak_live_0123456789abcdeffedcba9876543210';

/** The URL that a simulator prints. */
function findUrl(text: string): string {
  return /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? '';
}

afterEach(() => runCleanups('test'));

describe('tail --simulate', () => {
  test('prints --limit events, and nothing else on stdout', async () => {
    const { code, stdout, stderr } = await runCli(['stream', 'tail', '--simulate', '--limit', '3', '--json']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('type');
    expect(stderr).toContain('connected to 127.0.0.1');
    expect(stderr).toContain('3 events in');
    expect(code).toBe(0);
  });

  test('prints amounts beyond 2^53 unchanged', async () => {
    const { stdout } = await runCli(['stream', 'tail', '--simulate', 'burst', '-n', '200', '--json']);
    const amounts = [...stdout.matchAll(/"amount_raw":(\d+)/g)].map(([, digits]) => BigInt(digits ?? '0'));
    expect(amounts.length).toBeGreaterThan(100);
    expect(amounts.some((amount) => amount > 2n ** 53n)).toBe(true);
  });

  test('--format pretty shows time and type', async () => {
    const args = ['stream', 'tail', '--simulate', '--limit', '1', '--format', 'pretty', '--color', 'never'];
    const { stdout } = await runCli(args);
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\S+ +(large_transfer|address_activity) /);
  });

  test('works in a pipe: | jq -c .type | head -3', async () => {
    const { stdout, stderr, pipeStatus } = await runShell(
      'atlantis stream tail --simulate burst | jq --unbuffered -c .type | head -3',
    );
    expect(stdout.trimEnd().split('\n')).toHaveLength(3);
    expect(pipeStatus[0]).toBe(0);
    expect(stderr).not.toMatch(/error|EPIPE/i);
  });
});

describe('tail of a simulator in another process', () => {
  test('reconnects after a restart of the server, reports the gap, and ends by SIGINT', async () => {
    const first = startCli(['stream', 'simulate', '--port', '0', '--rate', '50']);
    const url = findUrl(await first.waitForStdout('Ctrl-C'));
    const args = ['stream', 'tail', '--url', url, '--retry-min', '250ms', '--retry-max', '500ms'];
    const tail = startCli(args, { key: KEY });
    await tail.waitForLines(2);
    first.kill('SIGINT');
    expect((await first.exit).signal).toBe('SIGINT');
    await tail.waitForStderr('retrying in');
    const second = startCli(['stream', 'simulate', '--port', new URL(url).port, '--rate', '50']);
    await second.waitForStdout('ready');
    await tail.waitForStderr('were not delivered, and their number is unknown');
    const before = tail.lineCount;
    await tail.waitForLines(before + 2);
    tail.kill('SIGINT');
    const { signal, stderr } = await tail.exit;
    expect(signal).toBe('SIGINT');
    expect(stderr).toMatch(/\d+ events in .*, 1 reconnect, /);
    expect(stderr).not.toContain(KEY);
  });

  test('a wrong key is refused with exit 3', async () => {
    const simulator = startCli(['stream', 'simulate', '--port', '0', '--key', `${KEY}99`]);
    const url = findUrl(await simulator.waitForStdout('Ctrl-C'));
    const { code, stdout, stderr } = await runCli(['stream', 'tail', '--url', url], { key: KEY });
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toContain('401 unauthorized');
    expect(stderr).toContain('set a valid one in ATLANTIS_API_KEY');
  });

  test('the ready file exists when the first event is printed, and not after the end', async () => {
    const { stdout } = await runShell(
      'atlantis -q stream tail --simulate --limit 2 --ready-file "$HOME/ready" | { read -r first; cat "$HOME/ready"; cat >/dev/null; }; ! test -e "$HOME/ready"',
    );
    expect(JSON.parse(stdout)).toMatchObject({ key_prefix: 'ak_live_01234567' });
  });
});

describe('bad input is an error that says what to do', () => {
  const url = 'http://127.0.0.1:9';
  const rows: readonly (readonly [string, string[], number, RegExp])[] = [
    ['no key', ['stream', 'tail', '--url', url], 3, /no API key[\s\S]*profile add[\s\S]*ATLANTIS_API_KEY/],
    ['no URL', ['stream', 'tail'], 2, /no URL[\s\S]*--url[\s\S]*ATLANTIS_URL[\s\S]*profile add/],
    [
      'a bad count',
      ['stream', 'tail', '--limit', 'many'],
      2,
      /--limit "many"[\s\S]*a whole number of at least 1/,
    ],
    ['a count of zero', ['stream', 'tail', '--limit', '0'], 2, /--limit "0"/],
    [
      'a bad duration',
      ['stream', 'tail', '--duration', '5 parsecs'],
      2,
      /--duration "5 parsecs"[\s\S]*1h30m/,
    ],
    ['a bad choice', ['stream', 'tail', '--format', 'xml'], 2, /--format "xml"[\s\S]*auto, pretty, ndjson/],
    ['a bad URL', ['stream', 'tail', '--url', 'ftp://x'], 2, /--url[\s\S]*ftp:\/\/x[\s\S]*https:\/\//],
    [
      'an unknown flag',
      ['stream', 'tail', '--limt', '5'],
      2,
      /unknown flag --limt[\s\S]*did you mean --limit\?/,
    ],
    ['an unknown command', ['stream', 'tial'], 2, /"tial"[\s\S]*did you mean tail\?/],
    ['an unknown group', ['strem', 'tail'], 2, /"strem"[\s\S]*did you mean stream\?/],
    ['an unknown profile', ['stream', 'tail', '-p', 'x'], 2, /no profile "x"/],
    ['a contradiction', ['stream', 'tail', '--simulate', '--url', url], 2, /--simulate and --url/],
    ['an unknown scenario', ['stream', 'tail', '--simulate', 'sunshine'], 2, /sunshine[\s\S]*steady/],
  ];
  test.each(rows)('%s', async (_name, args, expected, words) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(stdout).toBe('');
    expect(code).toBe(expected);
  });

  test('with --log-format json the error is one JSON object', async () => {
    const { stderr } = await runCli(['stream', 'tail', '--log-format', 'json']);
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', event: 'error', exit_code: 2 });
  });
});

test('--version prints a version number', async () => {
  const { stdout, code } = await runCli(['--version']);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(code).toBe(0);
});
