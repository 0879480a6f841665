// `stream relay` and a spool with deleted or unreadable files: losses are counted and reported, everything else is
// delivered, and a fault whose losses cannot be counted ends the run.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { countWaiting } from '../faults/relay-events.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type HttpEndpoint, startHttpEndpoint, takeAll } from '../helpers/http-endpoint.ts';
import { startCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { hasStrace, traceInto } from '../helpers/strace.ts';
import { pickRecords, startTail, type Tail, type TailExit, type TailOptions } from '../helpers/tail.ts';
import { untilTrue } from '../helpers/watch.ts';

/** The size of an event: ten fill a segment, and sixty are more than the spool also keeps in memory. */
const PAD = 'x'.repeat(130_000);
const makeEvents = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_unused, index) => `{"id":"evt_${from + index}","pad":"${PAD}"}`);
const SPOOL_MAX = ['--spool-max', '10MB', '--retry-min', '250ms', '--retry-max', '250ms'];

async function relay(
  endpoint: HttpEndpoint,
  spool: string,
  events: Iterable<string> | AsyncIterable<string>,
  args: readonly string[] = SPOOL_MAX,
  options: TailOptions = {},
): Promise<Tail> {
  const server = await startScriptedServer(streamHandler({ events }));
  return startTail(server.url, ['--to', endpoint.url, '--spool', spool, ...args], {
    command: 'relay',
    log: 'json',
    ...options,
  });
}

const testWithStrace = hasStrace() ? test : test.skip;

interface Left {
  readonly endpoint: HttpEndpoint;
  readonly spool: string;
  /** The folder of the sink in the spool. */
  readonly folder: string;
  readonly segments: readonly string[];
}

const isWaiting = (spool: string, count: number) => (): boolean =>
  existsSync(spool) && countWaiting(spool) === count;

/** Sends sixty events in groups of ten, because events that arrive together are written to one segment. */
async function* sendInTens(spool: string): AsyncGenerator<string> {
  for (let from = 0; from < 60; from += 10) {
    yield* makeEvents(from, from + 10);
    await untilTrue(isWaiting(spool, from + 10), `${from + 10} events in the spool`);
  }
}

/** Runs a relay whose endpoint accepts nothing, until sixty events are in six segments. */
async function leaveSixty(options: TailOptions = {}): Promise<Left & { readonly run: Tail }> {
  const endpoint = await startHttpEndpoint((_request, _index, response) => response.writeHead(503).end());
  const spool = join(makeTempFolder(), 'spool');
  const run = await relay(endpoint, spool, sendInTens(spool), SPOOL_MAX, options);
  await untilTrue(isWaiting(spool, 60), 'the spool');
  const folder = join(spool, readdirSync(spool)[0] ?? '');
  const segments = readdirSync(folder).filter((name) => name.endsWith('.seg'));
  expect(segments).toHaveLength(6);
  return { endpoint, spool, folder, segments: segments.map((name) => join(folder, name)), run };
}

/** Leaves sixty events in six segments, and ends the run. */
async function leaveStopped(): Promise<Left> {
  const { run, ...left } = await leaveSixty();
  run.child.kill('SIGTERM');
  expect(pickRecords(await run.finish(), 'summary')[0]).toMatchObject({ spooled: 60 });
  left.endpoint.setAnswer(takeAll);
  return left;
}

/** Runs a relay until the endpoint has the last event. */
async function deliverRest({ endpoint, spool }: Left, last = 'evt_59'): Promise<TailExit> {
  const run = await relay(endpoint, spool, []);
  await untilTrue(() => endpoint.accepted.some(({ key }) => key === last), last);
  run.child.kill('SIGTERM');
  return await run.finish();
}

const accepted = ({ endpoint }: Left): string[] => endpoint.accepted.map(({ key }) => key);
const keys = (...ranges: readonly (readonly [number, number])[]): string[] =>
  ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_unused, at) => `evt_${from + at}`));
const lost = (exit: TailExit): unknown[] =>
  exit.records.flatMap(({ records_lost: count }) => (count === undefined ? [] : [count]));

