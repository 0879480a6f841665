// A real terminal: it goes away, it is stopped, it is typed at.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { hasPty, type PtyOptions, startCliInPty, startInPty } from '../helpers/pty.ts';
import { COMMAND, quote } from '../helpers/run-cli.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { expectNoKey, numberedEvents } from './start-tail.ts';

const startTail = (url: string, args: readonly string[] = [], options: PtyOptions = {}) =>
  startCliInPty(['stream', 'tail', '--url', url, '--verbose', ...args], { key: CANARY_KEY, ...options });

/** Events for as long as the client is there, some each 5 ms. */
async function* endlessEvents(): AsyncGenerator<string> {
  for (const event of numberedEvents(50)) {
    yield event;
    await pauseFor(5);
  }
}

const serve = (events: Iterable<string> | AsyncIterable<string>): Promise<ScriptedServer> =>
  startScriptedServer(streamHandler({ events }));

(hasPty() ? describe : describe.skip)('on a terminal (needs python3)', () => {
  describe('row 44: the terminal goes away', () => {
    test('while events stream: dies by SIGHUP, no abort, no core', async () => {
      await using server = await serve(endlessEvents());
      const pty = startTail(server.url);
      await pty.waitFor(/n(?:\x1b\[39m)? 20\b/);
      pty.hangUp();
      expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGHUP', core: false });
      expectNoKey(pty.output);
    });

    test('without a SIGHUP, since it is not its own terminal: writing fails, and it dies by SIGHUP', async () => {
      await using server = await serve(endlessEvents());
      const status = join(makeTempFolder(), 'status');
      const tail = ['stream', 'tail', '--verbose', '--url', server.url];
      const words = [process.execPath, COMMAND, ...tail].map(quote).join(' ');
      // In a session of its own the hang-up signals nobody; the shell outside only keeps the terminal open.
      const inner = `${words}; echo $? > ${quote(status)}`;
      const pty = startInPty(['sh', '-c', `setsid sh -c ${quote(inner)} & exec sleep 60`], {
        key: CANARY_KEY,
      });
      await pty.waitFor(/n(?:\x1b\[39m)? 20\b/);
      pty.hangUp();
      const attempt = await server.waitForAttempt(1);
      await server.waitUntil(() => attempt.ended, 'the end of the connection');
      while (!existsSync(status) || readFileSync(status, 'utf8') === '') await pauseFor(20);
      expect(readFileSync(status, 'utf8')).toBe('129\n');
    });

    test('while nothing comes: the same', async () => {
      await using server = await serve(['{"n":1}']);
      const pty = startTail(server.url);
      await pty.waitFor(/n(?:\x1b\[39m)? 1\b/);
      pty.hangUp();
      expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGHUP', core: false });
      const attempt = await server.waitForAttempt(1);
      await server.waitUntil(() => attempt.ended, 'the end');
      expect(attempt.closeFrame?.code).toBe(1000);
    });

    test('while the spinner turns: the same', async () => {
      await using server = await startScriptedServer(async (peer) => {
        await peer.readRequest();
      });
      const pty = startTail(server.url);
      await pty.waitFor(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]\S* connecting/);
      pty.hangUp();
      expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGHUP', core: false });
    });
  });

  test('O3: the spinner is gone before the first event, nothing is left of it', async () => {
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
    // What stands on the event's line before it is erased.
    expect(lines[at]?.split('\x1b[2K').at(-1)).not.toMatch(/connecting/);
  });

  test('Ctrl-C while streaming: dies by SIGINT, the summary is on the screen', async () => {
    await using server = await serve(endlessEvents());
    const pty = startTail(server.url);
    await pty.waitFor(/n(?:\x1b\[39m)? 5\b/);
    pty.send('\x03');
    const exit = await pty.exit;
    expect(exit).toMatchObject({ code: null, signal: 'SIGINT', core: false });
    expect(exit.output).toMatch(/\d+ events in /);
  });
});
