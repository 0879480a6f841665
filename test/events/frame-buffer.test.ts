// The scanner takes events from chunks of frames, and stops at everything else.
import { describe, expect, test } from '@jest/globals';
import { type EventLines, flagsOf, textsOf } from '../../src/events/batch.ts';
import { createFrameBuffer, type FrameBuffer } from '../../src/events/frame-buffer.ts';
import { classifyText } from '../../src/events/scanner.ts';
import { countCases, pickSeed, timeForCases } from '../helpers/cases.ts';
import { decodeFrame, encodeFrame, frame, OPCODE } from '../helpers/frames.ts';
import { messageSource, type Random, seededRandom } from '../helpers/random-json.ts';

const CASES = 20_000;
const { floor } = Math;

const { capacity } = makeBuffer();

function makeBuffer(): FrameBuffer {
  const made = createFrameBuffer();
  if (made === undefined) throw new Error('WebAssembly is not available');
  return made;
}

/** Used by all tests, so its memory has old bytes. */
const frames = makeBuffer();

/** The events that one call takes from a chunk, and where it stops. */
function take(chunk: Buffer): { at: number; texts: string[]; flags: number[] } {
  frames.skip(frames.rest.length);
  frames.add(chunk);
  const lines = frames.takeEvents();
  const at = chunk.length - frames.rest.length;
  return { at, texts: read(lines), flags: lines === undefined ? [] : Array.from(lines.flags) };
}

function read(lines: EventLines | undefined): string[] {
  if (lines === undefined) return [];
  const texts = textsOf(lines).map((text) => text.toString('latin1'));
  expect(lines.bytes.toString('latin1')).toBe(texts.map((text) => `${text}\n`).join(''));
  expect(lines.count).toBe(texts.length);
  expect(lines.allFlags).toBe(texts.reduce((all, _text, i) => all | flagsOf(lines, i), 0));
  return texts;
}

/** The same, frame by frame, with the decoder of the tests. */
function takeSlowly(chunk: Buffer): { at: number; texts: string[]; flags: number[] } {
  const texts: string[] = [];
  const flags: number[] = [];
  let at = 0;
  for (;;) {
    const next = decodeNext(chunk, at);
    if (next === undefined || chunk[at] !== 0x81 || next.frame.masked) break;
    const result = classifyText(next.frame.payload);
    if (result < 0) break;
    texts.push(next.frame.payload.toString('latin1'));
    flags.push(result);
    at += next.size;
  }
  return { at, texts, flags };
}

function decodeNext(chunk: Buffer, at: number): ReturnType<typeof decodeFrame> {
  try {
    return decodeFrame(chunk.subarray(at));
  } catch {
    return undefined; // a length that is not supported
  }
}

