import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { canUnshare } from '../helpers/netns.ts';
import { quote, runShell } from '../helpers/run-cli.ts';
import {
  frame,
  type ScriptedServer,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import {
  endOf,
  errorLines,
  expectNoKey,
  expectWholeLines,
  numberedEvents,
  runTail,
  spawnTail,
  untilHeardAgain,
} from './start-tail.ts';

/** Fails if stderr has an error or a stack trace; status messages are allowed. */
function expectNoTrouble(stderr: string): void {
  expect(errorLines(stderr)).toEqual([]);
  expect(stderr).not.toMatch(/\n {4}at |Error:|node:/);
}

/** Yields endless bursts of events, a few MB per second. */
async function* pacedEvents(): AsyncGenerator<string> {
  for (const event of numberedEvents(3_000)) {
    yield event;
    if (event.includes('0,"')) await pauseFor(5);
  }
}

describe('row 42 (O7): stdout cannot be written', () => {
  test.each([
    ['ndjson', '--json'],
    ['pretty', '--format=pretty'],
  ])('/dev/full, %s: exit 9, one error line, no retry', async (_name, format) => {
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(0, 50) }));
    const full = openSync('/dev/full', 'w');
    const exit = await runTail(server.url, [format], { stdout: full });
    closeSync(full);
    expect(exit.code).toBe(9);
    expect(errorLines(exit.stderr)).toEqual([
      'atlantis: error: stdout could not be written: the disk is full (ENOSPC)',
    ]);
    expect(exit.stderr).not.toMatch(/\n {4}at /);
    expect(server.attempts).toHaveLength(1);
  });

  (canUnshare() ? test : test.skip)(
    'a disk that fills up: exit 9, and stdout has everything that fits (needs unshare)',
    async () => {
      await using server = await startScriptedServer(streamHandler({ events: numberedEvents(200) }));
      const script = `
      mount -t tmpfs -o size=64k none "$HOME"
      atlantis stream tail --verbose --url ${server.url} > "$HOME/events"
      status=$?; cat "$HOME/events"; exit $status`;
      const exit = await runShell(`exec unshare -rm sh -c ${quote(script)}`, { key: CANARY_KEY });
      expect(exit.code).toBe(9);
      expect(errorLines(exit.stderr)).toEqual([
        'atlantis: error: stdout could not be written: the disk is full (ENOSPC)',
      ]);
      expect(exit.stdout).toHaveLength(64 * 1024);
      expect([...numberedEvents(200, 400)].join('\n').startsWith(exit.stdout)).toBe(true);
    },
  );

  test('after a full disk a lost connection is not retried', async () => {
    await using server = await startScriptedServer(
      streamHandler({ events: ['{}'], finish: (peer) => peer.reset() }),
    );
    const full = openSync('/dev/full', 'w');
    const exit = await runTail(server.url, [], { stdout: full });
    closeSync(full);
    expect(exit.code).toBe(9);
    expect(server.attempts).toHaveLength(1);
  });

  test('ulimit -f 8: exit 9 instead of an end by SIGXFSZ, and the file is filled', async () => {
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(200) }));
    const file = join(makeTempFolder(), 'events');
    const script = `ulimit -f 8; exec atlantis stream tail --verbose --url ${server.url} > '${file}'`;
    const exit = await runShell(script, { key: CANARY_KEY });
    expectNoKey(exit.stderr);
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code: 9, signal: null });
    expect(errorLines(exit.stderr)).toEqual([
      'atlantis: error: stdout could not be written: the file has reached its size limit (EFBIG)',
    ]);
    const written = readFileSync(file, 'utf8');
    expect(written).toHaveLength(8 * 1024);
    expect([...numberedEvents(200, 50)].join('\n').startsWith(written)).toBe(true);
  });

  test('ulimit -f 8 for stderr: the run continues without stderr', async () => {
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(0, 10) }));
    const file = join(makeTempFolder(), 'log');
    const script = `head -c 8192 /dev/zero > '${file}'; ulimit -f 8
      exec atlantis stream tail --url ${server.url} --verbose --limit 10 2>> '${file}'`;
    const exit = await runShell(script, { key: CANARY_KEY });
    expect(exit).toMatchObject({ code: 0, stdout: `${[...numberedEvents(0, 10)].join('\n')}\n` });
  });

  test('a stdout that is open for reading only: exit 9', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const exit = await runShell(`exec atlantis stream tail --verbose --url ${server.url} 1< /etc/passwd`, {
      key: CANARY_KEY,
    });
    expect(exit.code).toBe(9);
    expect(errorLines(exit.stderr)).toEqual([
      'atlantis: error: stdout could not be written: it is closed (EBADF)',
    ]);
  });

  test('a ready file in a missing folder: exit 9, and the error names the file', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const path = join(makeTempFolder(), 'missing', 'ready');
    const exit = await runTail(server.url, ['--ready-file', path]);
    expect(exit.code).toBe(9);
    expect(errorLines(exit.stderr)).toEqual([
      `atlantis: error: the ready file "${path}" could not be written: the directory does not exist (ENOENT)`,
    ]);
  });
});

