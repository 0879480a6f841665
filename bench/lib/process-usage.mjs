// Resource usage of a running process, from /proc (Linux).
import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads of a process so far, in ms, from the scheduler. */
export function readCpuMs(pid) {
  const tasks = `/proc/${pid}/task`;
  const ns = readdirSync(tasks).map((id) =>
    Number(readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return ns.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** A field of /proc/<pid>/status in KiB, such as VmRSS or VmHWM; undefined when the process has ended. */
export function readStatusKiB(pid, field) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const found = new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}
