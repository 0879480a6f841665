// A broken frame on every connection: the number of reconnects, and the exit code.
import { describe, expect, test } from '@jest/globals';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { BROKEN_FRAMES, SPILL } from './broken-frames.ts';
import { errorLines, runTail } from './start-tail.ts';

describe('row 37: a broken frame on every connection', () => {
  test.each(BROKEN_FRAMES)('%s: three retries, then exit 8', async (_name, bytes, words) => {
    await using server = await startScriptedServer(
      streamHandler({ events: ['{"good":1}'], finish: (peer) => peer.sendRaw(bytes) }),
    );
    const exit = await runTail(server.url, ['--retry-min', '300ms', '--retry-max', '300ms']);
    expect(exit.code).toBe(8);
    expect(server.attempts).toHaveLength(4);
    for (const [index, attempt] of server.attempts.entries()) {
      const before = server.attempts[index - 1];
      if (before) expect(attempt.connectedAtMs - before.connectedAtMs).toBeGreaterThanOrEqual(250);
    }
    expect(exit.stdout).toBe('{"good":1}\n'.repeat(4));
    expect(exit.stderr.split(words).length - 1).toBeGreaterThanOrEqual(4);
    expect(exit.stderr).not.toContain(SPILL);
    const errors = errorLines(exit.stderr);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('giving up');
  });
});
