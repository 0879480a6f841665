// What a running process has used so far, from /proc (Linux).
import { readdirSync, readFileSync } from 'node:fs';

/** CPU of all threads of a process so far, ms, from the scheduler's own account. */
export function readCpuMs(pid) {
  const tasks = `/proc/${pid}/task`;
  const ns = readdirSync(tasks).map((id) =>
    Number(readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return ns.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** Memory that it has in use now, KiB. */
export function readMemoryKiB(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]);
}
