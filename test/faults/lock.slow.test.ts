// The lock of a spool if clocks change, its holder is stopped, or its holder is in another container.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type EventHub, startEventHub } from '../helpers/event-hub.ts';
import { type HttpEndpoint, startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { pickRecords, type Tail, type TailOptions } from '../helpers/tail.ts';
import { untilTrue } from '../helpers/watch.ts';
import { makeNumbered, range, sendNumbered, startRelay } from './relay-events.ts';

const HOUR_MS = 3_600_000;
const LIMIT_MS = 90_000;

/** Where the dynamic linker finds libfaketime (Debian: faketime), which sets the time of day of a process. */
const FAKETIME = '/usr/$LIB/faketime/libfaketimeMT.so.1';
const canSetClock =
  spawnSync(process.execPath, ['-p', 'Date.now() > Date.UTC(2100)'], {
    env: { LD_PRELOAD: FAKETIME, FAKETIME: '+100y' },
    encoding: 'utf8',
  }).stdout === 'true\n';
const NAMESPACE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const [unshare = '', ...words] = NAMESPACE;
const canContain = spawnSync(unshare, [...words, 'true']).status === 0;
const testWithClock = canSetClock ? test : test.skip;
const testWithContainer = canContain ? test : test.skip;

interface Scene {
  readonly hub: EventHub;
  readonly endpoint: HttpEndpoint;
  /** Starts a relay with the spool. */
  start(options?: TailOptions): Tail;
  /** The path of the file in the lock that the holder updates as a heartbeat. */
  findEntry(): string;
}

async function makeScene(): Promise<Scene> {
  const [hub, endpoint] = [await startEventHub(), await startHttpEndpoint()];
  const spool = join(makeTempFolder(), 'spool');
  return {
    hub,
    endpoint,
    start: (options) => startRelay(hub, ['--to', endpoint.url, '--spool', spool], options),
    findEntry() {
      const lock = join(spool, readdirSync(spool)[0] ?? '', 'lock');
      return join(lock, readdirSync(lock)[0] ?? '');
    },
  };
}

async function expectRefusal(relay: Tail): Promise<void> {
  const exit = await relay.finish();
  const [error] = pickRecords(exit, 'error');
  expect([exit.code, error?.message]).toEqual([9, expect.stringContaining('is locked by another process (')]);
}

/** Fails unless every event is delivered in order; after a kill some events may be duplicated. */
async function expectDelivery({ hub, endpoint }: Scene, from: number): Promise<void> {
  await sendNumbered(hub, from, from + 100);
  const wanted = range(0, from + 100).map(makeNumbered);
  const read = (): string[] => [...new Set(endpoint.accepted.flatMap(({ lines }) => lines))];
  await untilTrue(() => read().length >= wanted.length, 'the delivery');
  expect(read()).toEqual(wanted);
}

describe('row 69: a running process keeps the lock of its spool', () => {
  testWithClock.each([-HOUR_MS, HOUR_MS])(
    'when its clock changes by %i ms (needs libfaketime)',
    async (stepMs) => {
      const scene = await makeScene();
      const offset = join(makeTempFolder(), 'offset');
      writeFileSync(offset, '+0s');
      const env = {
        LD_PRELOAD: FAKETIME,
        FAKETIME_TIMESTAMP_FILE: offset,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      };
      const holder = scene.start({ env });
      await scene.hub.waitForLive(1);
      await expectDelivery(scene, 0);
      writeFileSync(offset, stepMs < 0 ? `${stepMs / 1_000}s` : `+${stepMs / 1_000}s`);
      const entry = scene.findEntry();
      await untilTrue(
        () => Math.abs(statSync(entry).mtimeMs - Date.now() - stepMs) < 60_000,
        'a heartbeat of the holder with its new clock',
      );
      await expectRefusal(scene.start());
      await expectDelivery(scene, 100);
      holder.child.kill('SIGTERM');
      expect(pickRecords(await holder.finish(), 'error')).toEqual([]);
      expect(existsSync(join(entry, '..'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'when it is stopped and continued',
    async () => {
      const scene = await makeScene();
      const holder = scene.start();
      await scene.hub.waitForLive(1);
      holder.child.kill('SIGSTOP');
      await expectRefusal(scene.start());
      holder.child.kill('SIGCONT');
      await expectDelivery(scene, 0);
      holder.child.kill('SIGTERM');
      await holder.finish();
    },
    LIMIT_MS,
  );

  testWithContainer(
    'when it is in another container; 30 s after it was killed the next process takes the lock (needs unshare)',
    async () => {
      const scene = await makeScene();
      const holder = scene.start({ prefix: NAMESPACE });
      await scene.hub.waitForLive(1);
      await expectRefusal(scene.start());
      await expectDelivery(scene, 0);
      holder.child.kill('SIGKILL');
      await holder.child.exit;
      await untilTrue(() => scene.hub.liveCount === 0, 'the end of the holder');
      expect(existsSync(scene.findEntry())).toBe(true);
      const killedAtMs = performance.now();
      const next = scene.start();
      await scene.hub.waitForLive(1, 60_000);
      expect(performance.now() - killedAtMs).toBeGreaterThan(30_000);
      expect(performance.now() - killedAtMs).toBeLessThan(45_000);
      await expectDelivery(scene, 100);
      next.child.kill('SIGTERM');
      const exit = await next.finish();
      expect(pickRecords(exit, 'warning').map(({ message }) => message)).toEqual([
        expect.stringMatching(
          /is locked by another process \(1\) in another container .*: waiting for up to 30 s/,
        ),
      ]);
    },
    LIMIT_MS,
  );
});
