// Whether this process is in the foreground of its terminal. The system stops a background process that reads keys or
// changes the mode of the terminal.
import { existsSync, readFileSync } from 'node:fs';

type RunProgram = (
  file: string,
  args: readonly string[],
  options: { encoding: 'latin1'; stdio: 'pipe'; timeout: number },
) => string;

const STAT = '/proc/self/stat';
/** Indexes of fields after the name (proc(5)). */
const GROUP = 2;
const FOREGROUND_GROUP = 5;
/** For systems without /proc, such as macOS. */
const PS = '/bin/ps';

/** True also without a terminal. False if there is neither /proc nor `run`, which starts ps. */
export function isForegroundProcess(pid: number, run: RunProgram | undefined, statPath = STAT): boolean {
  try {
    // The name, in parentheses, may contain anything.
    const fields = readFileSync(statPath, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const foreground = Number(fields[FOREGROUND_GROUP]);
    // Not positive without a terminal, or if the foreground group is in another PID namespace.
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

/** Keeps a result of ps until the next SIGCONT, which a shell sends when it moves the process. */
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
