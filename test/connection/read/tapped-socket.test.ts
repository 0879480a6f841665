// With a tap in front of it, ws delivers the same as alone: the same messages in the same order, the same pings,
// error and close, and the same frames sent back.
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { systemClock } from '../../../src/clock.ts';
import { answerPings } from '../../../src/connection/live-stream.ts';
import { LingeringReads } from '../../../src/connection/read/lingering-reads.ts';
import { TappedSocket } from '../../../src/connection/read/tapped-socket.ts';
import { textsOf } from '../../../src/events/batch.ts';
import { createFrameBuffer } from '../../../src/events/frame-buffer.ts';
import { classifyText } from '../../../src/events/scanner.ts';
import { countCases, pickSeed, timeForCases } from '../../helpers/cases.ts';
import { computeAccept, decodeFrame, encodeFrame, frame, OPCODE } from '../../helpers/frames.ts';
import { mutate, type Random, randomJson, seededRandom } from '../../helpers/random-json.ts';
import { FakeSocket } from '../fake-socket.ts';

const CASES = 3_000;
const MAX_PAYLOAD = 300_000;
const { floor } = Math;

/** The data that a server sends after the 101, in chunks, and how the connection ends. */
interface Script {
  readonly chunks: readonly Buffer[];
  readonly end: 'fin' | Error;
  /** The client pauses for a turn of the event loop after each n messages. */
  readonly pauseEvery: number;
  /** The client closes after n messages. */
  readonly closeAfter: number;
}

/** What a client received and sent. */
interface Outcome {
  /** Texts and binary messages, in order. */
  readonly messages: string[];
  readonly pings: string[];
  readonly errors: string[];
  close: string;
  /** Opcode and payload of each frame sent. */
  sent: string[];
  /** Events that bypassed ws. */
  tapped: number;
}

const BUFFERS = {
  'tap, read into memory': createFrameBuffer(),
  'tap, data': createFrameBuffer(),
  'tap, reads linger': createFrameBuffer(),
};

type Way = 'ws alone' | keyof typeof BUFFERS;

