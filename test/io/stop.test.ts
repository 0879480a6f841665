// Why a run ends, and with which exit code (contract § 2).
import { describe, expect, test } from '@jest/globals';
import { CredentialError, OutputError, StoreError, UsageError } from '../../src/errors.ts';
import type { Outcome } from '../../src/io/io.ts';
import { createStop, type StopReason, toOutcome } from '../../src/io/stop.ts';

describe('§ 2: outcomes', () => {
  test.each<[StopReason, Outcome]>([
    [{ kind: 'limit' }, { exitCode: 0 }],
    [{ kind: 'duration' }, { exitCode: 0 }],
    [{ kind: 'output', failure: 'reader-gone' }, { exitCode: 0 }],
    [{ kind: 'fault', error: new TypeError('x is not a function') }, { exitCode: 1 }],
    [{ kind: 'fault', error: 'a text' }, { exitCode: 1 }],
    [{ kind: 'fault', error: undefined }, { exitCode: 1 }],
    [{ kind: 'fault', error: new UsageError('usage') }, { exitCode: 2 }],
    [{ kind: 'fault', error: new CredentialError('no key') }, { exitCode: 3 }],
    [{ kind: 'fault', error: new OutputError('the ready file') }, { exitCode: 9 }],
    [{ kind: 'fault', error: new StoreError('the store') }, { exitCode: 10 }],
    [{ kind: 'gave-up', exitCode: 3 }, { exitCode: 3 }],
    [{ kind: 'gave-up', exitCode: 6 }, { exitCode: 6 }],
    [{ kind: 'gave-up', exitCode: 7 }, { exitCode: 7 }],
    [{ kind: 'gave-up', exitCode: 11 }, { exitCode: 11 }],
    [{ kind: 'output', failure: new OutputError('the disk is full') }, { exitCode: 9 }],
    [{ kind: 'gap' }, { exitCode: 12 }],
    [{ kind: 'silence' }, { exitCode: 13 }],
    [{ kind: 'timeout' }, { exitCode: 124 }],
    [{ kind: 'signal', signal: 'SIGHUP' }, { signal: 'SIGHUP' }],
    [{ kind: 'signal', signal: 'SIGINT' }, { signal: 'SIGINT' }],
    [{ kind: 'signal', signal: 'SIGTERM' }, { signal: 'SIGTERM' }],
    [{ kind: 'output', failure: 'terminal-gone' }, { signal: 'SIGHUP' }],
  ])('%j ends with %j', (reason, outcome) => {
    expect(toOutcome(reason)).toEqual(outcome);
  });
});

describe('stop', () => {
  test('has no reason at first', () => {
    const stop = createStop();
    expect(stop.reason).toBeUndefined();
    expect(stop.signal.aborted).toBe(false);
  });

  test('has the first of two reasons with the same priority, and its signal aborts once, at once', () => {
    const stop = createStop();
    let aborted = 0;
    stop.signal.addEventListener('abort', () => {
      aborted += 1;
      // A listener can read the reason.
      expect(stop.reason).toEqual({ kind: 'limit' });
    });
    stop.because({ kind: 'limit' });
    stop.because({ kind: 'duration' });
    expect(stop.reason).toEqual({ kind: 'limit' });
    expect(aborted).toBe(1);
  });

  const ASKED_FOR: StopReason[] = [{ kind: 'limit' }, { kind: 'duration' }];
  const FAILURES: StopReason[] = [
    { kind: 'timeout' },
    { kind: 'silence' },
    { kind: 'gap' },
    { kind: 'gave-up', exitCode: 7 },
    { kind: 'output', failure: new OutputError('the disk is full') },
    { kind: 'fault', error: new OutputError('the ready file') },
  ];
  const SIGNALS: StopReason[] = [
    { kind: 'signal', signal: 'SIGINT' },
    { kind: 'signal', signal: 'SIGTERM' },
  ];
  const BUGS: StopReason[] = [{ kind: 'fault', error: new Error('a bug') }];

  test('O6, S1: has its reason replaced by one with a higher priority, and by no other', () => {
    const groups = [ASKED_FOR, FAILURES, SIGNALS, BUGS];
    const all = groups.flatMap((group, weight) => group.map((reason) => ({ reason, weight })));
    for (const first of all) {
      for (const second of all) {
        const stop = createStop();
        stop.because(first.reason);
        stop.because(second.reason);
        expect(stop.reason).toBe((second.weight > first.weight ? second : first).reason);
      }
    }
  });
});
