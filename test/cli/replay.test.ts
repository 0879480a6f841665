// `stream replay` as a user runs it.
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { hasPty, startCliInPty } from '../helpers/pty.ts';
import { runCli, runShell, spawnCli, startCli } from '../helpers/run-cli.ts';

const HEADER = '{"recording":1,"started_at":"2026-01-01T00:00:00.000Z","tool":"atlantis-cli 0.1.0"}';
const GAP = '{"lifecycle":"gap","from":"2026-01-01T00:00:00.000Z","to":null,"cause":"dropped"}';
const event = (n: number, extra = ''): string =>
  `{"type":"${n % 2 === 0 ? 'even' : 'odd'}","n":${n},"amount":12345678901234567890${n}${extra}}`;
const line = (n: number, atMs = n): string =>
  `{"received_at":"${new Date(1_767_225_600_000 + atMs).toISOString()}","seq":${n},"connection":1,"event":${event(n)}}`;
const LINES = [HEADER, ...[1, 2, 3, 4].map((n) => line(n)), GAP, ...[5, 6].map((n) => line(n))];

function record(lines: readonly string[], name = 'events.ndjson'): string {
  const path = join(makeTempFolder(), name);
  const text = `${lines.join('\n')}\n`;
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

const replay = (path: string, ...args: readonly string[]) => runCli(['stream', 'replay', path, ...args]);
const events = (...numbers: readonly number[]): string => numbers.map((n) => `${event(n)}\n`).join('');

describe('stream replay', () => {
  test.each(['events.ndjson', 'events.ndjson.gz'])(
    '%s: prints the events as they were sent',
    async (name) => {
      const { code, stdout, stderr } = await replay(record(LINES, name));
      expect([code, stdout]).toEqual([0, events(1, 2, 3, 4, 5, 6)]);
      expect(stderr).toMatch(/^atlantis: 6 events in .* s, 1 gap of 0\.00 s\n$/);
    },
  );

  test('W4: exit 2 for a file that is not a recording, 0 for an empty recording', async () => {
    const path = record(['# events', 'n = 1']);
    const { code, stdout, stderr } = await replay(path);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${path} is not a recording: it contains no events\n`);
    expect(stderr).toContain('--record <file>');
    expect((await replay(record([HEADER]))).code).toBe(0);
    expect((await replay(record([HEADER, GAP, 'torn']))).code).toBe(0);
  });

  test('the file "-" is stdin, compressed or not', async () => {
    const path = record(LINES, 'events.ndjson.gz');
    const run = (text: string) => runShell(text.replaceAll('FILE', path));
    expect((await run('zcat FILE | atlantis stream replay - -q')).stdout).toBe(events(1, 2, 3, 4, 5, 6));
    expect((await run('cat FILE | atlantis stream replay - -q')).stdout).toBe(events(1, 2, 3, 4, 5, 6));
  });

  test.each([
    [
      ['--type', 'even'],
      [2, 4, 6],
    ],
    [
      ['--where', 'n > 4'],
      [5, 6],
    ],
    [
      ['--limit', '3'],
      [1, 2, 3],
    ],
    [
      ['--type', 'odd', '-n', '2'],
      [1, 3],
    ],
  ])('%j selects events', async (args, numbers) => {
    const { code, stdout } = await replay(record(LINES), ...args, '--json');
    expect([code, stdout]).toEqual([0, events(...numbers)]);
  });

  test('--envelope: prints the recorded receive times and lifecycle records', async () => {
    const { stdout } = await replay(record(LINES), '--envelope');
    expect(stdout).toBe(`${LINES.slice(1).join('\n')}\n`);
  });

  test('--format pretty: prints the recorded receive times', async () => {
    const { stdout } = await replay(
      record([line(1)]),
      '--format',
      'pretty',
      '--time',
      'utc',
      '--color',
      'never',
    );
    expect(stdout).toMatch(/^2026-01-01T00:00:00\.001Z +odd\b.*123,456,789,012,345,678,901/);
  });

  test('W4: keeps the pauses between events; --speed max does not wait', async () => {
    const path = record([line(1, 0), line(2, 400), line(3, 3_600_000)]);
    const child = spawnCli(['stream', 'replay', path, '--speed', '2x']);
    const startedAt = performance.now();
    await child.waitForStdout(event(1));
    await child.waitForStdout(event(2));
    expect(performance.now() - startedAt).toBeGreaterThan(150);
    child.kill('SIGINT');
    expect(await child.exit).toMatchObject({
      signal: 'SIGINT',
      stdout: events(1, 2),
      stderr: expect.stringContaining('stopped by SIGINT'),
    });
    expect((await replay(path, '--speed', 'max')).stdout).toBe(events(1, 2, 3));
  });

  test('R2: a signal ends a replay that waits for data from a named pipe', async () => {
    const path = join(makeTempFolder(), 'pipe');
    await runShell(`mkfifo '${path}'`);
    const pipe = openSync(path, 'r+');
    registerCleanup(() => closeSync(pipe));
    writeSync(pipe, `${line(1)}\n`);
    const child = spawnCli(['stream', 'replay', path]);
    await child.waitForStdout(event(1));
    child.kill('SIGINT');
    expect((await child.exit).signal).toBe('SIGINT');
  });

  test('W4: damaged lines are skipped, reported and counted, exit 0', async () => {
    const path = record([line(1), 'garbage', line(2), line(3).slice(0, 70)]);
    const { code, stdout, stderr } = await replay(path);
    expect([code, stdout]).toEqual([0, events(1, 2)]);
    expect(stderr).toContain('line 2 is damaged: it is not JSON');
    expect(stderr).toContain('line 4 is damaged');
    expect(stderr).toContain('2 events');
    expect(stderr).toContain('2 damaged lines');
  });

  test('W4: --strict: the events before the first damaged line are printed, then exit 8', async () => {
    const { code, stdout, stderr } = await replay(record([line(1), 'garbage', line(2)]), '--strict');
    expect([code, stdout]).toEqual([8, events(1)]);
    expect(stderr).toContain('line 2 is damaged');
  });

  test('of a hundred damaged lines, only the first few are reported separately', async () => {
    const { stderr } = await replay(record([line(1), ...new Array<string>(100).fill('x')]));
    expect(stderr.split('\n').length).toBeLessThan(15);
    expect(stderr).toContain('100 damaged lines');
  });

  test('plays a truncated compressed recording up to its end', async () => {
    const many = Array.from({ length: 5_000 }, (_, n) => line(n, 0));
    const path = join(makeTempFolder(), 'cut.gz');
    const packed = gzipSync(`${many.join('\n')}\n`);
    writeFileSync(path, packed.subarray(0, packed.length / 2));
    const { code, stdout, stderr } = await replay(path);
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThan(500);
    expect(stderr).toContain('the compressed data is truncated');
    expect((await replay(path, '--strict')).code).toBe(8);
  });

  test.each([
    [['/no/such/file'], 'cannot be read: it does not exist'],
    [['/'], 'it is a directory'],
    [['-', '--speed', 'fast'], '--speed "fast"'],
    [['-', '--speed', '0x'], '--speed "0x"'],
    [['-', '--where', 'n >'], '--where'],
    [[], 'missing argument <file>'],
  ])('%j is a usage error', async (args, words) => {
    const { code, stdout, stderr } = await runCli(['stream', 'replay', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
  });

  test('O7: ends silently when the reader of stdout closes it', async () => {
    const path = record(Array.from({ length: 20_000 }, (_, n) => line(n, 0)));
    const { pipeStatus, stderr } = await runShell(`atlantis stream replay ${path} -q | head -1 >/dev/null`);
    expect([pipeStatus, stderr]).toEqual([[0, 0], '']);
  });

  test('O7: a full disk is exit 9', async () => {
    const { code } = await runShell(`atlantis stream replay ${record(LINES)} -q > /dev/full`);
    expect(code).toBe(9);
  });
});

const GUARDED = { key: CANARY_KEY };

describe('row 107: a file of plain NDJSON, as `tail --json > file` writes it', () => {
  test.each(['events.ndjson', 'events.ndjson.gz'])(
    '%s: each event is printed byte for byte, without waits',
    async (name) => {
      const path = record([event(1), event(2), event(3)], name);
      const { code, stdout } = await runCli(['stream', 'replay', path, '--verbose'], GUARDED);
      expect([code, stdout]).toEqual([0, events(1, 2, 3)]);
      const some = await runCli(
        ['stream', 'replay', path, '--type', 'odd', '--envelope', '--verbose'],
        GUARDED,
      );
      expect(some.stdout).toMatch(
        /^\{"received_at":"20[^"]+","seq":1,"connection":1,"event":\{"type":"odd","n":1,/,
      );
    },
  );

  test('replay prints the output of `tail` again', async () => {
    const path = join(makeTempFolder(), 'events.ndjson');
    const tail = await runCli(
      ['stream', 'tail', '--simulate', '--json', '--limit', '3', '--verbose'],
      GUARDED,
    );
    writeFileSync(path, tail.stdout);
    expect((await runCli(['stream', 'replay', path, '--verbose'], GUARDED)).stdout).toBe(tail.stdout);
  });

  test('simulate --replay serves the file, at --rate', async () => {
    const path = record([event(1), event(2), event(3)]);
    const args = [
      'stream',
      'simulate',
      '--port',
      '0',
      '--json',
      '--replay',
      path,
      '--rate',
      '100',
      '--verbose',
    ];
    const server = startCli(args, GUARDED);
    const { tail } = JSON.parse(await server.waitForStdout('\n'));
    const { code, stdout } = await runCli([...tail.slice(1), '--json', '-n', '3', '--verbose'], GUARDED);
    expect([code, stdout]).toEqual([0, events(1, 2, 3)]);
  });

  test.each([
    ['replay', ['stream', 'replay', 'PATH']],
    ['simulate --replay', ['stream', 'simulate', '--port', '0', '--json', '--replay', 'PATH']],
    ['relay --redeliver', ['stream', 'relay', '--to', 'http://127.0.0.1:9', '--redeliver', 'PATH']],
  ])('%s of a file that is not JSON: exit 2 at the start', async (_what, words) => {
    const path = record(new Array<string>(20).fill('not json'));
    const args = words.map((word) => (word === 'PATH' ? path : word));
    const { code, stdout, stderr } = await runCli([...args, '--verbose'], GUARDED);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/not a recording|is not a dead-letter file/);
    expect(stderr).not.toContain('is damaged');
  });

  test('relay --redeliver of plain NDJSON: exit 2, and nothing is sent', async () => {
    const endpoint = await startHttpEndpoint();
    const args = ['stream', 'relay', '--to', endpoint.url, '--redeliver', record([event(1)]), '--verbose'];
    const { code, stderr } = await runCli(args, GUARDED);
    expect([code, endpoint.requests]).toEqual([2, []]);
    expect(stderr).toContain('is not a dead-letter file');
  });
});

describe('row 108: replay of a part of a recording, and of pauses of hours', () => {
  const HOURS = [line(1, 0), line(2, 100), line(3, 7_200_000), line(4, 14_400_000)];
  const run = (...args: readonly string[]) =>
    runCli(['stream', 'replay', record(HOURS), '--verbose', ...args], GUARDED);

  test('--max-pause shortens the pauses', async () => {
    expect((await run('--max-pause', '10ms')).stdout).toBe(events(1, 2, 3, 4));
  });

  (hasPty() ? test : test.skip)(
    'a terminal shows the position, the time until the next event and the remaining time (needs python3)',
    async () => {
      const pty = startCliInPty(['stream', 'replay', record(HOURS), '--verbose'], {
        ...GUARDED,
        columns: 120,
      });
      await pty.waitFor(/at \S.*next event in (?:2h 0m|1h 59m).*(?:4h 0m|3h 59m) left.*2 events/);
      pty.send('\x03');
      expect((await pty.exit).signal).toBe('SIGINT');
    },
  );

  test.each([
    [
      ['--since', '2026-01-01T01:00Z'],
      [3, 4],
    ],
    [
      ['--until', '2026-01-01T01:00Z'],
      [1, 2],
    ],
    [
      ['--since', '2026-01-01T00:00:00.100Z', '--until', '2026-01-01T02:00Z'],
      [2, 3],
    ],
    [['--since', '10m'], []],
  ])('%j selects events', async (args, numbers) => {
    const { code, stdout } = await run('--speed', 'max', ...args);
    expect([code, stdout]).toEqual([0, events(...numbers)]);
  });

  test.each([
    [['--rate', '0'], '--rate "0"\n  accepted: a number above 0, such as 5'],
    [['--rate', '5', '--speed', '2x'], '--rate and --speed cannot be combined'],
    [['--rate', '5', '--max-pause', '2s'], '--rate and --max-pause cannot be combined'],
    [['--speed', 'max', '--max-pause', '2s'], '--speed max and --max-pause cannot be combined'],
    [['--since', 'noon'], 'invalid --since "noon"\n  accepted: a duration such as 10m, or a time such as'],
    [
      ['--since', '2026-02-30'],
      'invalid --since "2026-02-30"\n  accepted: a duration such as 10m, or a time such as',
    ],
    [['--since', '2026-02-01', '--until', '2026-01-01'], '--until is before --since'],
  ])('%j is a usage error', async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});

describe('simulate --replay', () => {
  test('plays the recording from its beginning for each client', async () => {
    const path = record([...LINES, 'garbage'], 'events.ndjson.gz');
    const server = startCli(['stream', 'simulate', '--port', '0', '--json', '--replay', path]);
    const { tail, key } = JSON.parse(await server.waitForStdout('\n'));
    for (const _client of [1, 2]) {
      const { code, stdout } = await runCli([...tail.slice(1), '--json', '-n', '6'], { key });
      expect([code, stdout]).toEqual([0, events(1, 2, 3, 4, 5, 6)]);
    }
    await server.waitForStderr('6 events');
    expect(server.stderrText.match(/line 9 is damaged/g)).toHaveLength(1);
  });

  test('while the recording is deleted, clients are refused', async () => {
    const path = record(LINES);
    const server = startCli(['stream', 'simulate', '--port', '0', '--json', '--replay', path]);
    const { tail, key } = JSON.parse(await server.waitForStdout('\n'));
    const run = () => runCli([...tail.slice(1), '--json', '-n', '6', '--no-reconnect'], { key });
    rmSync(path);
    expect((await run()).code).toBe(7);
    await server.waitForStderr('no longer exists: rejected a client with 500');
    writeFileSync(path, `${LINES.join('\n')}\n`);
    expect((await run()).stdout).toBe(events(1, 2, 3, 4, 5, 6));
  });

  test('a pipe, which cannot be read again for each client, is a usage error', async () => {
    const path = join(makeTempFolder(), 'pipe');
    await runShell(`mkfifo '${path}'`);
    const { code, stderr } = await runCli(['stream', 'simulate', '--port', '0', '--replay', path]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not a regular file')]);
  });
});
