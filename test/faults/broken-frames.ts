// Frames that violate the WebSocket protocol, each with the expected message.
import { encodeFrame, OPCODE } from '../helpers/frames.ts';
import { frame } from '../helpers/scripted-server.ts';

/** A text that is in every broken frame with a payload, and must never be printed. */
export const SPILL = 'SPILL';

/** Frames with their names, and the expected message on stderr. */
export const BROKEN_FRAMES: readonly (readonly [string, Uint8Array, string])[] = [
  ['invalid UTF-8', frame.text(Buffer.from(`"${SPILL}\xc3\x28"`, 'latin1')), 'text that is not UTF-8'],
  [
    'a surrogate in UTF-8',
    frame.text(Buffer.from(`"${SPILL}\xed\xa0\x80"`, 'latin1')),
    'text that is not UTF-8',
  ],
  [
    'a Close frame whose reason is not UTF-8',
    frame.raw({
      opcode: OPCODE.close,
      payload: Buffer.from(`\x03\xe8${SPILL}\xce\xba\xed\xa0\x80`, 'latin1'),
    }),
    'text that is not UTF-8',
  ],
  [
    'RSV1 set',
    frame.raw({ payload: `"${SPILL}"`, rsv1: true }),
    'a compressed frame, which was not negotiated',
  ],
  ['RSV2 set', frame.raw({ payload: `"${SPILL}"`, rsv2: true }), 'a frame with a reserved bit'],
  ['a masked frame', frame.raw({ payload: `"${SPILL}"`, mask: true }), 'a masked frame'],
  ['opcode 3', frame.raw({ opcode: 3, payload: `"${SPILL}"` }), 'an unknown opcode'],
  ['a close code of 1006 on the wire', frame.close(1006, SPILL), 'an invalid close code'],
  ['a close frame of one byte', frame.raw({ opcode: OPCODE.close, payload: 'x' }), 'a control frame'],
  ['a ping of 126 bytes', frame.ping('p'.repeat(126)), 'a control frame larger than 125 bytes'],
  [
    'a continuation of nothing',
    encodeFrame({ opcode: OPCODE.continuation, payload: `"${SPILL}"` }),
    'an unknown opcode',
  ],
];
