// The table of contract § 5, written a second time from the contract and run against `decideRetry`.
import { describe, expect, test } from '@jest/globals';
import { CAUSES, type CauseKind } from '../../src/connection/cause-table.ts';
import type { Cause } from '../../src/connection/lifecycle.ts';
import {
  computeDelayMs,
  type Decision,
  decideRetry,
  type History,
  type PolicyConfig,
  startHistory,
} from '../../src/connection/retry-policy.ts';

const SETTINGS: PolicyConfig = {
  maxReconnects: Number.POSITIVE_INFINITY,
  retryMinMs: 1_000,
  retryMaxMs: 30_000,
  deadlineMs: undefined,
};

/** The rules of the contract, each as the number of consecutive failures that ends the run. */
const NEVER = 1;
const FIRST_BUDGET = 5;
const FIVE_IN_A_ROW = 5;
const THREE_RETRIES = 4;
const UNBOUNDED = Number.POSITIVE_INFINITY;

interface Row {
  readonly line: string;
  readonly kinds: readonly CauseKind[];
  readonly before: number;
  readonly after: number;
  readonly exitCode: number;
  /** For causes that end a connection, the ms that it was up. */
  readonly upMs?: number;
}

const ROWS: readonly Row[] = [
  { line: '401, 403', kinds: ['unauthorized', 'forbidden'], before: NEVER, after: NEVER, exitCode: 3 },
  { line: '402', kinds: ['no-credit'], before: NEVER, after: NEVER, exitCode: 4 },
  { line: 'other 4xx from the API', kinds: ['rejected'], before: NEVER, after: NEVER, exitCode: 5 },
  {
    line: '4xx that is not from Atlantis, 407',
    kinds: ['not-atlantis', 'proxy-refused', 'proxy-login-unsupported'],
    before: NEVER,
    after: FIVE_IN_A_ROW,
    exitCode: 5,
  },
  { line: '3xx', kinds: ['redirect'], before: NEVER, after: FIVE_IN_A_ROW, exitCode: 5 },
  { line: '429', kinds: ['rate-limited'], before: FIRST_BUDGET, after: UNBOUNDED, exitCode: 6 },
  { line: '408, 5xx', kinds: ['unavailable'], before: FIRST_BUDGET, after: UNBOUNDED, exitCode: 7 },
  {
    line: 'name lookup, refused, unreachable, timed out, reset',
    kinds: [
      'name-not-found',
      'name-lookup-failed',
      'refused',
      'unreachable',
      'timed-out',
      'reset',
      'network-error',
      'proxy-failed',
    ],
    before: FIRST_BUDGET,
    after: UNBOUNDED,
    exitCode: 7,
  },
  {
    line: 'certificate, protocol version',
    kinds: [
      'certificate-expired',
      'certificate-not-yet-valid',
      'certificate-self-signed',
      'certificate-unknown-issuer',
      'certificate-wrong-host',
      'certificate-refused',
      'client-certificate-demanded',
      'tls-version',
      'tls-handshake',
      'not-loopback',
      'nats-no-tls',
    ],
    before: NEVER,
    after: FIVE_IN_A_ROW,
    exitCode: 11,
  },
  {
    line: 'TLS to a plaintext port, 200 instead of 101, bad Sec-WebSocket-Accept',
    kinds: ['tls-to-plaintext', 'plaintext-to-tls', 'not-websocket', 'not-http'],
    before: NEVER,
    after: FIVE_IN_A_ROW,
    exitCode: 8,
  },
  {
    line: 'no or bad welcome',
    kinds: ['no-welcome', 'bad-welcome'],
    before: FIRST_BUDGET,
    after: FIVE_IN_A_ROW,
    exitCode: 8,
  },
  {
    line: 'close 1001, 1005, 1006, 1011–1014, RST, end of stream, dead keepalive',
    kinds: ['nats-trimmed', 'nats-recreated', 'dropped', 'idle-cut', 'silent', 'closed-by-server'],
    before: FIRST_BUDGET,
    after: UNBOUNDED,
    exitCode: 7,
    upMs: 0,
  },
  {
    line: '401 to a key that had worked and can be read again',
    kinds: ['key-outdated'],
    before: NEVER,
    after: UNBOUNDED,
    exitCode: 3,
  },
  {
    line: 'close 1000',
    kinds: ['closed-normally'],
    before: FIRST_BUDGET,
    after: FIVE_IN_A_ROW,
    exitCode: 7,
    upMs: 9_999,
  },
  {
    line: 'close 1008, 3xxx, 4xxx, unknown',
    kinds: ['closed-by-policy'],
    before: FIRST_BUDGET,
    after: UNBOUNDED,
    exitCode: 7,
    upMs: 0,
  },
  {
    line: 'close 1002, 1003, 1007, 1009, 1010, or a fault in the frames',
    kinds: ['closed-for-protocol', 'bad-frames'],
    before: THREE_RETRIES,
    after: THREE_RETRIES,
    exitCode: 8,
    upMs: 0,
  },
  // The causes of a relay have the same kinds of rules.
  {
    line: 'NATS: credentials or permissions',
    kinds: ['nats-unauthorized', 'nats-forbidden'],
    before: NEVER,
    after: NEVER,
    exitCode: 3,
  },
  {
    line: 'NATS: a request that is refused',
    kinds: ['nats-other-stream', 'nats-refused'],
    before: NEVER,
    after: NEVER,
    exitCode: 5,
  },
  {
    line: 'NATS: no such stream, which may be created again',
    kinds: ['nats-no-stream'],
    before: NEVER,
    after: UNBOUNDED,
    exitCode: 5,
  },
  {
    line: 'NATS: JetStream unavailable',
    kinds: ['nats-unavailable'],
    before: FIRST_BUDGET,
    after: UNBOUNDED,
    exitCode: 7,
  },
  { line: 'NATS: something else', kinds: ['not-nats'], before: NEVER, after: FIVE_IN_A_ROW, exitCode: 8 },
];

