// LingeringReads, with which `top` processes several reads together.
import { expect, test } from '@jest/globals';
import { LingeringReads } from '../../../src/connection/read/lingering-reads.ts';
import { TappedSocket } from '../../../src/connection/read/tapped-socket.ts';
import { textsOf } from '../../../src/events/batch.ts';
import { createFrameBuffer } from '../../../src/events/frame-buffer.ts';
import { createFakeClock } from '../../helpers/fake-clock.ts';
import { frame } from '../../helpers/frames.ts';
import { FakeSocket } from '../fake-socket.ts';

const LINGER_MS = 100;

/** A connection after the welcome, and the texts with receive times that it reports. */
function connect() {
  const clock = createFakeClock(0);
  const socket = new FakeSocket(undefined);
  const createLingering = (onReady: () => void): LingeringReads =>
    new LingeringReads(clock, LINGER_MS, onReady);
  const tap = new TappedSocket(() => socket.asSocket, createFrameBuffer(), 1_000_000, createLingering);
  const seen: [number, string[]][] = [];
  let texts: string[] = [];
  tap.expectFrames();
  tap.startTakingEvents();
  tap.listen({
    onRead: () => clock.wallMs(),
    onEvents: (lines) => {
      texts.push(...textsOf(lines).map(String));
    },
    onGatheredText: () => false,
    onReadEnd: (receivedAtMs) => {
      if (texts.length > 0) seen.push([receivedAtMs, texts]);
      texts = [];
    },
  });
  return { clock, socket, seen, read: (bytes: Buffer) => socket.emit('data', bytes) };
}

test('reads are processed together after 100 ms, and each keeps its own receive time', () => {
  const { clock, seen, read } = connect();
  read(Buffer.concat([frame.text('[1]'), frame.text('[2]'), frame.text('[3]').subarray(0, 2)]));
  clock.advance(LINGER_MS - 1);
  read(frame.text('[3]').subarray(2));
  expect(seen).toEqual([]);
  clock.advance(1);
  expect(seen).toEqual([
    [0, ['[1]', '[2]']],
    [LINGER_MS - 1, ['[3]']],
  ]);
  expect(clock.pendingTimers).toBe(0);
  read(frame.text('[4]'));
  clock.advance(LINGER_MS);
  expect(seen.at(-1)).toEqual([LINGER_MS, ['[4]']]);
});

test('more than 64 KiB are processed at once', () => {
  const { clock, seen, read } = connect();
  read(frame.text('[1]'));
  read(frame.text(JSON.stringify('x'.repeat(65_536))));
  expect(seen.map(([, texts]) => texts.length)).toEqual([1, 1]);
  expect(clock.pendingTimers).toBe(0);
});

test('at the end of the connection, waiting reads are processed at once', () => {
  const { clock, socket, seen, read } = connect();
  read(frame.text('[1]'));
  socket.emit('end');
  expect(seen).toEqual([[0, ['[1]']]]);
  expect(clock.pendingTimers).toBe(0);
});
