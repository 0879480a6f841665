// The keyboard keys of `tail` and `replay` on a real terminal, in the foreground and in the background.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isForegroundProcess } from '../../src/io/foreground.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { hasPty, type Pty, startCliInPty, startInPty } from '../helpers/pty.ts';
import { COMMAND, quote } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { numberedEvents } from './start-tail.ts';

/** A few events, then more every 10 ms as long as the client is connected. */
async function* endlessEvents(): AsyncGenerator<string> {
  for (const event of numberedEvents(50)) {
    yield event;
    await pauseFor(10);
  }
}

const serve = () => startScriptedServer(streamHandler({ events: endlessEvents() }));
const tailOf = (url: string, ...args: string[]): string =>
  [process.execPath, COMMAND, 'stream', 'tail', '--url', url, '--verbose', '--color', 'never', ...args]
    .map(quote)
    .join(' ');
/** Runs a command in a shell that then shows the exit status and the mode of the terminal. */
const startWithShell = (command: string): Pty =>
  startInPty(['sh', '-c', `trap : INT; ${command}; echo "status $?"; stty -a; exec sleep 60`], {
    key: CANARY_KEY,
    columns: 120,
  });
const COOKED = / icanon .*\s echo |(?<!-)icanon[\s\S]*(?<!-)echo /;

