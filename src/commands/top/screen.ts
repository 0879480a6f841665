// The screen of `top`: the alternate screen of the terminal, until the run ends, in whatever way. Messages for stderr
// wait until then.
import type { FullScreen } from '../../io/full-screen.ts';
import type { Io } from '../../io/io.ts';
import { type Keyboard, openKeyboard } from '../../io/keyboard.ts';
import type { LineWriter } from '../../io/line-writer.ts';
import { sayDropped } from './messages.ts';

/** Alternate screen, no cursor, no automatic wrap. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J';
/** Also clears the screen, for terminals without an alternate screen such as the Linux console. */
const LEAVE = '\x1b[0m\x1b[H\x1b[2J\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const ERASE_LINE = '\x1b[2K';
const ERASE_BELOW = '\x1b[J';
/** Lines for stderr that wait until the screen is left; older lines are dropped. */
const MAX_HELD = 200;
const MESSAGE_MS = 10_000;
const COLORS = /\x1b\[[\d;]*m/g;

export class Screen implements FullScreen {
  readonly #io: Io;
  readonly #writer: LineWriter;
  readonly #keyboard: Keyboard | undefined;
  readonly #release: () => void;
  readonly #ignoreSuspend: () => void;
  #held: string[] = [];
  #dropped = 0;
  #heldAtMs = Number.NEGATIVE_INFINITY;
  #isOpen = true;
  #isShown = false;

  /** Enters the alternate screen once the process is in the foreground. */
  constructor(io: Io, writer: LineWriter, onKey: (key: string) => void) {
    this.#io = io;
    this.#writer = writer;
    // A log file gets its lines at once.
    this.#release = io.stderr.isTty ? io.takeScreen(this) : () => {};
    this.#keyboard = openKeyboard(io, { onKey, onQuit: () => this.restore() });
    this.#ignoreSuspend = io.onSuspend({
      before: () => {
        this.#keyboard?.pause();
        this.#leave();
      },
      after: () => {
        this.#keyboard?.resume();
        this.#enter();
      },
    });
    this.#enter();
  }

  get readsKeyPresses(): boolean {
    return this.#keyboard !== undefined;
  }

  /** The last message, for MESSAGE_MS after it arrived. */
  get message(): readonly string[] {
    if (this.#io.clock.monotonicMs() - this.#heldAtMs > MESSAGE_MS) return [];
    // The lines of a message after the first one are indented.
    const first = this.#held.findLastIndex((line) => !line.startsWith('  '));
    return this.#held.slice(Math.max(0, first));
  }

  /** Draws nothing while the previous lines are being written, or while the process is in the background. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen || this.#io.stdout.stream().writableLength > 0 || !this.#enter()) return;
    void this.#writer.write(`${HOME}${lines.map((line) => ERASE_LINE + line).join('\r\n')}${ERASE_BELOW}`);
  }

  hold(text: string): void {
    const lines = text.replace(COLORS, '').split('\n');
    this.#held.push(...lines.filter((line) => line !== ''));
    this.#heldAtMs = this.#io.clock.monotonicMs();
    const excess = Math.max(0, this.#held.length - MAX_HELD);
    this.#held.splice(0, excess);
    this.#dropped += excess;
  }

  restore(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#keyboard?.close();
    this.#ignoreSuspend();
    this.#leave();
    this.#release();
    if (this.#dropped > 0) this.#io.writeErr(sayDropped(this.#dropped));
    for (const line of this.#held) this.#io.writeErrRaw(`${line}\n`);
  }

  /** @returns whether the screen is shown */
  #enter(): boolean {
    if (!this.#io.isForeground()) return false;
    if (this.#isShown) return true;
    this.#isShown = true;
    void this.#writer.write(ENTER);
    return true;
  }

  #leave(): void {
    if (this.#isShown) void this.#writer.write(LEAVE);
    this.#isShown = false;
  }
}
