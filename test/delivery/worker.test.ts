// The delivery loop: window, order, retries, unchanged units, refusals.
import { afterEach, describe, expect, test } from '@jest/globals';
import { Backlog } from '../../src/delivery/backlog.ts';
import { LIFECYCLE_MARK, type SendResult, type WorkerEvent } from '../../src/delivery/sink.ts';
import type { SpoolRecord } from '../../src/delivery/spool/record.ts';
import { Spool } from '../../src/delivery/spool/spool.ts';
import { Worker, type WorkerConfig } from '../../src/delivery/worker.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeClock, settlePromises } from '../helpers/fake-clock.ts';
import { ACCEPTED, createFakeSink, type FakeSink, makeNumbered } from './fake-sink.ts';

const FAILED: SendResult = { kind: 'failed', fault: { message: 'it broke' } };
const refuse = (why: string): SendResult => ({ kind: 'refused', why });
const policy = { retryMinMs: 1_000, retryMaxMs: 30_000 };
const running = new Set<Worker>();

afterEach(() => {
  for (const worker of running) worker.stop();
  running.clear();
});

function start(
  sink: FakeSink,
  options: {
    window?: number;
    backlog?: Backlog;
    keepsDeadLetters?: boolean;
    givesUpAtStart?: WorkerConfig['givesUpAtStart'];
  } = {},
) {
  const { window = 4, keepsDeadLetters = false, givesUpAtStart = 'never' } = options;
  const clock = createFakeClock();
  const reports: WorkerEvent[] = [];
  const deadLettered: string[] = [];
  const deadLetter = (record: SpoolRecord, why: string): void =>
    void deadLettered.push(`${record.text}: ${why}`);
  const backlog = options.backlog ?? new Backlog(window);
  const worker = new Worker(
    sink,
    backlog,
    { window, policy, givesUpAtStart },
    {
      clock,
      random: () => 0.5,
      report: (one) => reports.push(one),
      onChange() {},
      deadLetter: keepsDeadLetters ? deadLetter : undefined,
    },
  );
  const run = worker.run();
  running.add(worker);
  return { worker, run, clock, reports, deadLettered, backlog };
}

const numbersSent = (sink: FakeSink): number[][] => sink.sent.map(({ numbers }) => [...numbers]);
const openSpool = (path: string, maxBytes = 2 ** 20): Spool =>
  new Spool({ path, maxBytes, syncEveryMs: 200 }, createFakeClock(), () => {});

/** A backlog whose content is a function of the number. */
class FakeBacklog extends Backlog {
  readonly #end: number;
  #acknowledged = 0;
  readonly #take: Backlog['take'];

  constructor(end: number, take: Backlog['take']) {
    super(100);
    this.#end = end;
    this.#take = take;
  }

  override take(number: number): ReturnType<Backlog['take']> {
    return this.#take(number);
  }

  override get acknowledged(): number {
    return this.#acknowledged;
  }

  override get end(): number {
    return this.#end;
  }

  override release(number: number): void {
    this.#acknowledged = number;
  }
}

