// Name lookups and unreachable hosts in a private network namespace.
import { describe, expect, test } from '@jest/globals';
import { canUnshare, startInNamespace } from '../helpers/netns.ts';
import { pickRecords, runTail, type TailOptions } from '../helpers/tail.ts';

const describeInside = canUnshare() ? describe : describe.skip;

describeInside('in a namespace (needs unshare, ip, tc)', () => {
  test('row 16 (C1): a lookup that hangs is given up at the connect timeout', async () => {
    const namespace = await startInNamespace();
    await namespace.blackHoleNames();
    const startedAtMs = performance.now();
    const args = ['--connect-timeout', '700ms', '--max-reconnects', '1', '--retry-max', '250ms'];
    const options: TailOptions = { log: 'json', prefix: namespace.prefix };
    const exit = await runTail('https://stream.atlantis.test', [...args, '--retry-min', '250ms'], options);
    // The process has ended, too, although the lookup of the system would keep it for ten seconds.
    expect(performance.now() - startedAtMs).toBeLessThan(6_000);
    expect(pickRecords(exit, 'retrying')).toMatchObject([{ cause: 'timed-out' }]);
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'timed-out', exit_code: 7 }]);
    expect(pickRecords(exit, 'error')[0]?.message).toContain('looking up the name');
    expect([exit.stdout, exit.code]).toEqual(['', 7]);
  });

  test.each([
    { flag: '--timeout', code: 124 },
    { flag: '--duration', code: 0 },
  ])('R2: while a lookup hangs, $flag ends the process, not only the run', async ({ flag, code }) => {
    const namespace = await startInNamespace();
    await namespace.blackHoleNames();
    const startedAtMs = performance.now();
    const options: TailOptions = { log: 'json', prefix: namespace.prefix };
    const exit = await runTail('https://stream.atlantis.test', [flag, '1s'], options);
    expect(exit.code).toBe(code);
    expect(performance.now() - startedAtMs).toBeLessThan(4_000);
    expect(pickRecords(exit, 'summary')).toHaveLength(1);
  });

  test('row 30 (C9): without a name server the cause is name-lookup-failed, exit 7', async () => {
    const namespace = await startInNamespace();
    await namespace.run('mount --bind /dev/null /etc/resolv.conf');
    const exit = await runTail('https://stream.atlantis.test', ['--no-reconnect'], {
      log: 'json',
      prefix: namespace.prefix,
    });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'name-lookup-failed', exit_code: 7 }]);
    expect(exit.code).toBe(7);
  });

  test('row 16 (C1): a server that packets do not reach is given up at the connect timeout, exit 7', async () => {
    const namespace = await startInNamespace();
    const server = await namespace.startScriptedServer(async () => {});
    await namespace.blackHole(true);
    const args = ['--connect-timeout', '700ms', '--no-reconnect'];
    const exit = await runTail(server.url, args, { log: 'json', prefix: namespace.prefix });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'timed-out', exit_code: 7 }]);
    expect(pickRecords(exit, 'error')[0]?.message).toContain(', connecting');
    expect(exit.code).toBe(7);
    expect(server.attempts).toHaveLength(0);
  });

  test('row 30 (C9): for a host without a route the cause is unreachable, exit 7', async () => {
    const namespace = await startInNamespace();
    const exit = await runTail('https://192.0.2.1', ['--no-reconnect'], {
      log: 'json',
      prefix: namespace.prefix,
    });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'unreachable', exit_code: 7 }]);
    expect(pickRecords(exit, 'error')[0]?.message).toContain('192.0.2.1 cannot be reached (ENETUNREACH');
    expect(exit.code).toBe(7);
  });
});