/** A failure in a run: its cause and its times. */
interface Failure {
  readonly cause: Cause;
  /** Ms that the connection was up; undefined without a welcome. */
  readonly upMs?: number | undefined;
  /** Ms since the last failure; default 10. */
  readonly afterMs?: number;
}

const because = (kind: CauseKind, more: Partial<Cause> = {}): Cause => ({
  kind,
  host: 'api.atlantis.example',
  detail: 'as the test says',
  ...more,
});

/** A loss an hour after the welcome. Failures that follow are after the first welcome and start a new count. */
const WELCOMED: Failure = { cause: because('dropped'), upMs: 3_600_000 };

/** Runs failures one after another and returns every decision; an end is the last one. */
function play(failures: readonly Failure[], settings = SETTINGS, startMs = 5_000): Decision[] {
  let nowMs = startMs;
  let history: History = startHistory(nowMs);
  const decisions: Decision[] = [];
  for (const { cause, upMs, afterMs = 10 } of failures) {
    nowMs += afterMs;
    const decided = decideRetry(settings, { ...history, attempts: history.attempts + 1 }, cause, upMs, nowMs);
    history = decided.history;
    decisions.push(decided.decision);
    if (decided.decision.action === 'end') break;
  }
  return decisions;
}

const repeat = (failure: Failure, times: number): Failure[] => Array.from({ length: times }, () => failure);
const lastOf = (failures: readonly Failure[], settings?: PolicyConfig): Decision | undefined =>
  play(failures, settings).at(-1);
const expectEnd = (decision: Decision | undefined, exitCode: number, why: string): void =>
  expect(decision).toEqual({ action: 'end', exitCode, why });

describe('§ 5: the table', () => {
  test('every cause is in exactly one row', () => {
    expect(ROWS.flatMap(({ kinds }) => kinds).sort()).toEqual(Object.keys(CAUSES).sort());
  });

  const all = ROWS.flatMap((row) => row.kinds.map((kind) => ({ ...row, kind })));

  test.each(all)('$line: $kind before the first welcome', ({ kind, before, exitCode }) => {
    const decisions = play(repeat({ cause: because(kind) }, 30));
    expect(decisions).toHaveLength(before);
    const why = { [NEVER]: 'not-retryable', [FIRST_BUDGET]: 'first-budget', [THREE_RETRIES]: 'too-often' }[
      before
    ];
    expectEnd(decisions.at(-1), exitCode, why ?? '');
  });

  test.each(all)('$line: $kind after the first welcome', ({ kind, after, exitCode, upMs }) => {
    const decisions = play([WELCOMED, ...repeat({ cause: because(kind), upMs }, 100)]);
    if (after === UNBOUNDED) {
      expect(decisions).toHaveLength(101);
      expect(decisions.at(-1)?.action).toBe('retry');
    } else {
      expect(decisions).toHaveLength(1 + after);
      expectEnd(decisions.at(-1), exitCode, after === NEVER ? 'not-retryable' : 'too-often');
    }
  });

  test('row 18: after a close 1008 the HTTP status of the next attempt decides', () => {
    const decisions = play([
      { cause: because('closed-by-policy'), upMs: 50 },
      { cause: because('unauthorized', { httpStatus: 401 }) },
    ]);
    expect(decisions[0]?.action).toBe('retry');
    expectEnd(decisions[1], 3, 'not-retryable');
  });
});

