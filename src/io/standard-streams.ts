// stdout and stderr. A slow or closed one neither blocks nor crashes the program. On one terminal or pipe, neither
// breaks a line of the other.
//
// Node's writes to a terminal block: after Ctrl-S no timer would fire and no signal be handled (contract K3, R2). Here
// writes are asynchronous.
import { fstatSync, writeSync } from 'node:fs';
import { OutputError } from '../errors.ts';
import { sayStdoutNotWritten } from './messages.ts';

export interface OutputTarget {
  readonly fd: number;
  readonly isTty: boolean;
  /** Size of the terminal, at least 1; undefined if unknown. */
  columns(): number | undefined;
  rows(): number | undefined;
  /** Opens the stream of a terminal, pipe or socket. Regular files are written through `fd`. */
  stream(): NodeJS.WriteStream;
}

/** In bytes; above it, further lines on stderr are dropped. */
const MAX_STDERR_BACKLOG = 256 * 1024;

/** Opens the stream, which loads half of Node's stream code, only if the descriptor may be a terminal. */
export function isTerminal(fd: 0 | 1 | 2, stream: () => { readonly isTTY?: boolean }): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && stream().isTTY === true;
  } catch {
    return false;
  }
}

/** @param stream called as late as possible */
export function createOutputTarget(fd: 1 | 2, stream: () => NodeJS.WriteStream): OutputTarget {
  let isTty: boolean | undefined;
  const target = {
    fd,
    stream,
    get isTty() {
      if (isTty === undefined) {
        isTty = isTerminal(fd, stream);
        if (isTty) keepLoopFree(stream(), fd);
      }
      return isTty;
    },
    // A terminal without a size reports 0.
    columns: () => (target.isTty ? stream().columns || undefined : undefined),
    rows: () => (target.isTty ? stream().rows || undefined : undefined),
  };
  return target;
}

/** libuv's handle of a terminal. It is not public, so all members are optional. */
interface TerminalHandle {
  readonly fd?: number;
  setBlocking?(isBlocking: boolean): void;
}

/** Makes writes to a terminal asynchronous. @param fd the descriptor that the process was started with */
export function keepLoopFree(stream: NodeJS.WriteStream, fd: number): void {
  const { _handle: handle } = stream as { readonly _handle?: TerminalHandle };
  // libuv keeps the descriptor if it cannot open the terminal again. A descriptor that the shell shares stays blocking.
  if (handle?.fd !== undefined && handle.fd !== fd) handle.setBlocking?.(false);
}

const opened = new WeakMap<OutputTarget, NodeJS.WriteStream>();

/** Adds an error listener, without which a failed write would crash the process. */
export function openGuarded(target: OutputTarget): NodeJS.WriteStream {
  let stream = opened.get(target);
  if (stream === undefined) {
    stream = target.stream();
    stream.on('error', () => {});
    opened.set(target, stream);
  }
  return stream;
}

function hasQueue(target: OutputTarget): boolean {
  return (opened.get(target)?.writableLength ?? 0) > 0 || (opened.get(target)?.writableCorked ?? 0) > 0;
}

/** Writes synchronously. What does not fit into a pipe goes through the stream. @throws OutputError */
export function writeWhole(target: OutputTarget, text: string): void {
  const bytes = Buffer.from(text);
  let at = 0;
  if (hasQueue(target)) {
    openGuarded(target).write(bytes);
    return;
  }
  try {
    while (at < bytes.length) at += writeSync(target.fd, bytes, at);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') openGuarded(target).write(bytes.subarray(at));
    else if (code !== 'EPIPE') throw new OutputError(...sayStdoutNotWritten(error));
  }
}

/** True for the same terminal, pipe or socket, as with `2>&1 |`. */
function areSame(stdout: OutputTarget, stderr: OutputTarget): boolean {
  if (stdout.isTty || stderr.isTty) return stdout.isTty && stderr.isTty;
  try {
    const [one, other] = [fstatSync(stdout.fd), fstatSync(stderr.fd)];
    return one.dev === other.dev && one.ino === other.ino && (one.isFIFO() || one.isSocket());
  } catch {
    return false;
  }
}

/** The writer never throws, and ignores a closed or full stderr (contract O7). */
export function createStderrWriter(stdout: OutputTarget, stderr: OutputTarget): (text: string) => void {
  let heldBack = 0;
  let isSame: boolean | undefined;
  const writeNow = (text: string): void => {
    try {
      const stream = openGuarded(stderr);
      if (stream.writableLength + heldBack < MAX_STDERR_BACKLOG) stream.write(text);
    } catch {
      // For instance a file on a full disk, which does not end the run.
    }
  };
  return (text) => {
    isSame ??= areSame(stdout, stderr);
    // A status line must not break a line of stdout.
    const isBusy = isSame && openGuarded(stdout).writableLength > 0;
    if (!isBusy) return writeNow(text);
    if (heldBack + text.length > MAX_STDERR_BACKLOG) return;
    heldBack += text.length;
    openGuarded(stdout).write('', () => {
      heldBack -= text.length;
      writeNow(text);
    });
  };
}

/** Delays stdout after Ctrl-S until stderr is written: a status line must be erased before the next line of output. */
export function holdOutput(stdout: OutputTarget, stderr: OutputTarget): void {
  if (!stdout.isTty || !stderr.isTty || openGuarded(stderr).writableLength === 0) return;
  const output = openGuarded(stdout);
  output.cork();
  try {
    openGuarded(stderr).write('', () => output.uncork());
  } catch {
    output.uncork();
  }
}