describe('O7: the reader of stdout exits', () => {
  test('while events arrive: no error, exit 0', async () => {
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(100) }));
    const child = spawnTail(server.url);
    await child.waitForLines(3);
    child.closeStdout();
    const exit = await endOf(child);
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code: 0, signal: null });
    expectNoTrouble(exit.stderr);
  });

  test('while a large write is blocked: no error, exit 0', async () => {
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(10_000) }));
    const child = spawnTail(server.url);
    child.pauseStdout();
    await child.waitForStderr('is not keeping up');
    child.closeStdout();
    const exit = await endOf(child);
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code: 0, signal: null });
    expectNoTrouble(exit.stderr);
  });

  test('row 3: before an event arrives: exit 0, no stack trace', async () => {
    await using server: ScriptedServer = await startScriptedServer(
      streamHandler({
        finish: async (peer) => {
          // The event is sent at the first ping, long after `true` has exited.
          await untilHeardAgain(server, peer);
          for (let n = 0; n < 2; n++) await peer.sendText('{}');
        },
      }),
    );
    const exit = await runShell(
      `atlantis stream tail --verbose --url ${server.url} --ping-interval 300ms | true`,
      {
        key: CANARY_KEY,
      },
    );
    expect(exit.pipeStatus).toEqual([0, 0]);
    expectNoTrouble(exit.stderr);
  });

  test('before the limit is reached: exit 0', async () => {
    await using server = await startScriptedServer(streamHandler({ events: numberedEvents(100) }));
    const exit = await runShell(`atlantis stream tail --url ${server.url} --limit 1000000 | head -n 2`, {
      key: CANARY_KEY,
    });
    expect(exit.pipeStatus).toEqual([0, 0]);
    expect(exit.stdout).toBe(`${[...numberedEvents(100, 2)].join('\n')}\n`);
  });
});

describe('O6: the end of a run', () => {
  test('row 48: with a limit of 100000, a reader that starts late gets exactly 100000 lines, exit 0', async () => {
    await using server = await startScriptedServer(async (peer) => {
      peer.answerClose();
      await peer.accept();
      await peer.welcome();
      const events = [...numberedEvents(60, 200_000)].map((event) => frame.text(event));
      for (let at = 0; at < events.length; at += 500) {
        await peer.sendRaw(Buffer.concat(events.slice(at, at + 500)));
      }
    });
    const exit = await runShell(
      `atlantis stream tail --verbose --url ${server.url} --limit 100000 | { sleep 1; cat; }`,
      { key: CANARY_KEY },
    );
    expect(exit.pipeStatus).toEqual([0, 0]);
    expect(exit.stdout === `${[...numberedEvents(60, 100_000)].join('\n')}\n`).toBe(true);
    expect(exit.stderr).toContain('100,000 events');
  });

  test.each([
    ['--limit', ['--limit', '500'], 0],
    ['--duration', ['--duration', '700ms'], 0],
    ['--timeout', ['--timeout', '700ms'], 124],
  ])('by %s leaves only whole lines on stdout', async (_name, args, code) => {
    await using server = await startScriptedServer(streamHandler({ events: pacedEvents() }));
    const exit = await runTail(server.url, args);
    expect(exit.code).toBe(code);
    expect(exit.stdout).not.toBe('');
    expectWholeLines(exit.stdout);
    expectNoTrouble(exit.stderr.replace(/^.*atlantis: error: --timeout.*\n/m, ''));
  });
});
