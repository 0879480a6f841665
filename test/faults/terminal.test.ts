// A real terminal: it goes away, it is stopped, it is typed at.
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { hasPty, type Pty, type PtyOptions, startCliInPty } from '../helpers/pty.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { expectNoKey, numberedEvents } from './start-tail.ts';

const startTail = (url: string, args: readonly string[] = [], options: PtyOptions = {}) =>
  startCliInPty(['stream', 'tail', '--url', url, ...args], { key: CANARY_KEY, ...options });

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
      await pty.waitFor('"n":20');
      pty.hangUp();
      expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGHUP', core: false });
      expectNoKey(pty.output);
    });

    test('while nothing comes: the same', async () => {
      await using server = await serve(['{"n":1}']);
      const pty = startTail(server.url);
      await pty.waitFor('"n":1');
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

  describe('K3, S1: a terminal that takes no more output', () => {
    /** A tail of an endless flood on a terminal that `stop` stops; resolves when nothing moves any more. */
    async function startStopped(stop: (pty: Pty) => void) {
      let sentAtMs = performance.now();
      const server = await startScriptedServer(async (peer) => {
        peer.answerPings();
        peer.answerClose();
        await peer.accept();
        await peer.welcome();
        for (const event of numberedEvents(500)) {
          await peer.sendText(event);
          sentAtMs = performance.now();
        }
      });
      const pty = startTail(server.url, ['--ping-interval', '100ms', '--pong-timeout', '1s']);
      await pty.waitFor('"n":20');
      stop(pty);
      // Looked at again with every ping that comes, so this also waits for pings that go on.
      await server.waitUntil(() => performance.now() - sentAtMs > 500 || undefined, 'a standstill');
      return { server, pty };
    }

    test('row 10 on a terminal: pings go on, the connection stays, nothing is lost', async () => {
      const { server, pty } = await startStopped((one) => one.pause());
      const attempt = await server.waitForAttempt(1);
      const before = attempt.frames.length;
      await server.waitUntil(() => attempt.frames.length > before + 15 || undefined, 'pings over 1.5 s');
      const seen = pty.output.length;
      pty.pause(false);
      await pty.waitFor((text) => text.length > seen + 1_000_000);
      // Not Ctrl-C: for that the terminal itself throws away what it has not shown.
      process.kill(await pty.readPid(), 'SIGTERM');
      const { output, signal } = await pty.exit;
      expect(signal).toBe('SIGTERM');
      expect(server.attempts).toHaveLength(1);
      const numbers = [...output.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n));
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    });

    test('SIGTERM ends it all the same, after 2 s of trying to write the rest', async () => {
      const { server, pty } = await startStopped((one) => one.pause());
      const pid = await pty.readPid();
      const sentAtMs = performance.now();
      process.kill(pid, 'SIGTERM');
      expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGTERM', core: false });
      expect(performance.now() - sentAtMs).toBeLessThan(2_900);
      expect(server.attempts[0]?.closeFrame?.code).toBe(1000);
    });

    test('SIGTERM twice ends it at once', async () => {
      const { server, pty } = await startStopped((one) => one.pause());
      const pid = await pty.readPid();
      process.kill(pid, 'SIGTERM');
      await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the goodbye');
      const sentAtMs = performance.now();
      process.kill(pid, 'SIGTERM');
      expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGTERM', core: false });
      expect(performance.now() - sentAtMs).toBeLessThan(900);
    });

    test('Ctrl-S, then Ctrl-C', async () => {
      const { pty } = await startStopped((one) => one.send('\x13'));
      pty.send('\x03');
      expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGINT', core: false });
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
    await pty.waitFor('"n":5');
    pty.send('\x03');
    const exit = await pty.exit;
    expect(exit).toMatchObject({ code: null, signal: 'SIGINT', core: false });
    expect(exit.output).toMatch(/\d+ events in /);
  });
});