describe('§ 5: failures in a row', () => {
  const foreign: Failure = { cause: because('not-atlantis') };

  test('a failure of another row resets the count', () => {
    const four = repeat(foreign, 4);
    const decisions = play([WELCOMED, ...four, { cause: because('refused') }, ...repeat(foreign, 5)]);
    expect(decisions).toHaveLength(11);
    expectEnd(decisions.at(-1), 5, 'too-often');
  });

  test('a welcome in between resets the count', () => {
    const live: Failure = { cause: because('dropped'), upMs: 5 };
    const failures = [WELCOMED, ...repeat(foreign, 4), live, ...repeat(foreign, 4), live];
    expect(lastOf(failures)?.action).toBe('retry');
  });

  test('two causes of the same row count together', () => {
    const mixed = [because('certificate-expired'), because('certificate-wrong-host')];
    const failures = [0, 1, 0, 1, 0].map((n) => ({ cause: mixed[n] ?? because('silent') }));
    expectEnd(lastOf([WELCOMED, ...failures]), 11, 'too-often');
  });

  test('close 1000: connections of 10 s and more do not count, and reset the count', () => {
    const short: Failure = { cause: because('closed-normally'), upMs: 9_999 };
    const long: Failure = { cause: because('closed-normally'), upMs: 10_000 };
    expect(play(repeat(long, 50))).toHaveLength(50);
    expect(play([...repeat(short, 4), long, ...repeat(short, 4), long]).at(-1)?.action).toBe('retry');
    expect(play([...repeat(short, 4), long, ...repeat(short, 5)])).toHaveLength(10);
    expectEnd(lastOf(repeat(short, 5)), 7, 'too-often');
  });

  test('close 1000: a failed attempt in between resets the count', () => {
    const short: Failure = { cause: because('closed-normally'), upMs: 1 };
    const failures = [...repeat(short, 4), { cause: because('refused') }, ...repeat(short, 4)];
    expect(lastOf(failures)?.action).toBe('retry');
  });
});

describe('row 37: invalid frames', () => {
  const fault = (afterMs: number): Failure => ({ cause: because('bad-frames'), upMs: 100, afterMs });

  test('the fourth within 10 minutes ends the run, even if the connections in between were long', () => {
    const decisions = play([WELCOMED, fault(1), fault(199_000), fault(199_000), fault(199_000)]);
    expect(decisions).toHaveLength(5);
    expectEnd(decisions.at(-1), 8, 'too-often');
  });

  test('the fourth within 10 minutes ends the run, even with other failures in between', () => {
    const other: Failure = { cause: because('refused'), afterMs: 1_000 };
    const failures = [WELCOMED, fault(1), other, fault(1), other, fault(1), other, fault(1)];
    expectEnd(lastOf(failures), 8, 'too-often');
  });

  test('one every 200 seconds never ends the run, because at most 3 are within any 10 minutes', () => {
    const decisions = play([WELCOMED, ...repeat(fault(200_000), 50)]);
    expect(decisions).toHaveLength(51);
    expect(decisions.at(-1)?.action).toBe('retry');
  });
});