describe('taking events from a chunk', () => {
  test('O1: texts of every length are lines, whole and in order', () => {
    const lengths = [...Array(300).keys(), 1_023, 1_024, 1_025, 4_000, 65_535, 65_536, 65_537, 120_000];
    const texts = lengths.map((length) => JSON.stringify('x'.repeat(length)));
    for (let at = 0; at < texts.length; at += 3) {
      const some = texts.slice(at, at + 3);
      const chunk = Buffer.concat(some.map(frame.text)).subarray(0, capacity);
      const taken = take(chunk);
      expect(taken.texts).toEqual(some.slice(0, taken.texts.length));
      expect(taken.texts.length === some.length || chunk.length === capacity).toBe(true);
    }
  });

  test.each([
    ['a ping', frame.ping('x')],
    ['a Close', frame.close(1000)],
    ['a binary message', frame.binary('1')],
    ['a first fragment', encodeFrame({ payload: '1', fin: false })],
    ['a last fragment', encodeFrame({ payload: '1', opcode: OPCODE.continuation })],
    ['a masked frame', encodeFrame({ payload: '1', mask: true })],
    ['a masked frame whose mask is zero', encodeFrame({ payload: '1', mask: Buffer.alloc(4) })],
    ['a long masked frame', encodeFrame({ payload: '1'.repeat(200), mask: true })],
    ['a reserved bit', encodeFrame({ payload: '1', rsv1: true })],
    ['an unknown opcode', encodeFrame({ payload: '1', opcode: 3 })],
    ['the text pong', frame.text('pong')],
    ['an empty text', frame.text('')],
    ['a text that is not UTF-8', frame.text(Buffer.from([0x22, 0xff, 0x22]))],
    ['a length beyond 2^32', encodeFrame({ payload: '1', lengthOverride: 0x100000001n })],
    ['a length with its top bit', encodeFrame({ payload: '1', lengthOverride: 0x8000000000000001n })],
  ])('C2: %s and everything after it is left to ws', (_what, odd) => {
    const before = frame.text('[1]');
    expect(take(Buffer.concat([before, odd, frame.text('[2]')]))).toEqual({
      at: before.length,
      texts: ['[1]'],
      flags: [0],
    });
  });

  test('C2: a length in more bytes than necessary is accepted', () => {
    for (const head of [
      [126, 0, 3],
      [127, 0, 0, 0, 0, 0, 0, 0, 3],
    ]) {
      const chunk = Buffer.concat([Buffer.from([0x81, ...head]), Buffer.from('[1]'), frame.text('2')]);
      expect(take(chunk).texts).toEqual(['[1]', '2']);
    }
  });

  test.each([3, 130, 70_000])('a text of %d bytes, truncated anywhere, is not taken', (length) => {
    const whole = Buffer.concat([frame.text('0'), frame.text(JSON.stringify('é'.repeat(length >> 1)))]);
    const step = Math.max(1, length >> 8);
    for (let end = 3; end < whole.length; end += end < 20 || whole.length - end < 20 ? 1 : step) {
      // Old bytes in memory after the truncated frame must not complete it.
      take(whole);
      expect(take(whole.subarray(0, end)).texts).toEqual(['0']);
    }
    expect(take(whole).texts).toHaveLength(2);
  });

  test('a chunk that fills the memory is read to the last byte', () => {
    const text = `"${'y'.repeat(1_000)}"`;
    const one = frame.text(text);
    const count = floor(capacity / one.length);
    const last = capacity - count * one.length;
    const chunk = Buffer.concat([...Array(count).fill(one), frame.text(`"${'z'.repeat(last - 6)}"`)]);
    expect(chunk).toHaveLength(capacity);
    expect(take(chunk).texts).toHaveLength(count + 1);
    const deep = frame.text('['.repeat(capacity / 2 - 5) + ']'.repeat(capacity / 2 - 5));
    expect(deep).toHaveLength(capacity);
    expect(take(deep).texts).toHaveLength(1);
  });

  test('events beyond the limit of one call are taken by the next', () => {
    const chunk = Buffer.concat(Array.from({ length: 20_000 }, (_unused, n) => frame.text(`${n}`)));
    const all: string[] = [];
    let calls = 0;
    frames.skip(frames.rest.length);
    frames.add(chunk);
    for (; frames.rest.length > 0; calls += 1) all.push(...read(frames.takeEvents()));
    expect(all).toEqual(Array.from({ length: 20_000 }, (_unused, n) => `${n}`));
    expect(calls).toBeGreaterThan(1);
  });

  test('lines do not change when more is read', () => {
    take(Buffer.alloc(0));
    frames.add(frame.text('"first"'));
    const first = frames.takeEvents();
    take(frame.text('"other"'));
    expect(read(first)).toEqual(['"first"']);
  });

  test('bytes that were read in place are not copied, all others are', () => {
    const buffer = makeBuffer();
    const texts = ['[1]', '"two"', '{"three":3}', '4'];
    const bytes = Buffer.concat(texts.map(frame.text));
    const taken: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      // Read as a socket does; every second read is not in place.
      const target = at % 2 === 0 ? buffer.room : buffer.lastHalf;
      const count = Math.min(3, bytes.length - at);
      bytes.copy(target, 0, at, at + count);
      expect(buffer.add(target.subarray(0, count))).toBe(count);
      at += count;
      taken.push(...read(buffer.takeEvents()));
    }
    expect(taken).toEqual(texts);
    expect(buffer.rest).toHaveLength(0);
    expect(buffer.room).toHaveLength(capacity);
  });

  test('only as many bytes are added as fit', () => {
    const buffer = makeBuffer();
    expect(buffer.add(Buffer.alloc(capacity - 2))).toBe(capacity - 2);
    expect(buffer.add(Buffer.from('abc'))).toBe(2);
    expect(buffer.add(Buffer.from('c'))).toBe(0);
    buffer.skip(capacity - 3);
    expect(buffer.add(Buffer.from('c'))).toBe(1);
    expect(buffer.rest.toString()).toBe('\0abc');
  });

  test(
    'O1, G4: random frames, whole or broken, give the same events as frame by frame',
    () => {
      const random = seededRandom(pickSeed(20_260_601));
      const nextMessage = messageSource(random);
      let takenWhole = 0;
      for (let i = countCases(CASES); i > 0; i -= 1) {
        const chunk = makeChunk(random, nextMessage);
        const expected = takeSlowly(chunk);
        const taken = take(chunk);
        if (taken.at === chunk.length) takenWhole += 1;
        if (JSON.stringify(taken) !== JSON.stringify(expected)) {
          expect({ chunk: chunk.toString('hex'), ...taken }).toEqual(expected);
        }
      }
      expect(takenWhole).toBeGreaterThan(countCases(CASES) / 100);
    },
    timeForCases(CASES),
  );
});

/** A few frames with random messages; half of the chunks are damaged. */
function makeChunk(random: Random, nextMessage: () => Buffer): Buffer {
  const frames = Array.from({ length: 1 + floor(random() * 5) }, () => {
    const payload = nextMessage();
    return random() < 0.9 ? frame.text(payload) : encodeFrame({ payload, opcode: floor(random() * 16) });
  });
  const chunk = Buffer.concat(frames);
  if (random() < 0.5) return chunk;
  const at = floor(random() * chunk.length);
  if (random() < 0.3) return chunk.subarray(0, at);
  chunk[at] = floor(random() * 256);
  return chunk;
}
