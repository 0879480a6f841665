// Whether another process runs, judged by its name.
import { describe, expect, test } from '@jest/globals';
import { identifyProcess, PROCESS_NAME } from '../../src/io/process-identity.ts';

const { pid } = process;
const running = { pid, sendSignal: () => true };
const gone = { pid, sendSignal: () => false };
/** The name of this process, with some of its parts replaced. */
const rename = (change: (parts: string[]) => (string | undefined)[]): string =>
  change(identifyProcess(running).name.split('-')).join('-');

describe('row 69: the identity of a process', () => {
  test('is a name that this process itself recognizes', () => {
    const { name, judge } = identifyProcess(running);
    expect(name).toMatch(new RegExp(`^${PROCESS_NAME}$`));
    expect(judge(name)).toBe('alive');
    expect(identifyProcess(gone).judge(name)).toBe('dead');
  });

  test('of another PID namespace is judged as unknown', () => {
    const name = rename(([id, start]) => [id, start, '0123456789ab', '0'.repeat(12)]);
    expect(identifyProcess(gone).judge(name)).toBe('unknown');
  });

  test('has no start time if /proc shows the processes of another namespace', () => {
    // A process whose id is not the one that /proc has for it.
    const host = { pid: pid + 1, sendSignal: () => true };
    const { name, judge } = identifyProcess(host);
    expect(name).toMatch(/^\d+-0-/);
    expect(judge(rename(([id, , ...rest]) => [id, '1', ...rest]))).toBe('alive');
  });
});
