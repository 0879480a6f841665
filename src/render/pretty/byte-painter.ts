// Paints events of known shape straight from their bytes into bytes: what pretty output into a file or a pipe
// nearly always needs. The same lines as headline and details make of strings, to the byte, in a fraction of
// the time; a test holds them equal. Only where every event is one line.
import type { Batch } from '../../events/batch.ts';
import { viewMemory } from '../../events/memory.ts';
import type { Style } from '../paint.ts';
import type { Signs } from '../signs.ts';
import { WordTexts } from './byte-words.ts';
import { type EventShape, ShapeWalker } from './event-shape.ts';
import { type LineProgram, programLine } from './line-program.ts';
import { ODD, ProgramRunner } from './line-runner.ts';
import type { SharedWidths } from './shared-widths.ts';

const NOTHING = Buffer.alloc(0);
const MIN_SIZE = 4_096;
/** All columns, the paints of a type and of arrows, and the word behind all. */
const FIXED_ROOM = 512;
/** Shapes that are known at a time: more are seldom, and each has to be tried. */
const MAX_SHAPES = 8;
const WORD_BYTES = 4;

interface KnownShape extends EventShape {
  readonly program: LineProgram;
  /** Bytes that one event may take beside twice its own. */
  readonly room: number;
}

/** Knows some shapes, and paints events that have one of them. */
export class BytePainter {
  readonly #style: Style;
  readonly #signs: Signs;
  readonly #walker = new ShapeWalker();
  readonly #runner: ProgramRunner;
  /** The one that was met last comes first. */
  readonly #shapes: KnownShape[] = [];
  #time = '';
  #lines: Buffer = NOTHING;
  /** Bytes written of the lines so far. */
  #at = 0;

  constructor(style: Style, signs: Signs, widths: SharedWidths, isWide: boolean) {
    this.#style = style;
    this.#signs = signs;
    this.#runner = new ProgramRunner(style.types, signs, widths, this.#walker, isWide);
  }

  /** Begins the lines of a batch of so many bytes; `time` stands before each, in its paint, or is empty. */
  begin(size: number, time: string): void {
    if (time !== this.#time) this.#runner.time = new WordTexts([time]);
    this.#time = time;
    this.#setLines(Buffer.allocUnsafeSlow(2 * size + MIN_SIZE));
    this.#at = 0;
  }

  /** The lines since `begin`. */
  take(): Buffer {
    const lines = this.#lines.subarray(0, this.#at);
    this.#setLines(NOTHING);
    return lines;
  }

  /** Adds a line that was made in another way, one byte for each character. */
  addText(line: string): void {
    this.#reserve(line.length);
    this.#at += this.#lines.write(line, this.#at, 'latin1');
  }

  /** From now on events of that shape are known. */
  learn(shape: EventShape): void {
    const program = programLine(shape.plan, this.#style, this.#signs, this.#time === '');
    const room = program.texts.view.byteLength + FIXED_ROOM;
    this.#shapes.unshift({ ...shape, program, room });
    if (this.#shapes.length > MAX_SHAPES) this.#shapes.pop();
  }

  /** Paints event `index`, which has no flag; false, and nothing is written, where it has to go the long way. */
  paint({ bytes, ends }: Batch, index: number): boolean {
    const view = viewMemory(bytes.buffer);
    const start = bytes.byteOffset + (index === 0 ? 0 : (ends[index - 1] as number) + 1);
    const end = bytes.byteOffset + (ends[index] as number);
    if (end + WORD_BYTES > view.byteLength) return false;
    for (let i = 0; i < this.#shapes.length; i++) {
      const shape = this.#shapes[i] as KnownShape;
      if (!this.#walker.walk(view, start, end, shape)) continue;
      if (i > 0) this.#shapes.unshift(...this.#shapes.splice(i, 1));
      this.#reserve(2 * (end - start) + shape.room + this.#time.length);
      const at = this.#runner.run(view, shape.program, this.#at);
      if (at === ODD) return false;
      this.#at = at;
      return true;
    }
    return false;
  }

  #reserve(size: number): void {
    const lines = this.#lines;
    if (this.#at + size <= lines.length) return;
    this.#setLines(Buffer.allocUnsafeSlow(2 * lines.length + size));
    lines.copy(this.#lines, 0, 0, this.#at);
  }

  #setLines(lines: Buffer): void {
    this.#lines = lines;
    this.#runner.to = new DataView(lines.buffer, lines.byteOffset, lines.length);
  }
}
