// A reader of stdout that exits, is slow or starts late: whole lines, the right exit code, no extra messages.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { ROOT, runShell, type ShellRun } from '../helpers/run-cli.ts';
import {
  frame,
  type ScriptedServer,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';
import { expectSoon } from '../helpers/soon.ts';
import { pauseFor } from '../helpers/watch.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, expectNoKey, lastRecord, numberedEvents, readRecords, spawnTail } from './start-tail.ts';

/** Runs `atlantis stream tail … | <reader>`. */
async function pipeInto(reader: string, server: ScriptedServer): Promise<Awaited<ShellRun['exit']>> {
  const exit = await runShell(
    `atlantis stream tail --verbose --log-format json --url ${server.url} | ${reader}`,
    {
      key: CANARY_KEY,
    },
  );
  expectNoKey(exit.stdout, exit.stderr);
  return exit;
}

/** Fails if stderr has anything but status messages. */
function expectOnlyStatus(stderr: string): void {
  for (const { level, event } of readRecords(stderr)) {
    expect(['debug', 'info']).toContain(level);
    expect(['setting', 'connecting', 'connected', 'summary']).toContain(event);
  }
}

describe('O7: a reader that exits', () => {
  test('row 1 (O7): head -1 prints one whole line, exit 0, and stderr has only status messages', async () => {
    const { server, first } = await startHandOver(numberedEvents(0, 3));
    const run = pipeInto('head -1', server);
    // The command notices the exit of `head` at its next write.
    const feed = setInterval(() => void first.then((one) => void one.sendText('{"n":4}')), 50);
    const exit = await run.finally(() => clearInterval(feed));
    expect(exit.stdout).toBe('{"n":1,"filler":""}\n');
    expect(exit.pipeStatus).toEqual([0, 0]);
    expectOnlyStatus(exit.stderr);
    expect(server.attempts).toHaveLength(1);
  });

  test('row 121: on a quiet stream, --limit 1 ends the run at once, as docs/recipes.md says', async () => {
    const recipes = readFileSync(join(ROOT, 'docs/recipes.md'), 'utf8');
    expect(recipes.replace(/\s+/g, ' ')).toContain('Use `--limit 1` instead of `head -n 1`');
    // The server sends one event, then nothing.
    await using server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const exit = await runShell(
      `atlantis stream tail --verbose --log-format json --limit 1 --url ${server.url} | cat`,
      { key: CANARY_KEY },
    );
    expect(exit.stdout).toBe('{"n":1}\n');
    expect(exit.pipeStatus).toEqual([0, 0]);
    expectOnlyStatus(exit.stderr);
  });

  test('row 3 (O7): before the first event: exit 0, no stack trace', async () => {
    const { server, first } = await startHandOver();
    const run = pipeInto('true', server);
    await (await first).sendText('{"n":1}');
    const exit = await run;
    expect(exit.stdout).toBe('');
    expect(exit.pipeStatus).toEqual([0, 0]);
    expectOnlyStatus(exit.stderr);
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ reconnects: 0 });
  });

  test('row 3 (O7): while megabytes of events wait: exit 0, no reconnect', async () => {
    const server = await startScriptedServer(streamHandler({ events: numberedEvents(1_000, 20_000) }));
    const child = spawnTail(server.url, ['--log-format', 'json']);
    child.pauseStdout();
    await child.waitForStderr('"paused"');
    child.closeStdout();
    const exit = await endOf(child);
    expect(exit.code).toBe(0);
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ reconnects: 0 });
  });
});

describe('O5: a reader that keeps up', () => {
  test('O5: gets a single event at once, because no timer collects events', async () => {
    const { server, first } = await startHandOver();
    const child = spawnTail(server.url);
    const peer = await first;
    const tookMs: number[] = [];
    for (let n = 1; n <= 100; n++) {
      const sentAtMs = performance.now();
      await peer.sendText(`{"n":${n}}`);
      await child.waitForLines(n);
      tookMs.push(performance.now() - sentAtMs);
    }
    child.kill();
    await endOf(child);
    // A busy machine delays some events; a timer would delay all.
    tookMs.sort((a, b) => a - b);
    expectSoon(tookMs[25] ?? Number.NaN, 10);
  });

  test('O5: gets an event at once even if half a message follows it', async () => {
    const { server, first } = await startHandOver();
    const child = spawnTail(server.url);
    const peer = await first;
    const next = frame.text('{"n":2}');
    await peer.sendRaw(Buffer.concat([frame.text('{"n":1}'), next.subarray(0, 5)]));
    expect(await child.waitForLines(1)).toEqual(['{"n":1}']);
    await peer.sendRaw(next.subarray(5));
    expect(await child.waitForLines(2)).toEqual(['{"n":1}', '{"n":2}']);
    child.kill();
    await endOf(child);
  });
});

describe('O6: stdout and stderr in one pipe, as after 2>&1', () => {
  test('O6: messages are never in the middle of an event, even if the reader is slow', async () => {
    const server = await startScriptedServer(
      streamHandler({ events: numberedEvents(150_000, 12), finish: (peer) => peer.sendClose(1000) }),
    );
    const child = spawnTail(server.url, ['--no-reconnect'], { prefix: ['sh', '-c', 'exec "$@" 2>&1', 'sh'] });
    child.pauseStdout();
    // After a second the command reports that its reader does not keep up.
    await server.waitForAttempt(1);
    await pauseFor(1_500);
    child.resumeStdout();
    const { code, stdout } = await endOf(child);
    const lines = stdout.trimEnd().split('\n');
    const events = lines
      .filter((line) => !/^((?:(?:\d\d:){2}\d\d )?atlantis: | {2})/.test(line))
      .map((line) => JSON.parse(line).n);
    expect(events).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
    expect(stdout).toContain(' atlantis: the reader of stdout is not keeping up');
    expect(code).toBe(7);
  });
});

describe('O6: the end', () => {
  test('O6: at --limit the client closes with 1000, and prints no more events', async () => {
    const { server, first } = await startHandOver();
    const child = spawnTail(server.url, ['--limit', '3', '--log-format', 'json']);
    const peer = await first;
    const events = [...numberedEvents(0, 1_000)].map((event) => frame.text(event));
    await peer.sendRaw(Buffer.concat(events));
    const exit = await endOf(child);
    expect(exit.code).toBe(0);
    expect(exit.stdout).toBe([...numberedEvents(0, 3)].map((event) => `${event}\n`).join(''));
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ events: 3 });
    expect(server.attempts.map(({ closeFrame }) => closeFrame?.code)).toEqual([1000]);
  });
});
