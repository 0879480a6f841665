// Notifications for systemd: what arrives at a real datagram socket, and when the watchdog is not notified.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { SinkStatus } from '../../src/delivery/sink-status.ts';
import { createServiceNotifier } from '../../src/monitoring/systemd.ts';
import type { RunPhase, RunStatus } from '../../src/session/run-status.ts';
import { startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeIo } from '../helpers/fake-io.ts';
import { until } from '../helpers/monitoring.ts';
import { makeCleanEnvironment } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { startTail } from '../helpers/tail.ts';

/** Prints each datagram as one line of JSON. systemd-notify waits until its BARRIER is received and closed. */
const RECEIVER = `import json, os, socket, struct, sys
path = sys.argv[1]
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind('\\0' + path[1:] if path[0] == '@' else path)
print('ready', flush=True)
while True:
    data, ancillary, _flags, _from = server.recvmsg(4096, 4096)
    for _level, kind, fds in ancillary:
        if kind == socket.SCM_RIGHTS:
            for fd in struct.unpack('%di' % (len(fds) // 4), fds): os.close(fd)
    print(json.dumps(data.decode()), flush=True)
`;

const canNotify = existsSync('/usr/bin/systemd-notify') || existsSync('/bin/systemd-notify');
const testWithNotify = canNotify ? test : test.skip;

async function startReceiver(path: string) {
  const child = startChild('python3', ['-c', RECEIVER, path], { env: makeCleanEnvironment() });
  await child.waitForStdout('ready');
  return {
    /** The assignments so far, in order. */
    list: (): string[] =>
      child.stdoutText
        .split('\n')
        .slice(1, -1)
        .flatMap((line) => (JSON.parse(line) as string).split('\n'))
        .filter((text) => text !== '' && !text.startsWith('BARRIER')),
  };
}

describe('Type=notify', () => {
  testWithNotify.each([
    ['a path', () => join(makeTempFolder(), 'notify')],
    ['an abstract socket', () => `@atlantis-test-${process.pid}`],
  ])(
    'M8: ready, status, watchdog and stopping arrive at %s (SKIPPED without systemd-notify)',
    async (_kind, name) => {
      const path = name();
      const receiver = await startReceiver(path);
      const peers: { reset(): void }[] = [];
      const server = await startScriptedServer(
        streamHandler({
          events: ['{"n":1}'],
          finish: (peer) => {
            peers.push(peer);
          },
        }),
      );
      const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000' };
      const tail = startTail(server.url, ['--retry-min', '1s', '--retry-max', '1s'], { env });
      await until(receiver.list, (all) => all.includes('READY=1') && all.includes('WATCHDOG=1'));
      await until(receiver.list, (all) => all.includes('STATUS=live, 1 event'));
      peers[0]?.reset();
      await until(receiver.list, (all) =>
        all.some((text) => /^STATUS=.*waiting for the next attempt/.test(text)),
      );
      tail.child.kill('SIGTERM');
      await tail.finish();
      const all = await until(receiver.list, (list) => list.includes('STOPPING=1'));
      expect(all.filter((text) => text === 'READY=1')).toHaveLength(1);
      expect(all.indexOf('READY=1')).toBeLessThan(all.indexOf('STOPPING=1'));
      expect(all.join()).not.toMatch(/ak_|MAINPID/);
    },
  );

  test('row 164: without systemd-notify, or with a dead socket, the run warns once and continues', async () => {
    const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const folder = makeTempFolder();
    const env = { NOTIFY_SOCKET: join(folder, 'gone'), WATCHDOG_USEC: '20000', PATH: folder };
    const tail = startTail(server.url, ['--duration', '1s'], { env });
    const { code, lines, stderr } = await tail.finish();
    expect([code, lines]).toEqual([0, ['{"n":1}']]);
    expect(stderr.match(/systemd cannot be notified/g)).toHaveLength(1);
    expect(stderr).toContain('cannot be run (ENOENT)');
  });
});