function play(script: Script, way: Way): Promise<Outcome> {
  const outcome: Outcome = { messages: [], pings: [], errors: [], close: '', sent: [], tapped: 0 };
  let socket = new FakeSocket(undefined);
  let tap: TappedSocket | undefined;
  const createConnection = (): FakeSocket | TappedSocket => {
    if (way === 'ws alone') return socket;
    // Reuses memory, because allocating it would take longer than the test.
    const frames = BUFFERS[way];
    frames?.skip(frames.rest.length);
    tap = new TappedSocket(
      (onread) => {
        socket = new FakeSocket(way === 'tap, data' ? undefined : onread);
        return socket.asSocket;
      },
      frames,
      MAX_PAYLOAD,
      way === 'tap, reads linger' ? (onReady) => new LingeringReads(systemClock, 1, onReady) : undefined,
    );
    return tap;
  };
  const options = {
    perMessageDeflate: false,
    maxFragments: 0,
    autoPong: false,
    maxPayload: MAX_PAYLOAD,
    createConnection,
  };
  const webSocket = new WebSocket('ws://127.0.0.1/', options as object);
  const note = (message: string): void => {
    const count = outcome.messages.push(message);
    if (count === script.closeAfter) webSocket.close(1000);
    if (count % script.pauseEvery !== 0 || webSocket.isPaused) return;
    webSocket.pause();
    setImmediate(() => webSocket.resume());
  };
  webSocket.on('upgrade', () => tap?.expectFrames());
  webSocket.on('open', () => tap?.startTakingEvents());
  webSocket.on('message', (data: Buffer, isBinary) => {
    tap?.noteMessage();
    note(sum(data, isBinary ? 'binary' : 'text'));
  });
  answerPings(webSocket);
  webSocket.on('ping', (payload) => outcome.pings.push(payload.toString('latin1')));
  webSocket.on('error', (error: NodeJS.ErrnoException) => outcome.errors.push(error.code ?? error.message));
  tap?.listen({
    onRead: () => 0,
    onEvents: (lines) => {
      outcome.tapped += lines.count;
      for (const text of textsOf(lines)) note(sum(text, 'text'));
    },
    onGatheredText: (line) => {
      const text = line.subarray(0, -1);
      if (classifyText(text) < 0) return false;
      outcome.tapped += 1;
      note(sum(text, 'text'));
      return line.at(-1) === 0x0a;
    },
    onReadEnd: () => {},
  });
  let asked = '';
  socket.onWrite((text) => {
    if (asked.includes('\r\n\r\n')) return;
    asked += text;
    if (!asked.includes('\r\n\r\n')) return;
    const key = /sec-websocket-key: (\S+)/i.exec(asked)?.[1] ?? '';
    const answer = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${computeAccept(key)}\r\n\r\n`;
    const [head = Buffer.alloc(0), ...rest] = script.chunks;
    socket.written.length = 0;
    setImmediate(() => socket.deliver([Buffer.concat([Buffer.from(answer), head]), ...rest], script.end));
  });
  return new Promise((resolve) => {
    webSocket.on('close', (code, reason) => {
      outcome.close = `${code} ${reason.toString('latin1')}`;
      outcome.sent = listFrames(Buffer.concat(socket.written));
      resolve(outcome);
    });
  });
}

/** Describes a message: short data is shown, so that a difference is readable; long data is hashed. */
function sum(data: Buffer, kind: string): string {
  const shown = data.length > 100 ? createHash('sha1').update(data).digest('hex') : data.toString('latin1');
  return `${kind} of ${data.length} bytes: ${shown}`;
}

function listFrames(bytes: Buffer): string[] {
  const frames: string[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const next = decodeFrame(rest);
    if (next === undefined) break;
    frames.push(`${next.frame.opcode} ${next.frame.payload.toString('latin1')}`);
    rest = rest.subarray(next.size);
  }
  return frames;
}

/** Plays a script with and without a tap, and compares; returns the number of events that bypassed ws. */
async function compare(script: Script): Promise<number> {
  const [alone, ...tapped] = await Promise.all([
    play(script, 'ws alone'),
    play(script, 'tap, read into memory'),
    play(script, 'tap, data'),
    play(script, 'tap, reads linger'),
  ]);
  // The frames sent are compared only if the server can receive them: not after a reset, nor after a pause, because
  // the last bytes and the FIN may then arrive together.
  const isHeard = script.end === 'fin' && script.pauseEvery === Number.POSITIVE_INFINITY;
  const known = isHeard ? { tapped: 0 } : { tapped: 0, sent: alone.sent };
  for (const one of tapped) expect({ ...one, ...known }).toEqual(alone);
  return tapped[0]?.tapped ?? 0;
}

/** Draws one frame, or a few that belong together; one in a hundred is invalid. */
function makeFrames(random: Random): Buffer {
  const kind = random();
  if (kind < 0.5) return frame.text(randomJson(random));
  if (kind < 0.56) return frame.text(mutate(Buffer.from(randomJson(random)), random));
  if (kind < 0.6) return frame.text(['pong', '', 'ping', '"pong"'][floor(random() * 4)] ?? '');
  if (kind < 0.65) return frame.ping('p'.repeat(floor(random() * 126)));
  if (kind < 0.68) return frame.pong('q');
  if (kind < 0.74) return frame.binary(randomJson(random));
  if (kind < 0.86) return makeFragments(random);
  if (kind < 0.9) return frame.text(JSON.stringify('x'.repeat(floor(random() * 400))));
  if (kind < 0.905) return frame.text(JSON.stringify('y'.repeat(floor(random() * 290_000))));
  if (kind < 0.94) return frame.close([1000, 1001, 1008, 4000, undefined][floor(random() * 5)], 'why');
  if (kind < 0.99) return frame.text('{}');
  return makeWrongFrame(random);
}

/** Draws a message in fragments, with control frames between them. */
function makeFragments(random: Random): Buffer {
  const payload = Buffer.from(randomJson(random));
  const parts: Buffer[] = [];
  const size = 1 + floor(random() * payload.length);
  const first = random() < 0.8 ? OPCODE.text : OPCODE.binary;
  for (let at = 0; at === 0 || at < payload.length; at += size) {
    const opcode = at === 0 ? first : OPCODE.continuation;
    parts.push(
      encodeFrame({ opcode, payload: payload.subarray(at, at + size), fin: at + size >= payload.length }),
    );
    if (random() < 0.2) parts.push(frame.ping('between'));
  }
  // One message in ten lacks its last fragment.
  return Buffer.concat(random() < 0.1 ? parts.slice(0, -1) : parts);
}

function makeWrongFrame(random: Random): Buffer {
  const payload = randomJson(random);
  switch (floor(random() * 8)) {
    case 0:
      return encodeFrame({ payload, rsv1: true });
    case 1:
      return encodeFrame({ payload, rsv3: true });
    case 2:
      return encodeFrame({ payload, mask: true });
    case 3:
      return encodeFrame({ payload, opcode: 3 + floor(random() * 5) });
    case 4:
      return encodeFrame({ payload, opcode: OPCODE.continuation });
    case 5:
      return encodeFrame({ payload: 'z'.repeat(126 + floor(random() * 9)), opcode: OPCODE.ping });
    case 6:
      return encodeFrame({
        payload,
        lengthOverride: [MAX_PAYLOAD + 1, 2n ** 40n, 2n ** 60n][floor(random() * 3)] ?? 0,
      });
    default:
      return encodeFrame({ opcode: OPCODE.close, payload: Buffer.from([3, floor(random() * 256)]) });
  }
}

function makeScript(random: Random): Script {
  let bytes: Buffer = Buffer.concat(Array.from({ length: floor(random() * 16) }, () => makeFrames(random)));
  const fault = random();
  if (fault < 0.1) bytes = mutate(bytes, random);
  if (fault > 0.8) bytes = bytes.subarray(0, floor(random() * bytes.length));
  const largest = [3, 40, 400, 70_000, 300_000][floor(random() * 5)] ?? 1;
  const chunks: Buffer[] = [];
  // At most about 40 chunks, because a lot of data in small pieces would take too long.
  const least = Math.ceil(bytes.length / 40);
  for (let at = 0; at < bytes.length; ) {
    const end = at + Math.max(least, floor(random() * largest));
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  if (random() < 0.5) chunks.unshift(Buffer.alloc(0));
  return {
    chunks,
    end: random() < 0.7 ? 'fin' : Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    pauseEvery: random() < 0.3 ? 1 + floor(random() * 5) : Number.POSITIVE_INFINITY,
    closeAfter: random() < 0.1 ? 1 + floor(random() * 10) : Number.POSITIVE_INFINITY,
  };
}

const CALM = { pauseEvery: Number.POSITIVE_INFINITY, closeAfter: Number.POSITIVE_INFINITY };

describe('a tap in front of ws', () => {
  test('delivers events, also those split across chunks', async () => {
    const bytes = Buffer.concat(Array.from({ length: 1_000 }, (_unused, n) => frame.text(`{"n":${n}}`)));
    const chunks = Array.from({ length: 20 }, (_unused, i) => bytes.subarray(i * 600, (i + 1) * 600));
    expect(await compare({ ...CALM, chunks: [Buffer.alloc(0), ...chunks], end: 'fin' })).toBe(1_000);
  });

  test('delivers large events of which a part is held during the next read', async () => {
    const texts = Array.from({ length: 60 }, (_unused, n) =>
      Array.from({ length: 100 + ((n * 3_712) % 12_500) }, (_unused, at) => `${n}-${at}`).join(' '),
    );
    const bytes = Buffer.concat(texts.map((text) => frame.text(JSON.stringify(text))));
    for (const size of [16_384, 30_000, 65_536, 100_000]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_unused, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      expect(await compare({ ...CALM, chunks: [Buffer.alloc(0), ...chunks], end: 'fin' })).toBe(60);
    }
  });

  test('delivers events that arrive in one chunk with the response to the upgrade', async () => {
    const bytes = Buffer.concat([frame.text('[1]'), frame.text('[2]'), frame.text('[3]')]);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect(await compare({ ...CALM, chunks, end: 'fin' })).toBe(3);
    }
  });

  test.each([
    ['a text that is not an event', frame.text('pong'), 2],
    ['an event in fragments', frame.fragmented('[1,2,3,4]', 2), 3],
    ['an event in fragments of one byte', frame.fragmented(JSON.stringify('x'.repeat(20_000)), 1), 3],
    ['an event in large fragments', frame.fragmented(JSON.stringify('x'.repeat(280_000)), 200_000), 3],
    ['fragments that are not an event', frame.fragmented('[1,2,3,4', 2), 2],
    ['fragments that are not UTF-8', frame.fragmented(Buffer.from([0x22, 0xc3, 0x28, 0x22]), 2), 1],
    ['a ping', frame.ping('x'), 2],
    ['an event larger than the buffer', frame.text(JSON.stringify('x'.repeat(280_000))), 3],
    ['a large text that is not an event', frame.text('x'.repeat(280_000)), 2],
    ['a text beyond the size limit', frame.text(JSON.stringify('x'.repeat(MAX_PAYLOAD))), 1],
    [
      'a message in fragments beyond the size limit',
      frame.fragmented(' '.repeat(MAX_PAYLOAD + 1), 100_000),
      1,
    ],
    ['a fragment without a beginning', encodeFrame({ opcode: OPCODE.continuation, payload: '1' }), 1],
    ['a text in the middle of a fragmented one', encodeFrame({ payload: '[', fin: false }), 1],
    ['a large binary message', frame.binary('x'.repeat(280_000)), 2],
    ['a Close frame', frame.close(1001, 'later'), 1],
    [
      'a Close frame among fragments',
      Buffer.concat([encodeFrame({ payload: '[', fin: false }), frame.close()]),
      1,
    ],
    [
      'a Close frame whose reason is not UTF-8',
      encodeFrame({ opcode: OPCODE.close, payload: Buffer.from([3, 232, 0xff]) }),
      1,
    ],
    ['a Close frame with an invalid code', frame.close(1006), 1],
    ['a masked frame', encodeFrame({ payload: '1', mask: true }), 1],
    ['a reserved bit', encodeFrame({ payload: '1', rsv2: true }), 1],
  ])('C2, O4: with %s between events, ws delivers the same as alone', async (_what, odd, tapped) => {
    const bytes = Buffer.concat([frame.text('"before"'), odd, frame.text('"after"')]);
    expect(await compare({ ...CALM, chunks: [Buffer.alloc(0), bytes], end: 'fin' })).toBe(tapped);
    const cut = Array.from({ length: Math.ceil(bytes.length / 5_000) }, (_unused, i) =>
      bytes.subarray(i * 5_000, (i + 1) * 5_000),
    );
    expect(await compare({ ...CALM, chunks: [Buffer.alloc(0), ...cut], end: 'fin' })).toBe(tapped);
  });

  test(
    'C2, O4, G4: with random frames, chunks and faults, ws delivers the same as alone',
    async () => {
      let tapped = 0;
      const seed = pickSeed(66_260_701);
      for (let i = countCases(CASES); i > 0; i -= 1) {
        try {
          tapped += await compare(makeScript(seededRandom(seed + i)));
        } catch (error) {
          throw new Error(`ATLANTIS_CASES=1 ATLANTIS_SEED=${seed + i - 1} shows it again`, { cause: error });
        }
      }
      expect(tapped).toBeGreaterThan(0.95 * countCases(CASES));
    },
    timeForCases(CASES) * 40,
  );
});