describe('§ 5: the first budget', () => {
  test('ends after 5 attempts', () => {
    const decisions = play(repeat({ cause: because('refused'), afterMs: 1 }, 9));
    expect(decisions.map(({ action }) => action)).toEqual(['retry', 'retry', 'retry', 'retry', 'end']);
    expectEnd(decisions.at(-1), 7, 'first-budget');
  });

  test('is shared by different causes', () => {
    const kinds: CauseKind[] = ['refused', 'unavailable', 'no-welcome', 'rate-limited', 'timed-out'];
    const decisions = play(kinds.map((kind) => ({ cause: because(kind) })));
    expect(decisions).toHaveLength(5);
    expectEnd(decisions.at(-1), 7, 'first-budget');
  });

  test('ends after 60 s: no attempt begins later', () => {
    const slow = (afterMs: number): Failure => ({ cause: because('timed-out'), afterMs });
    expect(lastOf([slow(59_750)])?.action).toBe('retry');
    expectEnd(lastOf([slow(59_751)]), 7, 'first-budget');
    expectEnd(lastOf([slow(31_000), slow(31_000)]), 7, 'first-budget');
  });

  test('shortens a delay that would end after the 60 s', () => {
    const settings = { ...SETTINGS, retryMinMs: 30_000 };
    const [decision] = play([{ cause: because('timed-out'), afterMs: 50_000 }], settings);
    if (decision?.action !== 'retry') throw new Error('it is to be tried again');
    expect(computeDelayMs(settings, decision, 0.999)).toBe(10_000);
    expect(computeDelayMs(settings, decision, 0)).toBe(250);
  });

  test('ends the run at once if a Retry-After goes beyond the 60 s', () => {
    const asks = (retryAfterMs: number): Failure => ({ cause: because('rate-limited', { retryAfterMs }) });
    expect(lastOf([asks(59_000)])?.action).toBe('retry');
    expectEnd(lastOf([asks(60_000)]), 6, 'wait-too-long');
  });

  test('does not apply after the first welcome, however short the connection was', () => {
    const failures = [
      ...repeat({ cause: because('refused') }, 4),
      { cause: because('dropped'), upMs: 0 },
      ...repeat({ cause: because('refused'), afterMs: 3_600_000 }, 50),
    ];
    expect(play(failures)).toHaveLength(55);
    expect(lastOf(failures)?.action).toBe('retry');
  });
});

describe('Retry-After', () => {
  const asks = (kind: CauseKind, retryAfterMs: number): Failure => ({
    cause: because(kind, { retryAfterMs }),
  });

  test.each([
    ['rate-limited', 6],
    ['unavailable', 7],
  ] as const)('§ 5: of more than 15 minutes ends the run: %s', (kind, exitCode) => {
    expect(lastOf([WELCOMED, asks(kind, 900_000)])?.action).toBe('retry');
    expectEnd(lastOf([WELCOMED, asks(kind, 900_001)]), exitCode, 'wait-too-long');
    expectEnd(lastOf([asks(kind, 900_001)]), exitCode, 'wait-too-long');
    expectEnd(lastOf([WELCOMED, asks(kind, Number.MAX_SAFE_INTEGER)]), exitCode, 'wait-too-long');
  });

  test('§ 5: beyond --timeout ends the run at once', () => {
    // play() begins at 5000 ms, and each failure is 10 ms later.
    const settings = { ...SETTINGS, deadlineMs: 30_020 };
    expect(lastOf([WELCOMED, asks('rate-limited', 24_000)], settings)?.action).toBe('retry');
    expectEnd(lastOf([WELCOMED, asks('rate-limited', 25_000)], settings), 6, 'beyond-deadline');
    expectEnd(lastOf([WELCOMED, asks('unavailable', 25_000)], settings), 7, 'beyond-deadline');
  });

  test('is not sent: a failure shortly before --timeout is still retried, and the timeout itself ends the run', () => {
    const settings = { ...SETTINGS, deadlineMs: 5_021 };
    expect(lastOf([WELCOMED, { cause: because('refused') }], settings)?.action).toBe('retry');
  });

  test('row 21: is a minimum: the delay is up to a tenth longer', () => {
    const [, decision] = play([WELCOMED, asks('rate-limited', 20_000)]);
    if (decision?.action !== 'retry') throw new Error('it is to be tried again');
    expect(computeDelayMs(SETTINGS, decision, 0)).toBeGreaterThanOrEqual(20_000);
    expect(computeDelayMs(SETTINGS, decision, 0.5)).toBeGreaterThan(21_000);
    expect(computeDelayMs(SETTINGS, decision, 0.999_999)).toBeGreaterThan(22_000);
    expect(computeDelayMs(SETTINGS, decision, 0.999_999)).toBeLessThanOrEqual(22_000 + 25);
  });

  test('§ 5: or the backoff, whichever is larger, is the minimum delay', () => {
    const decision: Decision = {
      action: 'retry',
      atLeastMs: 2_000,
      atMostMs: Number.POSITIVE_INFINITY,
      exponent: 4,
    };
    expect(computeDelayMs(SETTINGS, decision, 0)).toBe(2_000);
    expect(computeDelayMs(SETTINGS, decision, 0.999)).toBeGreaterThan(15_900);
  });

  test('R1: of 0 does not change the backoff', () => {
    const [, decision] = play([WELCOMED, asks('rate-limited', 0)]);
    if (decision?.action !== 'retry') throw new Error('it is to be tried again');
    expect(computeDelayMs(SETTINGS, decision, 0)).toBe(250);
  });
});