describe('row 70: missing segments', () => {
  test.each<[string, number, number[]]>([
    ['the first one', 0, []],
    ['one in the middle', 2, [0]],
    ['the second to last one', 4, [0]],
  ])('%s is missing: its records are counted as lost, the others are delivered', async (_what, at) => {
    const left = await leaveStopped();
    rmSync(left.segments[at] ?? '');
    const exit = await deliverRest(left);
    expect(lost(exit)).toEqual([10]);
    expect(accepted(left)).toEqual(keys([0, 10 * at], [10 * at + 10, 60]));
    expect(pickRecords(exit, 'summary')[0]).toMatchObject({ acknowledged: 50, lost: 10, spooled: 0 });
    // The loss is counted only once.
    const again = await relay(left.endpoint, left.spool, makeEvents(60, 61), [...SPOOL_MAX, '--limit', '1']);
    expect(lost(await again.finish())).toEqual([]);
  });

  test('the first one is empty: its records are counted as lost, the others are delivered', async () => {
    const left = await leaveStopped();
    truncateSync(left.segments[0] ?? '', 0);
    expect(lost(await deliverRest(left))).toEqual([10]);
    expect(accepted(left)).toEqual(keys([10, 60]));
  });

  test('one is removed while the relay runs: its records are counted as lost, the others are delivered', async () => {
    const { run, ...left } = await leaveSixty();
    rmSync(left.segments[1] ?? '');
    left.endpoint.setAnswer(takeAll);
    await untilTrue(() => accepted(left).includes('evt_59'), 'the last event');
    run.child.kill('SIGTERM');
    const exit = await run.finish();
    expect(lost(exit)).toEqual([10]);
    expect(accepted(left)).toEqual(keys([0, 10], [20, 60]));
  });

  test('all are removed while the relay runs: records that are not in memory are counted as lost, the run continues', async () => {
    const { run, ...left } = await leaveSixty();
    for (const path of left.segments) rmSync(path);
    left.endpoint.setAnswer(takeAll);
    await untilTrue(() => accepted(left).includes('evt_59'), 'the last event');
    run.child.kill('SIGTERM');
    const exit = await run.finish();
    const count = lost(exit).reduce<number>((sum, one) => sum + Number(one), 0);
    expect(count).toBeGreaterThan(10);
    // The first event was in flight, and the newest ones are also in memory.
    expect(accepted(left)).toEqual(keys([0, 1], [count + 1, 60]));
  });

  test('a missing cursor: every event is sent again, with a warning', async () => {
    const left = await leaveStopped();
    rmSync(join(left.folder, 'cursor'));
    const exit = await deliverRest(left);
    expect(pickRecords(exit, 'warning').map(({ message }) => message)).toEqual([
      expect.stringContaining('has lost its cursor'),
    ]);
    expect(accepted(left)).toEqual(keys([0, 60]));
  });

  test('after a run that was killed while it deleted acknowledged segments, nothing is reported as lost', async () => {
    const { run, ...left } = await leaveSixty({ spawned: true });
    left.endpoint.setAnswer((...args) => {
      // By then, acknowledged segments are being deleted.
      if (args[1] > 0 && accepted(left).length === 45) run.child.kill('SIGKILL');
      takeAll(...args);
    });
    await run.child.exit;
    const exit = await deliverRest(left);
    expect(lost(exit)).toEqual([]);
    expect(new Set(accepted(left))).toEqual(new Set(keys([0, 60])));
    expect(accepted(left).length).toBeLessThan(80);
  });
});

describe('row 67: an unreadable spool, and other faults that end the run', () => {
  test.each(['at the start', 'while the relay runs'])('an unreadable segment is exit 9, %s', async (when) => {
    const left = when === 'at the start' ? await leaveStopped() : await leaveSixty();
    // A folder in place of the segment cannot be read, like a file on a broken disk.
    const path = left.segments[1] ?? '';
    renameSync(path, `${path}.aside`);
    mkdirSync(path);
    const run = 'run' in left ? (left.run as Tail) : await relay(left.endpoint, left.spool, []);
    left.endpoint.setAnswer(takeAll);
    const exit = await run.finish();
    expect(exit.code).toBe(9);
    expect(pickRecords(exit, 'error').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^the spool ".*" could not be used: it is not a regular file$/),
    ]);
    expect(accepted(left)).toEqual(keys([0, 10]));
    rmSync(path, { recursive: true });
    renameSync(`${path}.aside`, path);
    expect(lost(await deliverRest(left))).toEqual([]);
    expect(new Set(accepted(left))).toEqual(new Set(keys([0, 60])));
  });

  testWithStrace('a read error in the middle of a segment is exit 9', async () => {
    const left = await leaveStopped();
    const [path = ''] = left.segments;
    const fault = ['-P', path, '-e', 'inject=pread64:error=EIO:when=3+'];
    const prefix = [...traceInto('/dev/null', 'pread64'), ...fault];
    const run = await relay(left.endpoint, left.spool, [], SPOOL_MAX, { prefix });
    const exit = await run.finish();
    expect(exit.code).toBe(9);
    expect(pickRecords(exit, 'error').map(({ message }) => message)).toEqual([
      expect.stringContaining('the device reported an error (EIO)'),
    ]);
    // Nothing is lost: the next run, without the fault, reads every record.
    expect(lost(await deliverRest(left))).toEqual([]);
    expect(new Set(accepted(left))).toEqual(new Set(keys([0, 60])));
  });

  test('a bug in the delivery to a sink is exit 1 with its message', async () => {
    const endpoint = await startHttpEndpoint((_request, _index, response) => response.writeHead(503).end());
    const server = await startScriptedServer(streamHandler({ events: makeEvents(0, 1) }));
    const preload = join(makeTempFolder(), 'preload.cjs');
    writeFileSync(
      preload,
      `const net = require('node:net');
      const { connect } = net;
      let isSecond = false;
      net.connect = (where, ...more) => {
        if (where.port === ${endpoint.port} && isSecond) throw new TypeError('unexpected address');
        isSecond ||= where.port === ${endpoint.port};
        return connect(where, ...more);
      };
      require('node:module').syncBuiltinESMExports();`,
    );
    const spool = join(makeTempFolder(), 'spool');
    const exit = await startCli(
      ['stream', 'relay', '--verbose', '--url', server.url, '--to', endpoint.url, '--spool', spool],
      { key: CANARY_KEY, nodeArgs: ['--require', preload] },
    ).exit;
    expect([exit.code, exit.stderr]).toEqual([1, expect.stringContaining('unexpected address')]);
  });

  test('a ready file that cannot be written is exit 9', async () => {
    const endpoint = await startHttpEndpoint();
    const spool = join(makeTempFolder(), 'spool');
    const args = [...SPOOL_MAX, '--ready-file', join(makeTempFolder(), 'not', 'there')];
    const exit = await (await relay(endpoint, spool, [], args)).finish();
    expect(exit.code).toBe(9);
  });
});
