// The log of the steps: their order, their times, and the first failure.
import { describe, expect, test } from '@jest/globals';
import { createStepLog, STEP_NAMES } from '../../../src/commands/check/steps.ts';
import { createFakeClock } from '../../helpers/fake-clock.ts';

function start() {
  const clock = createFakeClock();
  const reported: string[] = [];
  const log = createStepLog(clock, (text) => text.replaceAll('secret', '***'), {
    onBegin: (name) => reported.push(`begin ${name}`),
    onResult: ({ name, status, summary }) => reported.push(`${name} ${status}: ${summary}`),
  });
  return { clock, reported, log };
}

const failure = { cause: 'x', message: 'a secret broke', hint: 'hide the secret', exitCode: 7 } as const;

describe('createStepLog', () => {
  test('times each step, and reports it when it ends', () => {
    const { clock, log, reported } = start();
    log.begin('settings');
    clock.advance(12);
    log.pass('fine', { list: ['a secret'] });
    log.skip('lookup', 'an address');
    expect(reported).toEqual(['begin settings', 'settings ok: fine', 'lookup skipped: an address']);
    expect(log.results).toMatchObject([
      { name: 'settings', durationMs: 12, details: { list: ['a ***'] } },
      { name: 'lookup', durationMs: 0 },
    ]);
    expect(log.current).toBeUndefined();
  });

  test('the first failure ends the log: later steps are listed as skipped', () => {
    const { log } = start();
    for (const name of ['settings', 'lookup'] as const) {
      log.begin(name);
      log.pass('fine');
    }
    log.begin('connect');
    log.fail(failure);
    log.fail({ ...failure, exitCode: 3 });
    log.begin('tls');
    log.pass('too late');
    expect(log.results.map(({ name }) => name)).toEqual(STEP_NAMES);
    expect(log.failure?.failure).toEqual({
      cause: 'x',
      message: 'a *** broke',
      hint: 'hide the ***',
      exitCode: 7,
    });
    for (const result of log.results.slice(3)) {
      expect(result).toMatchObject({ status: 'skipped', summary: 'connect failed' });
    }
  });

  test('a failure between two steps counts for the next step', () => {
    const { log } = start();
    log.begin('settings');
    log.pass('fine');
    log.fail(failure);
    expect(log.failure?.name).toBe('lookup');
  });

  test('a failure after the last step is ignored', () => {
    const { log } = start();
    for (const name of STEP_NAMES) log.skip(name, 'not today');
    log.fail(failure);
    expect(log.failure).toBeUndefined();
  });
});
