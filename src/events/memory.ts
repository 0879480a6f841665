// A view of the memory that messages share, so that their bytes can be read as words.
import { LARGEST_KEPT_MEMORY } from './scan-constants.ts';

/** Messages that arrived together share their memory: the view of it is made once. */
let lastMemory: ArrayBufferLike = new ArrayBuffer(0);
let lastView: DataView = new DataView(lastMemory);

/** All of `memory`: a byte of a message stands at the message's `byteOffset` plus its own. */
export function viewMemory(memory: ArrayBufferLike): DataView {
  if (memory === lastMemory) return lastView;
  const view = new DataView(memory);
  // A huge message must not live on because its memory is remembered here.
  if (memory.byteLength <= LARGEST_KEPT_MEMORY) {
    lastMemory = memory;
    lastView = view;
  }
  return view;
}
