// Frames that violate the protocol or are far too large: the cause is named, and nothing of them is printed.
import { describe, expect, test } from '@jest/globals';
import { encodeFrame, OPCODE } from '../helpers/frames.ts';
import { frame, type Peer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { BROKEN_FRAMES, SPILL } from './broken-frames.ts';
import { endOf, errorLines, lastRecord, runTail, spawnTail } from './start-tail.ts';

/** Serves one good event, then what `breakIt` sends. */
function serveBroken(breakIt: (peer: Peer) => Promise<void>) {
  return startScriptedServer(streamHandler({ events: ['{"good":1}'], finish: breakIt }));
}

describe('row 37: a broken frame', () => {
  test.each(BROKEN_FRAMES)(
    '%s is named and not printed, exit 8 with --no-reconnect',
    async (_name, bytes, words) => {
      await using server = await serveBroken((peer) => peer.sendRaw(bytes));
      const exit = await runTail(server.url, ['--no-reconnect']);
      expect(exit.code).toBe(8);
      expect(exit.stdout).toBe('{"good":1}\n');
      expect(exit.stderr).toContain(words);
      expect(exit.stderr).not.toContain(SPILL);
      expect(errorLines(exit.stderr)).toHaveLength(1);
      expect(server.attempts).toHaveLength(1);
    },
  );

  test('row 116: a Close frame whose reason is not UTF-8 is answered with 1007', async () => {
    const payload = Buffer.from('\x03\xe8\xce\xba\xed\xa0\x80', 'latin1');
    await using server = await serveBroken((peer) => peer.sendFrame({ opcode: OPCODE.close, payload }));
    const exit = await runTail(server.url, ['--no-reconnect', '--log-format', 'json']);
    expect(exit.code).toBe(8);
    expect(lastRecord(exit.stderr, 'lost')).toMatchObject({ cause: 'bad-frames' });
    await server.waitUntil(() => server.attempts[0]?.ended, 'its end');
    expect(server.attempts[0]?.closeFrame).toMatchObject({ code: 1007 });
  });

  test('in the same packet, an event before the broken frame is printed, one after it is not', async () => {
    const packet = [frame.text('{"before":1}'), frame.text(Buffer.from([0xff])), frame.text('{"after":1}')];
    await using server = await serveBroken((peer) => peer.sendRaw(Buffer.concat(packet)));
    const exit = await runTail(server.url, ['--no-reconnect']);
    expect(exit.stdout).toBe('{"good":1}\n{"before":1}\n');
    expect(exit.code).toBe(8);
  });

  test('instead of the welcome: no event is printed, exit 8', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await peer.sendRaw(frame.raw({ opcode: 3, payload: SPILL }));
    });
    const exit = await runTail(server.url, ['--no-reconnect']);
    expect(exit).toMatchObject({ code: 8, stdout: '' });
    expect(exit.stderr).toContain('an unknown opcode');
  });
});

