// The standard streams where one of them is a terminal, or gone, or both are one: neither may hold or end the
// program, or spoil a line of the other.
//
// Node lets writes to a terminal block: after Ctrl-S, or in front of a frozen window, no ping would go out, no
// timer fire and no signal be handled (contract K3, R2). Here they are asynchronous, as those to a pipe are.
import { fstatSync, writeSync } from 'node:fs';
import { OutputError } from '../errors.ts';

/** A standard stream of the process, opened when `stream()` is first called. */
export interface OutputTarget {
  readonly fd: number;
  readonly isTty: boolean;
  /** Width of the terminal in columns, at least 1, or undefined where it is not known. */
  columns(): number | undefined;
  /** The stream for terminals, pipes and sockets; regular files are written through `fd`. */
  stream(): NodeJS.WriteStream;
}

/** Above this many waiting bytes on stderr further lines are dropped: nobody reads them. */
const MAX_STDERR_BACKLOG = 256 * 1024;

/** Whether a descriptor is a terminal. Opening its stream loads half of Node's stream code: only if it may be. */
export function isTerminal(fd: 0 | 1 | 2, stream: () => { readonly isTTY?: boolean }): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && stream().isTTY === true;
  } catch {
    return false;
  }
}

/** A standard stream for output; `stream` opens it, so it is called as late as can be. */
export function describeTarget(fd: 1 | 2, stream: () => NodeJS.WriteStream): OutputTarget {
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
    // A terminal that nobody has sized says 0.
    columns: () => (target.isTty ? stream().columns || undefined : undefined),
  };
  return target;
}

/** What libuv's handle of a terminal offers; not public, hence all optional. */
interface TerminalHandle {
  readonly fd?: number;
  setBlocking?(isBlocking: boolean): void;
}

/** Makes writes to a terminal asynchronous. `fd` is the descriptor that the process was started with. */
export function keepLoopFree(stream: NodeJS.WriteStream, fd: number): void {
  const { _handle: handle } = stream as { readonly _handle?: TerminalHandle };
  // libuv opens the terminal anew, so the mode is ours alone; where it could not, the shell would share it.
  if (handle?.fd !== undefined && handle.fd !== fd) handle.setBlocking?.(false);
}

const opened = new WeakMap<OutputTarget, NodeJS.WriteStream>();

/** The target's stream, with a listener: without one a failed write would end the process with a stack trace. */
export function openGuarded(target: OutputTarget): NodeJS.WriteStream {
  let stream = opened.get(target);
  if (stream === undefined) {
    stream = target.stream();
    stream.on('error', () => {});
    opened.set(target, stream);
  }
  return stream;
}

/** Whether something waits in a target's stream: what is written must then follow it there. */
function hasQueue(target: OutputTarget): boolean {
  return (opened.get(target)?.writableLength ?? 0) > 0 || (opened.get(target)?.writableCorked ?? 0) > 0;
}

/**
 * Writes all of a small text at once; what a full pipe leaves goes through the stream, and so does all behind it.
 * @throws OutputError
 */
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
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'EAGAIN') openGuarded(target).write(bytes.subarray(at));
    else if (code !== 'EPIPE') throw new OutputError(`stdout could not be written (${code})`);
  }
}

/** Whether both lead to the same terminal, or, as after `2>&1 |`, into the same pipe or socket. */
function areOne(stdout: OutputTarget, stderr: OutputTarget): boolean {
  if (stdout.isTty || stderr.isTty) return stdout.isTty && stderr.isTty;
  try {
    const [one, other] = [fstatSync(stdout.fd), fstatSync(stderr.fd)];
    return one.dev === other.dev && one.ino === other.ino && (one.isFIFO() || one.isSocket());
  } catch {
    return false;
  }
}

/** Writes texts to stderr, in order; never throws, and a stderr that is gone or full is no matter (contract O7). */
export function createStderrWriter(stdout: OutputTarget, stderr: OutputTarget): (text: string) => void {
  let heldBack = 0;
  let isOne: boolean | undefined;
  const writeNow = (text: string): void => {
    try {
      const stream = openGuarded(stderr);
      if (stream.writableLength + heldBack < MAX_STDERR_BACKLOG) stream.write(text);
    } catch {
      // A file on a full disk: no reason to end.
    }
  };
  return (text) => {
    isOne ??= areOne(stdout, stderr);
    // Where both are one and it is busy, a status line must not stand inside of a line of output.
    const isBusy = isOne && openGuarded(stdout).writableLength > 0;
    if (!isBusy) return writeNow(text);
    if (heldBack + text.length > MAX_STDERR_BACKLOG) return;
    heldBack += text.length;
    openGuarded(stdout).write('', () => {
      heldBack -= text.length;
      writeNow(text);
    });
  };
}

/**
 * Holds what is written to stdout from now on until all that waits for stderr is written. On a terminal that was
 * stopped (Ctrl-S) both wait, each in a queue of its own: an erased picture would stand in front of a line.
 */
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
