// A real terminal that hangs up or changes its width, with its spinner and its status line.
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { DRAWING } from '../helpers/hostile.ts';
import { hasPty, type PtyOptions, startCliInPty, startInPty } from '../helpers/pty.ts';
import { COMMAND, quote } from '../helpers/run-cli.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pauseFor, untilWritten } from '../helpers/watch.ts';
import { expectNoKey, numberedEvents } from './start-tail.ts';

const startTail = (url: string, args: readonly string[] = [], options: PtyOptions = {}) =>
  startCliInPty(['stream', 'tail', '--url', url, '--verbose', ...args], { key: CANARY_KEY, ...options });

/** Sends some events every 5 ms as long as the client is connected. */
async function* endlessEvents(): AsyncGenerator<string> {
  for (const event of numberedEvents(50)) {
    yield event;
    await pauseFor(5);
  }
}

const serve = (events: Iterable<string> | AsyncIterable<string>): Promise<ScriptedServer> =>
  startScriptedServer(streamHandler({ events }));

(hasPty() ? describe : describe.skip)('on a terminal (needs python3)', () => {
  describe('row 44: the terminal hangs up', () => {
    test('while events stream: killed by SIGHUP, no abort, no core', async () => {
      await using server = await serve(endlessEvents());
      const pty = startTail(server.url);
      await pty.waitFor(/n(?:\x1b\[\d+m)? 20\b/);
      pty.hangUp();
      expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGHUP', core: false });
      expectNoKey(pty.output);
    });

    test('without a SIGHUP, as in another session: writing fails, and the run ends itself by SIGHUP', async () => {
      await using server = await serve(endlessEvents());
      const status = join(makeTempFolder(), 'status');
      const tail = ['stream', 'tail', '--verbose', '--url', server.url];
      const words = [process.execPath, COMMAND, ...tail].map(quote).join(' ');
      // In a new session the hang-up sends no signal; the outer shell only keeps the terminal open.
      const inner = `${words}; echo $? > ${quote(status)}`;
      const pty = startInPty(['sh', '-c', `setsid sh -c ${quote(inner)} & exec sleep 60`], {
        key: CANARY_KEY,
      });
      await pty.waitFor(/n(?:\x1b\[\d+m)? 20\b/);
      pty.hangUp();
      const attempt = await server.waitForAttempt(1);
      await server.waitUntil(() => attempt.ended, 'the end of the connection');
      expect(await untilWritten(status)).toBe('129\n');
    });

    test('while no events arrive: killed by SIGHUP after a close with 1000', async () => {
      await using server = await serve(['{"n":1}']);
      const pty = startTail(server.url);
      await pty.waitFor(/n(?:\x1b\[\d+m)? 1\b/);
      pty.hangUp();
      expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGHUP', core: false });
      const attempt = await server.waitForAttempt(1);
      await server.waitUntil(() => attempt.ended, 'the end');
      expect(attempt.closeFrame?.code).toBe(1000);
    });

    test('while the spinner is shown: killed by SIGHUP, no abort, no core', async () => {
      await using server = await startScriptedServer(async (peer) => {
        await peer.readRequest();
      });
      const pty = startTail(server.url);
      await pty.waitFor(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]\S* connecting/);
      pty.hangUp();
      expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGHUP', core: false });
    });
  });

  test('O3: the spinner is erased before the first event', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await pauseFor(500);
      peer.answerClose();
      await peer.accept();
      await peer.welcome();
      await peer.sendText('{"type":"first"}');
    });
    const pty = startTail(server.url, ['--limit', '1']);
    const exit = await pty.exit;
    expect(exit).toMatchObject({ code: 0, core: false });
    const lines = exit.output.split('\r\n');
    const at = lines.findIndex((line) => line.includes('first'));
    expect(exit.output).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]\S* connecting/);
    expect(lines.slice(at).join('\n')).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
    // The spinner on this line was erased before the event was printed.
    expect(lines[at]?.split('\x1b[2K').at(-1)).not.toMatch(/connecting/);
  });

  test('O2: after the window becomes narrow, events fit its new width', async () => {
    const event = (n: number): string => `{"type":"t","n":${n},"note":"${'word '.repeat(20)}end"}`;
    await using server = await serve(
      (async function* () {
        for (let n = 0; ; n++) {
          yield event(n);
          await pauseFor(5);
        }
      })(),
    );
    const pty = startTail(server.url, ['--time', 'none', '--color', 'never'], { columns: 150 });
    await pty.waitFor(/t {2}n 3 {2}note word [^\r\n]* end/);
    pty.resize(44, 24);
    const narrow = await pty.waitFor(/^ {2}note word/m);
    const first = Number(/t {2}n (\d+)\r\n(?= {2}note word)/.exec(narrow)?.[1]);
    const before = pty.output.length;
    await pty.waitFor(new RegExp(`t {2}n ${first + 20}\\b`));
    // Not a typed Ctrl-C, which the kernel would echo as `^C` into the current line.
    process.kill(await pty.readPid(), 'SIGINT');
    const { signal, output } = await pty.exit;
    expect(signal).toBe('SIGINT');
    // Text of the status line, which was drawn and erased, is split off into separate lines.
    const lines = output
      .slice(before)
      .split(/\r\n/)
      .slice(1)
      .flatMap((line) => line.split(DRAWING));
    expect(lines.length).toBeGreaterThan(40);
    for (const line of lines) expect([line, line.length <= 44]).toEqual([line, true]);
  });

  test('O3: the status line is erased even if it was wrapped by a narrower window', async () => {
    await using server = await serve(endlessEvents());
    const pty = startTail(server.url, ['--type', 'none', '--color', 'never']);
    await pty.waitFor(/live {2}0 of \d\d events {2}/);
    pty.resize(34, 24);
    await pty.waitFor(/live {2}0 of \d\d\d events {2}0 gaps\x1b/);
    process.kill(await pty.readPid(), 'SIGINT');
    const { output } = await pty.exit;
    // Each frame first erases everything from its start on, and finally returns the cursor to its start.
    const pictures = output.split(/(?=\x1b\[\?2026h)/).slice(1);
    expect(pictures.length).toBeGreaterThan(3);
    for (const picture of pictures) {
      expect(picture).toMatch(/^\x1b\[\?2026h\x1b\[1G(?:\x1b\[0J)? [^\x1b\r\n]+\x1b\[1G\x1b\[\?2026l/);
    }
    expect(output).not.toMatch(/\x1b\[[012]?K/);
  });

  test('the status line is drawn at most ten times a second at any event rate', async () => {
    await using server = await serve(endlessEvents());
    const words = [process.execPath, COMMAND, 'stream', 'tail', '--url', server.url].map(quote).join(' ');
    const file = join(makeTempFolder(), 'events');
    const pty = startInPty(['sh', '-c', `exec ${words} > ${quote(file)}`], { key: CANARY_KEY });
    const pictures = (): number => pty.output.match(/● {1,2}\S*live/g)?.length ?? 0;
    await pty.waitFor(/live/);
    const [sinceMs, first] = [performance.now(), pictures()];
    await pty.waitFor(/live[^●]* [3-9]\d\d events/);
    // Read before the clock, so that the measured rate is rather too high.
    const drawn = pictures() - first;
    const seconds = (performance.now() - sinceMs) / 1_000;
    pty.send('\x03');
    await pty.exit;
    expect(drawn).toBeGreaterThan(3);
    expect(drawn).toBeLessThanOrEqual(10 * seconds + 2);
  });

  test('Ctrl-C while streaming: killed by SIGINT, and the summary is on the screen', async () => {
    await using server = await serve(endlessEvents());
    const pty = startTail(server.url);
    await pty.waitFor(/n(?:\x1b\[\d+m)? 5\b/);
    pty.send('\x03');
    const exit = await pty.exit;
    expect(exit).toMatchObject({ code: null, signal: 'SIGINT', core: false });
    expect(exit.output).toMatch(/\d+ events in /);
  });
});
