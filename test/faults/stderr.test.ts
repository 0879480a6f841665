// A stderr that is closed, full or not read neither ends a run nor keeps it from ending.
import { writeSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { runShell } from '../helpers/run-cli.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { expectDeath, makeUnreadPipe, numberedEvents, spawnTail, untilHeardAgain } from './start-tail.ts';

describe('row 43 (O7): a stderr that cannot be written', () => {
  test('because its reader has exited: events are still printed after a loss and a reconnect', async () => {
    await using server: ScriptedServer = await startScriptedServer(
      streamHandler({
        events: ['{"n":1}'],
        finish: async (peer, index) => {
          await untilHeardAgain(server, peer);
          if (index === 0) peer.reset();
          else await peer.sendText('{"n":2}');
        },
      }),
    );
    const child = spawnTail(server.url, ['--limit', '3', '--retry-max', '250ms', '--ping-interval', '200ms']);
    await child.waitForStderr('connected to');
    child.closeStderr();
    const exit = await child.exit;
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code: 0, signal: null });
    expect(exit.stdout).toBe('{"n":1}\n{"n":1}\n{"n":2}\n');
    expect(server.attempts).toHaveLength(2);
  });

  test.each([
    ['full', '2>/dev/full'],
    ['closed', '2>&-'],
    ['open for reading only', '2</etc/passwd'],
  ])('because it is %s from the start: the run is not affected', async (_name, redirection) => {
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(0, 3) }));
    const exit = await runShell(
      `exec atlantis stream tail --url ${server.url} --limit 3 --verbose ${redirection}`,
      { key: CANARY_KEY },
    );
    expect(exit).toMatchObject({ code: 0, stdout: `${[...numberedEvents(0, 3)].join('\n')}\n` });
  });

  test('because it is full and not read: the run still ends at --limit', async () => {
    const pipe = makeUnreadPipe();
    writeSync(pipe.writeEnd, Buffer.alloc(64 * 1024));
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(0, 3) }));
    const child = spawnTail(server.url, ['--limit', '3'], { stderr: pipe.writeEnd });
    expect(await child.exit).toMatchObject({ code: 0, stdout: `${[...numberedEvents(0, 3)].join('\n')}\n` });
  });

  test('R2: because it is full and not read: a signal ends the run in time', async () => {
    const pipe = makeUnreadPipe();
    writeSync(pipe.writeEnd, Buffer.alloc(64 * 1024));
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const child = spawnTail(server.url, [], { stderr: pipe.writeEnd });
    await child.waitForLines(1);
    await expectDeath(child, 'SIGTERM');
  });

  test('together with stdout, because their reader has exited: exit 0', async () => {
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(100) }));
    const exit = await runShell(`atlantis stream tail --url ${server.url} --verbose 2>&1 | head -n 1`, {
      key: CANARY_KEY,
    });
    expect(exit.pipeStatus).toEqual([0, 0]);
  });

  test('does not change the exit code of a run that fails', async () => {
    await using server = await startScriptedServer((peer) =>
      peer.respond(401, {}, '{"error":{"code":"unauthorized","message":"no"}}'),
    );
    const exit = await runShell(`exec atlantis stream tail --verbose --url ${server.url} 2>/dev/full`, {
      key: CANARY_KEY,
    });
    expect(exit).toMatchObject({ code: 3, stdout: '', stderr: '' });
  });
});
