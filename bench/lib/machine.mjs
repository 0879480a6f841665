// The machine of the results. Ratios can be compared between machines, absolute times cannot.
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** Lines of a Markdown list. */
export function describeMachine(peers) {
  const versions = Object.entries(peers)
    .filter(([, { version }]) => version !== undefined)
    .map(([name, { version }]) => (version.startsWith(name) ? version : `${name} ${version}`));
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  return [
    `${availableParallelism()} cores (${model}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${type()} ${release()} ${arch()}`,
    `load average at the end ${loadavg()[0].toFixed(1)} (above 2, trust CPU time, not rates and durations)`,
    `Node ${process.versions.node}; ${versions.join('; ')}`,
  ];
}