(hasPty() ? describe : describe.skip)('keys of a terminal (needs python3)', () => {
  test('q quits: exit 0, a summary, and the terminal is restored', async () => {
    await using server = await serve();
    const pty = startWithShell(tailOf(server.url));
    await pty.waitFor(/n 5\b/);
    pty.send('q');
    const output = await pty.waitFor(/status \d+[\s\S]*isig/);
    expect(output).toContain('status 0');
    expect(output).toMatch(/\d+ events in [\d.]+ s, no gaps/);
    expect(output.slice(output.indexOf('status'))).toMatch(COOKED);
    pty.hangUp();
  });

  test.each([
    ['Ctrl-C', '\x03', 'status 130'],
    ['SIGTERM', 'SIGTERM', 'status 143'],
  ] as const)('row 139: after one or two %s the terminal is restored', async (_name, end, status) => {
    for (const times of [1, 2]) {
      // The server does not answer the close, so the run takes half a second to end after the first signal.
      await using server = await startScriptedServer(async (peer) => {
        await peer.accept();
        await peer.welcome();
        for (const event of numberedEvents(5)) {
          await peer.sendText(event);
          await pauseFor(10);
        }
      });
      const file = join(makeTempFolder(), 'ready');
      const pty = startWithShell(tailOf(server.url, '--ready-file', file));
      await pty.waitFor(/n 5\b/);
      const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
      for (let i = 0; i < times; i++) {
        if (i > 0) await pauseFor(end === 'SIGTERM' ? 50 : 200);
        if (end === 'SIGTERM') process.kill(pid, end);
        else pty.send(end);
      }
      const output = await pty.waitFor(/status \d+[\s\S]*isig/);
      expect(output).toContain(status);
      expect(output.slice(output.indexOf('status'))).toMatch(COOKED);
      pty.hangUp();
    }
  });

  test('p pauses: nothing is printed, pings continue, and nothing is lost', async () => {
    await using server = await serve();
    const args = ['--ping-interval', '100ms', '--pong-timeout', '2s', '--color', 'never', '--json'];
    const pty = startCliInPty(['stream', 'tail', '--url', server.url, ...args], { key: CANARY_KEY });
    await pty.waitFor(/"n":5\b/);
    pty.send('p');
    await pty.waitFor(/paused: p resumes/);
    const attempt = await server.waitForAttempt(1);
    const frames = attempt.frames.length;
    await server.waitUntil(() => attempt.frames.length > frames + 5 || undefined, 'pings during the pause');
    const count = (text: string): number => text.match(/"n":\d+/g)?.length ?? 0;
    const before = count(pty.output);
    await pauseFor(200);
    expect(count(pty.output)).toBe(before);
    pty.send('p');
    await pty.waitFor((text) => count(text) > before + 20);
    pty.send('q');
    const { code, output } = await pty.exit;
    expect(code).toBe(0);
    const numbers = [...output.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  test('? lists the keys, and q also quits during a pause', async () => {
    await using server = await serve();
    const pty = startCliInPty(['stream', 'tail', '--url', server.url], { key: CANARY_KEY });
    await pty.waitFor(/n(?:\x1b\[\d+m)? 5\b/);
    pty.send('?');
    await pty.waitFor('r retries now');
    pty.send('p');
    await pty.waitFor(/paused/);
    pty.send('q');
    expect(await pty.exit).toMatchObject({ code: 0, signal: null });
  });

  test('r ends the delay before a retry', async () => {
    let accepts = false;
    await using server = await startScriptedServer(async (peer) => {
      if (accepts) {
        await peer.accept();
        await peer.welcome();
        await peer.sendText('{"type":"here"}');
      } else {
        await peer.readRequest();
        await peer.respond(503);
      }
    });
    const args = ['--retry-min', '10m', '--retry-max', '10m', '--wait', '1h', '--limit', '1'];
    const pty = startCliInPty(['stream', 'tail', '--url', server.url, ...args], { key: CANARY_KEY });
    await pty.waitFor(/retrying in \d{2,} s/);
    accepts = true;
    pty.send('r');
    const { code, output } = await pty.exit;
    expect([code, output.includes('here')]).toEqual([0, true]);
  });

  test('replay can be paused and quit by the same keys', async () => {
    const file = join(makeTempFolder(), 'events.ndjson');
    writeFileSync(file, Array.from({ length: 5_000 }, (_unused, n) => `{"type":"t","n":${n}}\n`).join(''));
    const pty = startCliInPty(['stream', 'replay', file, '--rate', '100']);
    await pty.waitFor(/n(?:\x1b\[\d+m)? 5\b/);
    pty.send('p');
    await pty.waitFor(/paused/);
    pty.send('q');
    expect(await pty.exit).toMatchObject({ code: 0, signal: null });
  });

  test('row 139: in the background of a shell, tail is not stopped, draws no status line and reads no keys until fg', async () => {
    await using server = await serve();
    const file = join(makeTempFolder(), 'events');
    const script = `set -m; ${tailOf(server.url, '--json')} > ${quote(file)} & read line; echo "read <$line>"; fg; echo "code $?"`;
    const pty = startInPty(['bash', '-c', script], { key: CANARY_KEY });
    const hasEvents = (): boolean => existsSync(file) && readFileSync(file, 'utf8').includes('"n":5');
    while (!hasEvents()) await pauseFor(20);
    // In the foreground, the status line would appear much sooner.
    await pauseFor(1_000);
    pty.send('quit p\r');
    await pty.waitFor(/read <quit p>/);
    await pty.waitFor('●');
    pty.send('q');
    const { output } = await pty.exit;
    expect(output.indexOf('●')).toBeGreaterThan(output.indexOf('read <'));
    expect(output).toMatch(/code 0/);
  });

  test('stdin is not read if it is a pipe', async () => {
    await using server = await serve();
    const words = tailOf(server.url, '--limit', '5');
    const pty = startWithShell(`(echo q; echo p; sleep 1) | (${words}; cat)`);
    const output = await pty.waitFor(/status \d+[\s\S]*isig/);
    expect(output).toMatch(/5 events in/);
    expect(output).toMatch(/\nq\r?\np\r?\n/);
    pty.hangUp();
  });
});

describe('row 139: whether a process is in the foreground of its terminal', () => {
  const write = (stat: string): string => {
    const path = join(makeTempFolder(), 'stat');
    writeFileSync(path, stat);
    return path;
  };

  test.each([
    ['yes, if its group is in the foreground', '7 (node) S 1 7 7 34816 7 0', true],
    ['no, if another group is in the foreground', '7 (node) S 1 7 7 34816 9 0', false],
    ['yes, if it has no terminal', '7 (node) S 1 7 7 0 -1 0', true],
    ['no, also if its name has spaces and parentheses', '7 (a) b) c) S 1 7 7 34816 9 0', false],
  ])('%s', (_name, stat, isForeground) => {
    expect(isForegroundProcess(7, undefined, write(stat))).toBe(isForeground);
  });

  test.each([
    ['Ss+\n', true],
    ['S\n', false],
  ])('without /proc, the state %j of ps decides', (stat, isForeground) => {
    const run = (): string => stat;
    expect(isForegroundProcess(7, run, '/nowhere/stat')).toBe(isForeground);
  });

  test('no, without /proc and ps, because the system stops a background process that reads keys', () => {
    expect(isForegroundProcess(7, undefined, '/nowhere/stat')).toBe(false);
  });
});
