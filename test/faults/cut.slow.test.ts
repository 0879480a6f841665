// Output that must be cut because its reader has stopped: the run ends in time, and reports the cut.
import { describe, expect, test } from '@jest/globals';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import {
  endOf,
  expectDeath,
  expectWholeLines,
  lastRecord,
  makeUnreadPipe,
  numberedEvents,
  readRecords,
  SOON_MS,
  startBlocked,
  startTail,
  untilHeardAgain,
} from './start-tail.ts';
import { makeFault } from './strike.ts';

/** The time that draining may take (contract O6). */
const DRAIN_MS = 2_000;

const flood = (): Promise<ScriptedServer> =>
  startScriptedServer(streamHandler({ events: numberedEvents(2_000) }));

describe('O6: while stdout stays blocked', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s cuts the output after 2 s, and stderr says so',
    async (signal) => {
      await using server = await flood();
      const child = await startBlocked(server.url);
      await expectDeath(child, signal, DRAIN_MS + SOON_MS);
      const exit = await endOf(child);
      expect(exit.stderr).toMatch(/bytes could not be written, and the last line may be incomplete/);
      const whole = exit.stdout.slice(0, exit.stdout.lastIndexOf('\n') + 1);
      expect(whole).not.toBe('');
      expectWholeLines(whole);
    },
  );

  test('--timeout is exit 124, and stderr says that output was cut', async () => {
    await using server = await flood();
    const child = startTail(server.url, ['--timeout', '500ms', '--log-format', 'json']);
    child.pauseStdout();
    await child.waitForStderr('"summary"');
    const exit = await endOf(child);
    expect(exit.code).toBe(124);
    const events = readRecords(exit.stderr).map((record) => record['event']);
    expect(events).toEqual(expect.arrayContaining(['error', 'warning', 'summary']));
    expect(lastRecord(exit.stderr, 'warning')['bytes_cut']).toBeGreaterThan(0);
  });

  test('S2: a bug is exit 1, and stderr reports the bug and the cut', async () => {
    const fault = makeFault('throw new Error("boom");');
    await using server = await flood();
    const child = await startBlocked(server.url, ['--log-format', 'json'], fault.options);
    fault.strike();
    await child.waitForStderr('a bug in atlantis: boom');
    const exit = await endOf(child);
    expect(exit.code).toBe(1);
    expect(lastRecord(exit.stderr, 'warning')['bytes_cut']).toBeGreaterThan(0);
  });

  test.each([
    ['--limit', '17'],
    ['--duration', '1s'],
    ['--timeout', '1s'],
  ])(
    'after %s %s was reached, a signal cuts the last line, and the run ends by that signal',
    async (flag, value) => {
      const pipe = makeUnreadPipe();
      // 16 lines of 4 KiB fill the pipe exactly. One more stays queued, and is too short to make the writer wait.
      const page = `"${'x'.repeat(4_093)}"`;
      await using server: ScriptedServer = await startScriptedServer(
        streamHandler({
          events: Array.from({ length: 16 }, () => page),
          finish: async (peer) => {
            await untilHeardAgain(server, peer);
            await peer.sendText(`"${'x'.repeat(1_021)}"`);
          },
        }),
      );
      const child = startTail(server.url, [flag, value, '--ping-interval', '200ms'], {
        stdout: pipe.writeEnd,
      });
      await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the goodbye');
      await expectDeath(child, 'SIGTERM', DRAIN_MS + SOON_MS);
      expect((await endOf(child)).stderr).toMatch(/1,024 bytes could not be written/);
    },
  );
});
