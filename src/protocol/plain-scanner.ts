// The scanner where there is no WebAssembly: the platform's own decoder and parser. Slower, and all that the other
// is measured against; frames it leaves to `ws`.
import { MESSAGE } from './messages.ts';
import type { Scanner, Taken } from './scanner.ts';

const BYTE_ORDER_MARK = '\ufeff';
const LINE_BREAK = /[\r\n]/;
const UNSAFE_CHARACTER = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

export class PlainScanner implements Scanner {
  readonly capacity = 0;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  classify(bytes: Uint8Array): number {
    let text: string;
    try {
      text = this.#decoder.decode(bytes);
    } catch {
      return MESSAGE.notUtf8;
    }
    const hasMark = text.startsWith(BYTE_ORDER_MARK);
    try {
      JSON.parse(hasMark ? text.slice(1) : text);
    } catch {
      return MESSAGE.notJson;
    }
    return (
      (hasMark ? MESSAGE.byteOrderMark : 0) |
      (LINE_BREAK.test(text) ? MESSAGE.lineBreak : 0) |
      (UNSAFE_CHARACTER.test(text) ? MESSAGE.unsafeCharacter : 0)
    );
  }

  load(): void {}

  takeEvents(at: number): Taken {
    return { at, lines: undefined };
  }
}
