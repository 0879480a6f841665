// Whether this process is in the foreground of its terminal. A shell that has it in the background writes to the
// terminal itself, and the system stops a background process that reads keys or changes the mode.
import { existsSync, readFileSync } from 'node:fs';

/** Runs a program, and returns its output. */
type RunProgram = (
  file: string,
  args: readonly string[],
  options: { encoding: 'latin1'; stdio: 'pipe'; timeout: number },
) => string;

const STAT = '/proc/self/stat';
/** Fields of proc(5) after the name: the process group, and the group in the foreground of its terminal. */
const GROUP = 2;
const FOREGROUND_GROUP = 5;
/** For macOS and BSD, which do not have /proc. */
const PS = '/bin/ps';

/**
 * Whether this process is in the foreground of its terminal. True if the process has no terminal.
 *
 * @param run starts ps where there is no /proc; if it is undefined there, the result is false, since the system stops a
 *   process that uses the terminal from the background
 */
export function isForegroundProcess(pid: number, run: RunProgram | undefined, statPath = STAT): boolean {
  try {
    // The name, in parentheses, may contain anything.
    const fields = readFileSync(statPath, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const foreground = Number(fields[FOREGROUND_GROUP]);
    // The number is not positive without a terminal, and if the foreground group is in another PID namespace.
    return !(foreground > 0) || foreground === Number(fields[GROUP]);
  } catch {
    return run !== undefined && isMarkedByPs(pid, run);
  }
}

function isMarkedByPs(pid: number, run: RunProgram): boolean {
  try {
    const stat = run(PS, ['-o', 'stat=', '-p', String(pid)], {
      encoding: 'latin1',
      stdio: 'pipe',
      timeout: 1_000,
    });
    return stat.includes('+');
  } catch {
    return true;
  }
}

/**
 * A test for the process `pid`. If the test has to run ps, its result is kept until the next SIGCONT, which a shell
 * sends when it moves the process.
 *
 * @param onContinue calls back once, after the next SIGCONT
 */
export function createForegroundTest(
  pid: number,
  run: RunProgram | undefined,
  onContinue: (handler: () => void) => void,
): () => boolean {
  if (existsSync(STAT)) return () => isForegroundProcess(pid, run);
  let known: boolean | undefined;
  return () => {
    if (known !== undefined) return known;
    onContinue(() => {
      known = undefined;
    });
    known = isForegroundProcess(pid, run);
    return known;
  };
}
