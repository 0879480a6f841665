// The flags of `stream check`, and their defaults.
import { describe, expect, test } from '@jest/globals';
import { parseCheckFlags } from '../../../src/commands/check/config.ts';
import { createFakeIo } from '../../helpers/fake-io.ts';

describe('parseCheckFlags', () => {
  test('without --expect the deadline is 30 s, and no events are expected', async () => {
    const config = await parseCheckFlags({}, createFakeIo());
    expect([config.deadlineMs, config.expected, config.junit, config.gitHub]).toEqual([
      30_000,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('with --expect one event of each is expected within 30 s, and --within extends the deadline', async () => {
    const one = await parseCheckFlags({ expect: ['type=x', 'a>1'] }, createFakeIo());
    expect(one.expected?.expectations.map(({ expression }) => expression)).toEqual(['type=x', 'a>1']);
    expect(one.expected).toMatchObject({ min: 1, withinMs: 30_000, maxLagMs: undefined });
    expect(one.deadlineMs).toBe(60_000);
    const other = await parseCheckFlags({ expect: ['a=1'], within: '2m' }, createFakeIo());
    expect(other.deadlineMs).toBe(150_000);
    const short = await parseCheckFlags({ expect: ['a=1'], within: '2m', deadline: '5s' }, createFakeIo());
    expect([short.deadlineMs, short.expected?.withinMs]).toEqual([5_000, 120_000]);
  });

  test.each([
    [{}, undefined],
    [{ GITHUB_STEP_SUMMARY: '/s' }, undefined],
    [{ GITHUB_ACTIONS: 'false', GITHUB_STEP_SUMMARY: '/s' }, undefined],
    [{ GITHUB_ACTIONS: 'true' }, { summaryFile: undefined }],
    [{ GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: '' }, { summaryFile: undefined }],
    [{ GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: '/s' }, { summaryFile: '/s' }],
  ])('GitHub Actions is detected by GITHUB_ACTIONS=true: %j', async (env: Record<string, string>, gitHub) => {
    expect((await parseCheckFlags({}, createFakeIo({ env }))).gitHub).toEqual(gitHub);
  });
});