describe('the watchdog', () => {
  const WATCHDOG = { NOTIFY_SOCKET: '@unused', WATCHDOG_USEC: '60000000' };

  /** A notifier whose messages a script writes to a file. */
  async function start(phase: RunPhase, sink?: Partial<SinkStatus>) {
    const folder = makeTempFolder();
    const log = join(folder, 'log');
    writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\nfor one; do echo "$one"; done >> '${log}'\n`);
    chmodSync(join(folder, 'systemd-notify'), 0o755);
    writeFileSync(log, '');
    const io = createFakeIo({ env: { ...WATCHDOG, PATH: `${folder}:/bin:/usr/bin` } });
    const reports: string[] = [];
    const notifier = createServiceNotifier(
      { connectTimeoutMs: 15_000 },
      { report: ({ message }) => void reports.push(message) },
      io,
    );
    const status = {
      name: 'sink',
      state: 'delivering',
      acknowledged: 0,
      refused: 0,
      lost: 0,
      pendingRecords: 0,
      sendTimeoutMs: 10_000,
    };
    const current = { ...status, ...sink } as SinkStatus;
    if (sink !== undefined) notifier?.watch([{ status: () => current, onAcknowledged: undefined }]);
    const run = {
      phase,
      phaseSinceMs: io.clock.monotonicMs(),
      listProblems: () => [],
      tally: { summarize: () => ({ events: 0 }) },
    };
    notifier?.update(run as unknown as RunStatus);
    const count = (): number => readFileSync(log, 'utf8').split('WATCHDOG=1').length - 1;
    await until(count, (number) => number === 1);
    /** Lets time pass, and returns the number of watchdog messages in it. */
    const pass = async (minutes: number): Promise<number> => {
      const before = count();
      for (let half = 0; half < 2 * minutes; half += 1) {
        const reported = reports.length;
        const known = count();
        io.clock.advance(30_000);
        if (reports.length === reported && !isStuck(reports)) await until(count, (now) => now > known);
      }
      return count() - before;
    };
    return { pass, reports, close: () => notifier?.close() };
  }
  const isStuck = (reports: readonly string[]): boolean =>
    reports.some((text) => text.includes('no progress'));

  test('M8: is notified at half of its timeout while the run is live or waits for its next attempt', async () => {
    for (const phase of [
      { kind: 'live', connected: {} },
      { kind: 'retrying', delayMs: 300_000 },
    ] as RunPhase[]) {
      const { pass, reports, close } = await start(phase);
      expect(await pass(3)).toBe(6);
      expect(reports).toEqual([]);
      close();
    }
  });

  test.each<[string, RunPhase, Partial<SinkStatus> | undefined, string]>([
    [
      'an attempt that never ends',
      { kind: 'connecting' },
      undefined,
      'the phase "connecting" is taking too long',
    ],
    [
      'a sink that neither answers nor fails',
      { kind: 'live', connected: {} as never },
      { pendingRecords: 5 },
      'sink is not responding',
    ],
  ])('row 165: is no longer notified after %s, and stderr says why once', async (_what, phase, sink, why) => {
    const { pass, reports, close } = await start(phase, sink);
    expect(await pass(1)).toBe(2);
    expect(await pass(4)).toBeLessThan(8);
    expect(await pass(2)).toBe(0);
    expect(reports).toEqual([expect.stringContaining(why)]);
    close();
  });

  test('M8: is notified while a sink is spooling, retrying, idle or within its own timeout', async () => {
    for (const sink of [
      { state: 'spooling', pendingRecords: 9 },
      { pendingRecords: 0 },
      { pendingRecords: 5, sendTimeoutMs: 90_000 },
    ] as const) {
      const { pass, close } = await start({ kind: 'live', connected: {} as never }, sink);
      expect(await pass(5)).toBe(10);
      close();
    }
  });

  test('M8: systemd is notified of the end even while systemd-notify still sends the message before it', async () => {
    const folder = makeTempFolder();
    const log = join(folder, 'log');
    // The first one ends when the second has been started.
    const script = `#!/bin/sh
for one; do echo "$one"; done >> '${log}'
for i in $(seq 400); do if grep -q STOPPING '${log}'; then exit; fi; sleep 0.05; done
`;
    writeFileSync(join(folder, 'systemd-notify'), script);
    chmodSync(join(folder, 'systemd-notify'), 0o755);
    writeFileSync(log, '');
    const io = createFakeIo({ env: { ...WATCHDOG, PATH: `${folder}:/bin:/usr/bin` } });
    const notifier = createServiceNotifier({ connectTimeoutMs: 1 }, { report: () => undefined }, io);
    const tally = { summarize: () => ({ events: 0 }) };
    const update = (kind: string): void =>
      notifier?.update({ phase: { kind }, phaseSinceMs: 0, listProblems: () => [], tally } as never);
    update('live');
    await until(
      () => readFileSync(log, 'utf8'),
      (text) => text.includes('WATCHDOG=1'),
    );
    update('stopping');
    notifier?.close();
    await until(
      () => readFileSync(log, 'utf8'),
      (text) => text.includes('STOPPING=1'),
    );
  });

  test('M8: without NOTIFY_SOCKET nothing is started; with the WATCHDOG_PID of another process there is no watchdog', () => {
    const reporter = { report: () => undefined };
    expect(createServiceNotifier({ connectTimeoutMs: 1 }, reporter, createFakeIo())).toBeUndefined();
    const io = createFakeIo({ env: { ...WATCHDOG, WATCHDOG_PID: '1' } });
    const notifier = createServiceNotifier({ connectTimeoutMs: 1 }, reporter, io);
    expect(notifier).toBeDefined();
    expect(io.clock.pendingTimers).toBe(0);
    notifier?.close();
  });
});