describe('row 38: messages that are far too large, with bounded memory', () => {
  const MIB = 1 << 20;
  /**
   * The maximum memory of the command, well below the size of the faults. From Node 22 on, V8 lets more garbage
   * accumulate; with --max-semi-space-size=16 all versions need the same.
   */
  const MEMORY = (Number.parseInt(process.versions.node, 10) < 22 ? 160 : 320) * MIB;

  async function expectBounded(breakIt: (peer: Peer) => Promise<void>, words: RegExp): Promise<void> {
    await using server = await serveBroken(breakIt);
    // A long delay before the retry, so that the process still runs when it is measured.
    const child = spawnTail(server.url, ['--log-format', 'json', '--retry-min', '20s']);
    await child.waitForStderr(words);
    expect(child.readPeakMemory()).toBeLessThan(MEMORY);
    expect(lastRecord(child.stderrText, 'lost')).toMatchObject({ cause: 'bad-frames' });
    child.kill();
    const exit = await endOf(child);
    expect(exit.stdout).toBe('{"good":1}\n');
    expect(exit.signal).toBe('SIGTERM');
  }

  test('a message of 20 MiB in one frame', async () => {
    const sent = frame.text(`"${'x'.repeat(20 * MIB)}"`);
    await expectBounded((peer) => peer.sendRaw(sent), /a message larger than 16 MiB/);
  });

  test('a message of 20 MiB in frames of 64 KiB', async () => {
    const sent = frame.fragmented(`"${'x'.repeat(20 * MIB)}"`, 64 * 1024);
    await expectBounded((peer) => peer.sendRaw(sent), /a message larger than 16 MiB/);
  });

  test.each([
    ['2^63', 2n ** 63n],
    ['2^64 - 1', 2n ** 64n - 1n],
    ['2^53', 2n ** 53n],
  ])('a frame that claims a length of %s', async (_name, lengthOverride) => {
    const sent = encodeFrame({ payload: `"${SPILL}"`, lengthOverride });
    await expectBounded((peer) => peer.sendRaw(sent), /a frame with an invalid length/);
  });

  test('a frame that claims 4 GiB', async () => {
    const sent = encodeFrame({ payload: `"${SPILL}"`, lengthOverride: 2n ** 32n });
    await expectBounded((peer) => peer.sendRaw(sent), /a message larger than 16 MiB/);
  });

  test.each([
    ['20 MiB', 20 * MIB],
    ['2^53', 2n ** 53n],
    ['2^64 - 1', 2n ** 64n - 1n],
  ])('row 118 (G4): a message of %s is counted as too large', async (_name, lengthOverride) => {
    await using server = await serveBroken((peer) =>
      peer.sendRaw(encodeFrame({ payload: '"', lengthOverride })),
    );
    const exit = await runTail(server.url, ['--no-reconnect', '--log-format', 'json']);
    expect(exit.code).toBe(8);
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ discarded: { 'too large': 1 } });
  });

  test('a message just below 16 MiB is printed like any other event', async () => {
    const event = `"${'x'.repeat(16 * MIB - 2)}"`;
    await using server = await startScriptedServer(streamHandler({ events: [event] }));
    const exit = await runTail(server.url, ['--limit', '1']);
    expect(exit.code).toBe(0);
    expect(exit.stdout === `${event}\n`).toBe(true);
  });

  test.each([
    ['empty', 0, 1_000_000],
    ['of one byte', 1, 1_000_000],
    ['of 64 bytes, with pings in between', 64, 65_536],
  ])(
    'row 117 (C2): a message in fragments %s is printed like any other event',
    async (_name, size, count) => {
      const fragment = encodeFrame({ opcode: OPCODE.continuation, fin: false, payload: 'x'.repeat(size) });
      const fragments = Buffer.alloc(fragment.length * count, fragment);
      const middle = size < 64 ? [] : [frame.ping('between'), fragments.subarray(0, 10 * fragment.length)];
      const sent = [
        encodeFrame({ payload: '"', fin: false }),
        fragments,
        ...middle,
        encodeFrame({ opcode: OPCODE.continuation, payload: '"' }),
      ];
      await using server = await serveBroken(async (peer) => {
        await peer.sendRaw(Buffer.concat(sent));
        await peer.sendText('{"end":1}');
      });
      const child = spawnTail(server.url);
      await child.waitForLines(3);
      expect(child.readPeakMemory()).toBeLessThan(MEMORY);
      child.kill();
      const exit = await endOf(child);
      const length = size * (count + (size < 64 ? 0 : 10));
      expect(exit.stdout === `{"good":1}\n"${'x'.repeat(length)}"\n{"end":1}\n`).toBe(true);
    },
  );

  test('a million empty messages are counted', async () => {
    const flood = Buffer.alloc(frame.text('').length * 1_000_000, frame.text(''));
    await using server = await serveBroken(async (peer) => {
      await peer.sendRaw(flood);
      await peer.sendText('{"end":1}');
    });
    const child = spawnTail(server.url, ['--log-format', 'json']);
    await child.waitForLines(2);
    expect(child.readPeakMemory()).toBeLessThan(MEMORY);
    child.kill();
    const exit = await endOf(child);
    expect(lastRecord(exit.stderr, 'summary')['discarded']).toEqual({ 'not JSON': 1_000_000 });
  });
});
