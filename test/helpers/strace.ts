// Watches by strace(1) which system calls a command makes; skip by name with `hasStrace()`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const succeeds = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
let isThere: boolean | undefined;

/** True where strace is installed and may trace. */
export function hasStrace(): boolean {
  isThere ??= succeeds('strace', '-o', '/dev/null', 'true');
  return isThere;
}

/** The words in front of a command that is to be traced, with all that it starts, into the file `log`. */
export function traceInto(log: string, calls: string, ...more: string[]): string[] {
  return ['strace', '-f', '-qq', ...more, '-o', log, '-e', `trace=${calls}`];
}

/** The calls of the log, one a line. One that was interrupted by another thread is put together again. */
export function readTrace(log: string): string[] {
  const unfinished = new Map<string, string>();
  const calls: string[] = [];
  for (const line of readFileSync(log, 'utf8').split('\n')) {
    const [pid = ''] = line.split(' ');
    const [, begun] = /^(.*) <unfinished \.\.\.>$/.exec(line) ?? [];
    const [, rest] = /^\d+ +<\.\.\. \w+ resumed>(.*)$/.exec(line) ?? [];
    if (begun !== undefined) unfinished.set(pid, begun);
    else if (rest !== undefined) {
      calls.push(`${unfinished.get(pid) ?? ''}${rest}`);
      unfinished.delete(pid);
    } else if (line !== '') calls.push(line);
  }
  return [...calls, ...unfinished.values()];
}