describe('worker', () => {
  test('sends a window of units, and another one for each acknowledgement', async () => {
    const sink = createFakeSink();
    const { worker, backlog } = start(sink);
    worker.append(makeNumbered(0, 10));
    await settlePromises();
    expect(numbersSent(sink)).toEqual([[0], [1], [2], [3]]);
    sink.sent[0]?.answer(ACCEPTED);
    await settlePromises();
    expect(numbersSent(sink)).toEqual([[0], [1], [2], [3], [4]]);
    expect(backlog.acknowledged).toBe(1);
  });

  test('a lifecycle record is neither a delivered event, nor a duplicate, nor a lost event', async () => {
    const sink = createFakeSink();
    const { worker, run } = start(sink, { window: 2 });
    const lifecycle = { mark: LIFECYCLE_MARK, text: Buffer.from('7') };
    worker.append([lifecycle, ...makeNumbered(0, 1)]);
    await settlePromises();
    for (const { answer } of sink.sent) answer({ kind: 'accepted', duplicates: 1 });
    await settlePromises();
    expect(worker.figures).toMatchObject({ delivered: 1, duplicates: 1 });
    worker.append(makeNumbered(1, 4));
    await settlePromises();
    const fault = { message: 'it is over', isEnd: true };
    for (const { answer } of sink.sent.slice(2)) answer({ kind: 'failed', fault });
    await run;
    worker.append([lifecycle, ...makeNumbered(4, 5)]);
    expect(worker.figures.lost).toBe(1);
  });

  test('an out-of-order acknowledgement counts once all earlier ones have arrived', async () => {
    const sink = createFakeSink();
    const { worker, backlog } = start(sink);
    worker.append(makeNumbered(0, 10));
    await settlePromises();
    for (const at of [3, 1, 2]) sink.sent[at]?.answer(ACCEPTED);
    await settlePromises();
    expect(backlog.acknowledged).toBe(0);
    sink.sent[0]?.answer(ACCEPTED);
    await settlePromises();
    expect(backlog.acknowledged).toBe(4);
  });

  test('after a failure waits for the units in flight, then resends what is not acknowledged, in order', async () => {
    const sink = createFakeSink();
    const { worker, clock, reports } = start(sink);
    worker.append(makeNumbered(0, 6));
    await settlePromises();
    sink.sent[0]?.answer(ACCEPTED);
    await settlePromises();
    sink.sent[1]?.answer(FAILED);
    await settlePromises();
    sink.sent[3]?.answer(ACCEPTED);
    await settlePromises();
    expect(sink.opened).toBe(1);
    for (const at of [2, 4]) sink.sent[at]?.answer(FAILED);
    await clock.advanceAsync(0);
    expect(reports.map(({ kind }) => kind)).toEqual(['failed']);
    sink.sent.length = 0;
    await clock.advanceAsync(1_000);
    expect(sink.opened).toBe(2);
    // Records before one that the sink already has are sent one at a time.
    expect(numbersSent(sink)).toEqual([[1]]);
    sink.auto = () => ACCEPTED;
    sink.sent[0]?.answer(ACCEPTED);
    for (let i = 0; i < 4; i += 1) await settlePromises();
    expect(numbersSent(sink)).toEqual([[1], [2], [4], [5]]);
  });

  test('the backoff grows with each consecutive failure and is reset by progress', async () => {
    const sink = createFakeSink();
    sink.openFault = { message: 'away' };
    const { worker, clock, reports } = start(sink);
    worker.append(makeNumbered(0, 2));
    for (let i = 0; i < 4; i += 1) await clock.advanceAsync(10_000);
    const delays = (): unknown[] => reports.flatMap((one) => (one.kind === 'failed' ? [one.delayMs] : []));
    expect(delays().slice(0, 4)).toEqual([625, 1_125, 2_125, 4_125]);
    sink.openFault = undefined;
    await clock.advanceAsync(30_000);
    sink.sent[0]?.answer(ACCEPTED);
    await clock.advanceAsync(0);
    sink.sent[1]?.answer(FAILED);
    await clock.advanceAsync(0);
    expect(delays().at(-1)).toBe(625);
  });

  test('waits as long as the sink asks before it retries', async () => {
    const sink = createFakeSink();
    sink.openFault = { message: 'slow down', retryAfterMs: 60_000 };
    const { clock, reports } = start(sink);
    await clock.advanceAsync(0);
    expect(reports).toEqual([expect.objectContaining({ kind: 'failed', delayMs: 63_000 })]);
  });

  test('stops if a retry cannot help', async () => {
    const sink = createFakeSink();
    sink.openFault = { message: 'wrong password', exitCode: 3 };
    const { run, reports } = start(sink, { givesUpAtStart: 'while-empty' });
    await run;
    expect(reports).toEqual([{ kind: 'stopped', fault: sink.openFault }]);
  });

  test.each([
    ['while-empty', 0, true],
    ['while-empty', 3, false],
    ['always', 3, true],
    ['never', 0, false],
  ] as const)(
    'gives up on a sink that never works (%s, %i received): %s',
    async (givesUpAtStart, count, ends) => {
      const sink = createFakeSink();
      sink.openFault = { message: 'unreachable', exitCodeOnGiveUp: 7 };
      const { worker, clock, reports } = start(sink, { givesUpAtStart });
      worker.append(makeNumbered(0, count));
      for (let n = 0; n < 20; n += 1) await clock.advanceAsync(60_000);
      expect(reports.at(-1)?.kind).toBe(ends ? 'stopped' : 'failed');
      expect([reports.length < 6, worker.pending]).toEqual([ends, count]);
    },
  );

  test.each([
    { where: 'in memory', makeBacklog: () => new Backlog(4) },
    { where: 'with a spool', makeBacklog: () => new Backlog(4, openSpool(makeTempFolder())) },
    { where: 'with a full spool', makeBacklog: () => new Backlog(4, openSpool(makeTempFolder(), 1)) },
  ])(
    'a batch that failed is retried unchanged, though records arrived meanwhile: $where',
    async ({ makeBacklog }) => {
      const sink = createFakeSink({ unitSize: 4, maxInFlight: 1 });
      const { worker, clock } = start(sink, { backlog: makeBacklog() });
      await settlePromises();
      worker.append(makeNumbered(0, 2));
      await settlePromises();
      worker.append(makeNumbered(2, 4));
      sink.sent[0]?.answer(FAILED);
      await settlePromises();
      sink.auto = () => ACCEPTED;
      clock.advance(1_000);
      await settlePromises();
      expect(numbersSent(sink)).toEqual([
        [0, 1],
        [0, 1],
        [2, 3],
      ]);
    },
  );

  test('a unit that was in flight when the process was killed is sent again unchanged', async () => {
    const path = makeTempFolder();
    const sink = createFakeSink({ unitSize: 3, maxInFlight: 1 });
    const first = openSpool(path);
    const killed = start(sink, { window: 100, backlog: new Backlog(100, first) });
    killed.worker.append(makeNumbered(0, 2));
    await settlePromises();
    killed.worker.append(makeNumbered(2, 8));
    await settlePromises();
    expect(numbersSent(sink)).toEqual([[0, 1]]);

    const again = createFakeSink({ unitSize: 3, maxInFlight: 1 });
    again.auto = () => ACCEPTED;
    start(again, { window: 100, backlog: new Backlog(100, openSpool(path)) });
    for (let i = 0; i < 5; i += 1) await settlePromises();
    expect(numbersSent(again)).toEqual([
      [0, 1],
      [2, 3, 4],
      [5, 6, 7],
    ]);
  });

  test('a unit that is too large is halved until it fits', async () => {
    const sink = createFakeSink({ unitSize: 8, maxInFlight: 1 });
    sink.auto = (numbers) => (numbers.length > 2 ? refuse('413') : ACCEPTED);
    const { worker, backlog } = start(sink, { window: 100 });
    worker.append(makeNumbered(0, 8));
    for (let i = 0; i < 12; i += 1) await settlePromises();
    expect(numbersSent(sink)).toEqual([
      [0, 1, 2, 3, 4, 5, 6, 7],
      [0, 1, 2, 3],
      [0, 1],
      [2, 3],
      [4, 5, 6, 7],
      [4, 5],
      [6, 7],
    ]);
    expect(backlog.acknowledged).toBe(8);
  });

  test('a refused event becomes a dead letter with the reason, and delivery continues', async () => {
    const sink = createFakeSink({ maxInFlight: 1 });
    sink.auto = ([number]) => (number === 2 ? refuse('422 no such thing') : ACCEPTED);
    const { worker, backlog, deadLettered } = start(sink, { keepsDeadLetters: true });
    worker.append(makeNumbered(0, 5));
    for (let i = 0; i < 8; i += 1) await settlePromises();
    expect(deadLettered).toEqual(['2: 422 no such thing']);
    expect(backlog.acknowledged).toBe(5);
    expect(worker.figures).toEqual({ delivered: 4, duplicates: 0, refused: 1, deadLettered: 1, lost: 0 });
  });

  test('without a dead-letter file the worker ends, and nothing is lost', async () => {
    const sink = createFakeSink({ maxInFlight: 1 });
    sink.auto = ([number]) => (number === 2 ? refuse('422 no such thing') : ACCEPTED);
    const { worker, run, backlog, reports } = start(sink);
    worker.append(makeNumbered(0, 5));
    await run;
    expect(reports.at(-1)).toMatchObject({ kind: 'stopped', fault: { exitCode: 5 } });
    expect([backlog.acknowledged, worker.pending]).toEqual([2, 3]);
  });

  test('B3: without a spool, more records than the window make the worker full until enough are acknowledged', async () => {
    const sink = createFakeSink();
    const { worker, backlog } = start(sink);
    worker.append(makeNumbered(0, 4));
    expect(backlog.isFull).toBe(false);
    worker.append(makeNumbered(4, 6));
    expect([backlog.isFull, backlog.atRisk]).toEqual([true, 6]);
    await settlePromises();
    for (const { answer } of sink.sent.slice(0, 2)) answer(ACCEPTED);
    await settlePromises();
    expect([backlog.isFull, backlog.atRisk]).toEqual([false, 4]);
  });

  test('row 71: without a spool, more than 4 MiB make the worker full, too, until enough is acknowledged', async () => {
    const sink = createFakeSink({ maxInFlight: 1 });
    const { worker, backlog } = start(sink, { window: 1_000 });
    const large = (): SpoolRecord => ({ mark: 0, text: Buffer.alloc(2 ** 20) });
    worker.append([large(), large(), large(), large()]);
    expect(backlog.isFull).toBe(false);
    worker.append([large()]);
    expect(backlog.isFull).toBe(true);
    await settlePromises();
    sink.sent[0]?.answer(ACCEPTED);
    await settlePromises();
    expect([backlog.isFull, backlog.atRisk]).toEqual([false, 4]);
  });

  test('row 71: a late acknowledgement limits how much is sent after it', async () => {
    const sink = createFakeSink();
    const { worker } = start(sink, { window: 4, backlog: new Backlog(1_000) });
    worker.append(makeNumbered(0, 100));
    for (let at = 1; at < 50; at += 1) {
      await settlePromises();
      sink.sent[at]?.answer(ACCEPTED);
    }
    expect(numbersSent(sink)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => [n]));
    sink.auto = () => ACCEPTED;
    sink.sent[0]?.answer(ACCEPTED);
    for (let i = 0; i < 50; i += 1) await settlePromises();
    expect(worker.pending).toBe(0);
  });

  test('row 71: a hundred million lost records are skipped at once, after all records before them', async () => {
    const sink = createFakeSink();
    const [text, last] = [makeNumbered(0, 1), makeNumbered(1, 2)].map(([record]) => record);
    const end = 100_000_002;
    const backlog = new FakeBacklog(end, (at) => (at === 0 ? text : at === 1 ? { damaged: end - 2 } : last));
    const { worker, reports } = start(sink, { backlog });
    for (let i = 0; i < 4; i += 1) await settlePromises();
    expect([numbersSent(sink), reports]).toEqual([[[0]], []]);
    sink.auto = () => ACCEPTED;
    sink.sent[0]?.answer(ACCEPTED);
    for (let i = 0; i < 4; i += 1) await settlePromises();
    expect(numbersSent(sink)).toEqual([[0], [1]]);
    expect(worker.figures).toMatchObject({ delivered: 2, lost: end - 2 });
    expect([backlog.acknowledged, worker.pending]).toEqual([end, 0]);
  });

  test('damage in the spool is reported, and the records after it are sent', async () => {
    const sink = createFakeSink();
    sink.auto = () => ACCEPTED;
    const records = makeNumbered(0, 10);
    const backlog = new FakeBacklog(10, (at) => (at === 0 || at === 4 ? { damaged: 3 } : records[at]));
    const { reports } = start(sink, { backlog });
    for (let i = 0; i < 8; i += 1) await settlePromises();
    expect(numbersSent(sink)).toEqual([[3], [7], [8], [9]]);
    expect(reports.filter(({ kind }) => kind === 'damaged')).toHaveLength(2);
    expect(backlog.acknowledged).toBe(10);
  });
});
