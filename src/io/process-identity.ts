// Names a process so that another one can check whether it still runs, even after its pid was reused.
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Io } from './io.ts';

export type ProcessDeps = Pick<Io, 'pid' | 'sendSignal'>;

/** `unknown`: the process may belong to another PID namespace or another machine. */
type Liveness = 'alive' | 'dead' | 'unknown';

export interface ProcessIdentity {
  /** Pid, start time, namespace and machine of this process; matches PROCESS_NAME. */
  readonly name: string;
  judge(name: string): Liveness;
}

/** Source of a regular expression. */
export const PROCESS_NAME = '[1-9]\\d*-\\d+-[0-9a-f]{12}-[0-9a-f]{12}';

const NO_START = '0';
const NO_MACHINE = '0'.repeat(12);
/** The namespaces outside of containers have fixed numbers (linux/proc_ns.h). */
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';
const INITIAL_TIME_NAMESPACE = 'time:[4026531834]';

export function identifyProcess(deps: ProcessDeps): ProcessIdentity {
  const pidNamespace = readOr('', () => readlinkSync('/proc/self/ns/pid'));
  const timeNamespace = readOr('', () => readlinkSync('/proc/self/ns/time'));
  const bootId = readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'));
  const namespace = hash(hostname(), bootId, pidNamespace, timeNamespace);
  const machine = identifyMachine(pidNamespace, timeNamespace);
  // /proc may belong to another PID namespace, where this process has another pid.
  const hasProc = readOr('', () => readlinkSync('/proc/self')) === String(deps.pid);
  const start = hasProc ? readProcess(deps.pid)?.start : undefined;
  return {
    name: [deps.pid, start ?? NO_START, namespace, machine].join('-'),
    judge(name) {
      const [otherPid, otherStart, otherNamespace, otherMachine] = name.split('-');
      if (otherNamespace !== namespace) {
        // Outside of containers only the boot id can differ: the machine has restarted since then.
        return otherMachine === machine && machine !== NO_MACHINE ? 'dead' : 'unknown';
      }
      if (!deps.sendSignal(Number(otherPid), 0)) return 'dead';
      const found = hasProc ? readProcess(Number(otherPid)) : undefined;
      // `hidepid` hides running processes of other users.
      if (found === undefined || otherStart === NO_START) return 'alive';
      return found.start === otherStart && !/[ZX]/.test(found.state) ? 'alive' : 'dead';
    },
  };
}

/** See proc(5). Undefined if the process cannot be read. */
function readProcess(pid: number): { state: string; start: string } | undefined {
  const stat = readOr(undefined, () => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The second field, the program's name in parentheses, may contain anything.
  const fields = stat?.replace(/^.*\) /s, '').split(' ');
  return fields && { state: fields[0] ?? '', start: fields[19] ?? NO_START };
}

/** NO_MACHINE in a container: containers of one image may have the same host name and machine id. */
function identifyMachine(pidNamespace: string, timeNamespace: string): string {
  const isContainer =
    pidNamespace !== INITIAL_PID_NAMESPACE || !['', INITIAL_TIME_NAMESPACE].includes(timeNamespace);
  const id = isContainer ? '' : readOr('', () => readFileSync('/etc/machine-id', 'latin1').trim());
  return /^[0-9a-f]{32}$/.test(id) ? hash(hostname(), id) : NO_MACHINE;
}

const hash = (...parts: string[]): string =>
  createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 12);

function readOr<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch {
    return fallback;
  }
}
