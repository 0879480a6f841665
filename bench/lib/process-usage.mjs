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

/** Its current resident memory in KiB. */
export function readMemoryKiB(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
}
