// Which of several signals repeat the same request (contract S1), and how nohup is recognized (S4).
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createSignalWatch, type EndSignal, isHangUpIgnored } from '../../src/io/signals.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

function setUp(isStdinTty = false) {
  const clock = createFakeClock();
  const heard: EndSignal[] = [];
  const died: EndSignal[] = [];
  let raise: ((signal: EndSignal) => void) | undefined;
  const { onSignal } = createSignalWatch({
    clock,
    isStdinTty: () => isStdinTty,
    listen: (handler) => {
      raise = handler;
      return () => {
        raise = undefined;
      };
    },
    die: (signal) => void died.push(signal),
  });
  const unsubscribe = onSignal((signal) => void heard.push(signal));
  return {
    clock,
    heard,
    died,
    unsubscribe,
    raise: (signal: EndSignal) => raise?.(signal),
    isListening: () => raise !== undefined,
  };
}

describe('row 81 (S1): the second signal', () => {
  test.each<[EndSignal, number, EndSignal, boolean, EndSignal[]]>([
    ['SIGHUP', 1, 'SIGHUP', false, []],
    ['SIGTERM', 2, 'SIGHUP', true, []],
    ['SIGINT', 20, 'SIGINT', true, []],
    ['SIGINT', 150, 'SIGINT', false, []],
    ['SIGINT', 150, 'SIGINT', true, ['SIGINT']],
    ['SIGINT', 150, 'SIGTERM', true, []],
    ['SIGTERM', 999, 'SIGTERM', false, []],
    ['SIGTERM', 1_000, 'SIGINT', false, ['SIGINT']],
  ])(
    'if %s is followed after %i ms by %s (stdin is a terminal: %s), the process is killed by %j',
    (first, ms, second, isTty, died) => {
      const run = setUp(isTty);
      run.raise(first);
      run.clock.advance(ms);
      run.raise(second);
      expect([run.heard, run.died]).toEqual([[first], died]);
    },
  );

  test('does not interrupt the last steps of a run that has unsubscribed', () => {
    const run = setUp();
    run.raise('SIGTERM');
    run.unsubscribe();
    run.raise('SIGHUP');
    expect([run.isListening(), run.died]).toEqual([true, []]);
  });

  test('is not listened for after a run without a signal', () => {
    const run = setUp();
    run.unsubscribe();
    expect(run.isListening()).toBe(false);
  });
});

describe('S4: whether a hang-up is ignored', () => {
  test.each([
    [{ _: '/usr/bin/nohup' }, true],
    [{ _: '/usr/bin/node' }, false],
    [{}, false],
  ])('in the environment %j: %s', (env, expected) => {
    expect(isHangUpIgnored(env, process.pid)).toBe(expected);
  });

  test.each([
    ['w', true],
    ['r', false],
    ['r+', false],
  ])('with /dev/null as stdin, opened as %s: %s', (flags, expected) => {
    const stdin = openSync('/dev/null', flags);
    const isIgnored = isHangUpIgnored({}, process.pid, stdin);
    closeSync(stdin);
    expect(isIgnored).toBe(expected);
  });
});
