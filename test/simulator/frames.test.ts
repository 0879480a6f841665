import { describe, expect, test } from '@jest/globals';
import { encodeCloseFrame, encodeFrame, encodeTextFrames, OPCODE } from '../../src/simulator/wire.ts';

describe('server frames (RFC 6455 § 5.2)', () => {
  test.each([
    [0, '8200'],
    [125, '827d'],
    [126, '827e007e'],
    [65_535, '827effff'],
    [65_536, '827f0000000000010000'],
  ])('a payload of %i bytes has the shortest header', (length, header) => {
    const frame = encodeFrame(OPCODE.binary, Buffer.alloc(length, 1));
    expect(frame.subarray(0, header.length / 2).toString('hex')).toBe(header);
    expect(frame).toHaveLength(header.length / 2 + length);
  });

  test('several texts share a buffer, and lengths count bytes', () => {
    const frames = encodeTextFrames(['a', '', 'é€😀', 'x'.repeat(200)]);
    const long = `817e00c8${'78'.repeat(200)}`;
    expect(frames.toString('hex')).toBe(`81016181008109c3a9e282acf09f9880${long}`);
  });

  test('a close frame has a code and a reason, or no body', () => {
    expect(encodeCloseFrame(1001, 'bye').toString('hex')).toBe('880503e9627965');
    expect(encodeCloseFrame(undefined).toString('hex')).toBe('8800');
  });
});
