// The report for people, at the width of a terminal and without one.
import { describe, expect, test } from '@jest/globals';
import { formatStep } from '../../src/check/lines.ts';
import type { StepResult } from '../../src/check/steps.ts';

const FAILED: StepResult = {
  name: 'lookup',
  status: 'failed',
  durationMs: 85,
  summary: 'the host name api.atlantis.example was not found',
  details: {},
  failure: {
    cause: 'name-not-found',
    message: 'the host name api.atlantis.example was not found',
    exitCode: 7,
    hint: 'Check the URL for a typing error, and that this machine can look names up.',
  },
};

describe('a step', () => {
  test('without a terminal it is one line, and what to do in another', () => {
    expect(formatStep(FAILED, false)).toBe(
      `failed  name lookup    the host name api.atlantis.example was not found (85 ms)
                       Check the URL for a typing error, and that this machine can look names up.
`,
    );
  });

  test('at 80 columns it breaks between words, beside the names of the steps', () => {
    expect(formatStep(FAILED, false, 80)).toBe(
      `failed  name lookup    the host name api.atlantis.example was not found (85 ms)
                       Check the URL for a typing error, and that this machine
                       can look names up.
`,
    );
  });

  test('at 40 columns below them', () => {
    expect(formatStep(FAILED, false, 40)).toBe(
      `failed  name lookup    the host name
  api.atlantis.example was not found (85
  ms)
  Check the URL for a typing error, and
  that this machine can look names up.
`,
    );
  });

  test('colour is on the status alone', () => {
    expect(formatStep(FAILED, true, 80)).toMatch(/^\x1b\[31mfailed \x1b\[0m name lookup {4}the host/);
  });
});