describe('R3: a limit on reconnects', () => {
  test.each([0, 1, 2, 7])(
    '--max-reconnects %i allows this many attempts after the first',
    (maxReconnects) => {
      const failures = [WELCOMED, ...repeat({ cause: because('dropped'), upMs: 60_000 }, 20)];
      const decisions = play(failures, { ...SETTINGS, maxReconnects });
      expect(decisions).toHaveLength(maxReconnects + 1);
      expectEnd(decisions.at(-1), 7, 'no-reconnect');
    },
  );

  test.each(ROWS)(
    '--no-reconnect ends at the first loss with its code: $line',
    ({ kinds, exitCode, upMs }) => {
      for (const kind of kinds) {
        const decision = lastOf([{ cause: because(kind), upMs }], { ...SETTINGS, maxReconnects: 0 });
        expect(decision).toMatchObject({ action: 'end', exitCode });
      }
    },
  );
});

describe('§ 5: delays', () => {
  const retry = (exponent: number): Extract<Decision, { action: 'retry' }> => ({
    action: 'retry',
    atLeastMs: 0,
    atMostMs: Number.POSITIVE_INFINITY,
    exponent,
  });

  test.each([
    [0, 1_000],
    [1, 2_000],
    [2, 4_000],
    [3, 8_000],
    [4, 16_000],
    [5, 30_000],
    [6, 30_000],
    [60, 30_000],
    [5_000, 30_000],
  ])('before an attempt with n = %i are uniform between 250 ms and %i ms', (exponent, boundMs) => {
    expect(computeDelayMs(SETTINGS, retry(exponent), 0)).toBe(250);
    expect(computeDelayMs(SETTINGS, retry(exponent), 0.5)).toBe(250 + (boundMs - 250) / 2);
    const longest = computeDelayMs(SETTINGS, retry(exponent), 1 - 2 ** -32);
    expect(longest).toBeLessThan(boundMs);
    expect(longest).toBeGreaterThan(boundMs - 1);
  });

  test.each([
    { retryMinMs: 1, retryMaxMs: 1 },
    { retryMinMs: 100, retryMaxMs: 200 },
  ])('are never below 250 ms, whatever --retry-min and --retry-max are', (bounds) => {
    for (const random of [0, 0.5, 0.999]) {
      expect(computeDelayMs({ ...SETTINGS, ...bounds }, retry(9), random)).toBe(250);
    }
  });

  const exponentsOf = (failures: readonly Failure[]): number[] =>
    play(failures).map((decision) => (decision.action === 'retry' ? decision.exponent : -1));

  test('n counts the retries', () => {
    expect(exponentsOf([WELCOMED, ...repeat({ cause: because('refused') }, 6)])).toEqual([
      0, 1, 2, 3, 4, 5, 6,
    ]);
  });

  test('n is reset only by a connection that was up for 10 s', () => {
    const refused: Failure = { cause: because('refused') };
    const lost = (upMs: number): Failure => ({ cause: because('dropped'), upMs });
    expect(exponentsOf([WELCOMED, refused, lost(9_999), refused, lost(10_000), refused])).toEqual([
      0, 1, 2, 3, 0, 1,
    ]);
  });

  test('row 24: with endless welcomes and instant closes, n keeps growing', () => {
    const exponents = exponentsOf(repeat({ cause: because('dropped'), upMs: 1 }, 12));
    expect(exponents).toEqual(Array.from({ length: 12 }, (_, n) => n));
  });
});
