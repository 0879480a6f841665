// The environment of the command: colors on and off, CI, terminals with few features, locales, narrow
// windows, and closed standard streams. docs/environment.md documents the expected behavior.
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { hasPty, type PtyExit, startCliInPty } from '../helpers/pty.ts';
import { runCli, runShell } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { openSimulator } from '../simulator/stream-client.ts';

const TAIL = ['stream', 'tail', '--simulate', 'burst', '--limit', '3'];
const tail = `atlantis ${TAIL.join(' ')} --json`;

/** The start of any escape sequence. */
const ESCAPE = /\u001b/;
const AN_EVENT = /large_transfer|address_activity/;
const COLOR = /\u001b\[[\d;]*m/;

describe('pretty output in a pipe', () => {
  test.each<[Record<string, string>, readonly string[], boolean]>([
    [{}, [], false],
    [{ FORCE_COLOR: '1' }, [], true],
    [{ FORCE_COLOR: '3' }, [], true],
    [{ FORCE_COLOR: '0' }, [], false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, [], false],
    [{ NO_COLOR: '' }, ['--color', 'always'], true],
    [{ NO_COLOR: '1' }, ['--color', 'always'], true],
    [{ FORCE_COLOR: '1' }, ['--color', 'never'], false],
    [{ CI: 'true', TERM: 'dumb', FORCE_COLOR: '1' }, [], true],
  ])('with %j and %j is colored: %j', async (env, args, isColored) => {
    const { code, stdout } = await runCli([...TAIL, '--format', 'pretty', ...args], { env });
    expect([code, COLOR.test(stdout)]).toEqual([0, isColored]);
  });

  test('NDJSON is never colored, whatever the flags', async () => {
    const { stdout } = await runCli([...TAIL, '--json', '--color', 'always'], { env: { FORCE_COLOR: '1' } });
    expect(stdout).not.toMatch(ESCAPE);
  });
});

(hasPty() ? describe : describe.skip)('on a terminal (needs python3)', () => {
  const run = (
    env: Record<string, string | undefined>,
    args: readonly string[] = TAIL,
    columns = 80,
  ): Promise<PtyExit> => startCliInPty(args, { env, columns }).exit;

  test('by default there are colors and a status line', async () => {
    const { code, output } = await run({});
    expect(code).toBe(0);
    expect(output).toMatch(COLOR);
    expect(output).toMatch(/\u001b\[\d*[GK]/);
  });

  test('NO_COLOR: neither stdout nor stderr has colors', async () => {
    const { code, output } = await run({ NO_COLOR: '1' });
    expect([code, COLOR.test(output)]).toEqual([0, false]);
    expect(output).toMatch(AN_EVENT);
  });

  test('CI: no line is redrawn', async () => {
    const { code, output } = await run({ CI: 'true' });
    expect(code).toBe(0);
    expect(output).not.toMatch(/\u001b\[\d*[A-HJK]/);
    expect(output).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
    expect(output).toMatch(/connected to 127\.0\.0\.1/);
  });

  test.each([['false'], ['0']])('row 84: CI=%s is not CI: colors and a status line', async (CI) => {
    const { output } = await run({ CI, ATLANTIS_API_KEY: CANARY_KEY }, [...TAIL, '--verbose']);
    expect(output).toMatch(COLOR);
    expect(output).toMatch(/\u001b\[\d*[GK]/);
  });

  test.each([
    ['TERM=dumb', 'dumb'],
    ['row 84: no TERM', undefined],
  ])('%s: no escape sequences, and carriage returns only at line ends', async (_name, TERM) => {
    const { code, output } = await run({ TERM, ATLANTIS_API_KEY: CANARY_KEY }, [...TAIL, '--verbose']);
    expect(code).toBe(0);
    expect(output).not.toMatch(ESCAPE);
    expect(output.replaceAll('\r\n', '')).not.toContain('\r');
    expect(output).toMatch(AN_EVENT);
  });

  test.each(['stream tail --help', '--help', 'profile --help'])('40 columns: %s fits', async (words) => {
    const { code, output } = await run({ CI: '1', NO_COLOR: '1' }, words.split(' '), 40);
    expect(code).toBe(0);
    // A single word may be longer than the window.
    const tooLong = output.split('\r\n').filter((line) => line.length > 40 && line.trim().includes(' '));
    expect(tooLong).toEqual([]);
  });

  describe.each([
    ['check', ['stream', 'check']],
    ['profile show', ['profile', 'show']],
  ])('%s', (_name, args) => {
    const ask = async (env: Record<string, string>, columns?: number): Promise<PtyExit> => {
      const { url, exampleKey } = await openSimulator({});
      return run({ ATLANTIS_URL: url, ATLANTIS_API_KEY: exampleKey, ...env }, args, columns);
    };

    test('NO_COLOR: no color; CI: no redrawn lines; TERM=dumb: no escape sequences', async () => {
      const plain = await ask({ NO_COLOR: '1' });
      expect([plain.code, COLOR.test(plain.output)]).toEqual([0, false]);
      const kept = await ask({ CI: 'true' });
      expect([kept.code, /\u001b\[\d*[A-HJK]/.test(kept.output)]).toEqual([0, false]);
      const dumb = await ask({ TERM: 'dumb' });
      expect([dumb.code, ESCAPE.test(dumb.output)]).toEqual([0, false]);
    });

    test('40 columns: all lines that can be wrapped fit', async () => {
      const { code, output } = await ask({ CI: '1', NO_COLOR: '1' }, 40);
      expect(code).toBe(0);
      // A value that cannot be wrapped, such as a path, is not cut: it has its own line, after its label.
      const tooLong = output
        .split('\r\n')
        .filter((line) => line.length > 40 && !/^ {4}(?:value|source) +\S+$/.test(line));
      expect(tooLong).toEqual([]);
    });
  });

  test('40 columns: events and status lines fit', async () => {
    const { code, output } = await run({ CI: '1', NO_COLOR: '1' }, TAIL, 40);
    expect(code).toBe(0);
    expect(output.split('\r\n').filter((line) => line.length > 40)).toEqual([]);
    expect(output).toMatch(AN_EVENT);
  });
});

describe('a locale that is not UTF-8', () => {
  test.each([{ LANG: 'C' }, { LC_ALL: 'POSIX' }, { LANG: 'zh_TW.Big5' }, { LANG: undefined }])(
    '%j: the output has the same bytes as with C.UTF-8',
    async (env) => {
      const text = '{"type":"address_activity","label":"臺灣 🌊 é","amount":"1"}';
      const outputs: string[] = [];
      for (const format of ['ndjson', 'pretty']) {
        for (const locale of [env, { LANG: 'C.UTF-8' }]) {
          await using server = await startScriptedServer(streamHandler({ events: [text] }));
          const shape = format === 'pretty' ? ['--time', 'none'] : [];
          const args = ['stream', 'tail', '--url', server.url, '-n', '1', '-f', format, ...shape];
          const { code, stdout } = await runCli(args, { key: CANARY_KEY, env: locale });
          expect([code, stdout]).toEqual([0, expect.stringContaining('臺灣 🌊 é')]);
          outputs.push(stdout);
        }
      }
      expect(outputs[0]).toBe(`${text}\n`);
      expect(outputs[0]).toBe(outputs[1]);
      expect(outputs[2]).toBe(outputs[3]);
    },
  );
});

describe('closed standard streams', () => {
  test('stdin: a tail does not need it', async () => {
    const { code, stdout } = await runShell(`${tail} <&-`);
    expect([code, stdout.trimEnd().split('\n').length]).toEqual([0, 3]);
  });

  test.each([
    ['tail --url http://127.0.0.1:1 --key-stdin', 3, 'no key on stdin (--key-stdin)'],
    ['tail --url http://127.0.0.1:1', 3, 'no API key'],
    ['replay -', 2, 'stdin is not a recording: it is empty'],
  ])('stdin: `stream %s` reports the missing input and ends', async (words, status, message) => {
    const { code, stdout, stderr } = await runShell(`atlantis stream ${words} <&-`);
    expect([code, stdout]).toEqual([status, '']);
    expect(stderr).toContain(message);
  });

  test('stdin: a command that would prompt is exit 2', async () => {
    const { code, stderr } = await runShell('atlantis profile add x --url https://api.atlantis.example <&-');
    expect([code, stderr]).toEqual([2, expect.stringContaining('cannot prompt without a terminal')]);
  });

  test.each([
    [tail, 0],
    ['atlantis --version', 0],
    ['atlantis --help', 0],
    ['atlantis profile list', 0],
    ['atlantis stream tail --bad', 2],
  ])('stdout: `%s` ends as usual, and no file that it opens becomes stdout', async (command, status) => {
    const { code, stdout, stderr } = await runShell(`${command} >&-`);
    expect([code, stdout]).toEqual([status, '']);
    expect(stderr).not.toMatch(/a bug in atlantis|EBADF|\n {4}at /);
  });

  test('stderr: events are printed, and errors keep their exit code', async () => {
    const streamed = await runShell(`${tail} 2>&-`);
    expect([streamed.code, streamed.stdout.trimEnd().split('\n').length]).toEqual([0, 3]);
    for (const line of streamed.stdout.trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    expect(await runShell('atlantis stream tail --bad 2>&-')).toMatchObject({ code: 2, stdout: '' });
  });

  test('all three: a tail exits 0', async () => {
    expect((await runShell(`${tail} <&- >&- 2>&-`)).code).toBe(0);
  });
});
