// Messages about a stream: gaps (contract G1), numbers (G3, G5), short lines.
import { describe, expect, test } from '@jest/globals';
import { CAUSES, type CauseKind } from '../../src/connection/cause-table.ts';
import type { Cause, EndReason } from '../../src/connection/lifecycle.ts';
import { OutputError } from '../../src/errors.ts';
import * as run from '../../src/session/messages.ts';
import type { Connected } from '../../src/stream/items.ts';
import { formatDuration } from '../../src/ui/format.ts';
import * as connection from '../../src/ui/messages.ts';
import type { StatusRecord } from '../../src/ui/reporter.ts';

const say = { ...connection, ...run };

const HOST = 'api.atlantis.example';
const KINDS = Object.keys(CAUSES) as CauseKind[];
/** Local noon, so that the time shown does not depend on the time zone. */
const NOON_MS = new Date(2026, 10, 22, 12, 0, 0, 250).getTime();
const HOUR_MS = 3_600_000;
const END_REASONS: readonly EndReason[] = [
  'not-retryable',
  'no-reconnect',
  'first-budget',
  'too-often',
  'wait-too-long',
  'beyond-deadline',
];
const FIGURES: run.RunFigures = {
  events: 1_234_567,
  durationMs: 3_725_400,
  reconnects: 2,
  gaps: 0,
  isGapOpen: false,
  gapMs: 0,
  disconnectedMs: 4_250,
  pausedMs: 0,
  discarded: new Map(),
  filtered: undefined,
};

const because = (kind: CauseKind, more: Partial<Cause> = {}): Cause => ({
  kind,
  host: HOST,
  detail: 'as the test says',
  ...more,
});

const lost = (cause: Cause): StatusRecord =>
  say.sayLost({ kind: 'lost', cause, lastByteAtMs: NOON_MS, upMs: 61_000.4 }, NOON_MS + 1_000);
const retrying = (cause: Cause, wasLive = false): StatusRecord =>
  say.sayRetrying({ kind: 'retrying', cause, wasLive, delayMs: 2_345.6, attempt: 3 });
const gap = (cause: Cause): StatusRecord =>
  say.sayGap({ kind: 'gap', fromMs: NOON_MS, toMs: NOON_MS + 83_500, durationMs: 83_500, cause });
const gaveUp = (cause: Cause, why: EndReason): StatusRecord =>
  say.sayGaveUp({ cause, exitCode: 7, why }, NOON_MS);

const connected = (keyPrefix: string, expectedKeyPrefix: string): Connected => ({
  kind: 'connected',
  connection: 1,
  host: HOST,
  keyPrefix,
  expectedKeyPrefix,
  requestId: 'req_7',
  atMs: NOON_MS,
});

/** All messages about a cause. */
const sayAll = (cause: Cause): StatusRecord[] => [
  lost(cause),
  retrying(cause),
  retrying(cause, true),
  gap(cause),
  ...END_REASONS.map((why) => gaveUp(cause, why)),
];

describe('G1: gaps', () => {
  test('a loss is reported with its cause and the time of the last byte', () => {
    expect(lost(because('silent'))).toEqual({
      event: 'lost',
      level: 'warn',
      message: `the connection to ${HOST} is dead (as the test says); last byte received at 12:00:00.250`,
      fields: {
        cause: 'silent',
        host: HOST,
        last_byte_at: new Date(NOON_MS).toISOString(),
        up_ms: 61_000,
      },
    });
  });

  test('a recovery is reported with its time, and that events in between were not delivered', () => {
    expect(gap(because('dropped'))).toEqual({
      event: 'gap',
      level: 'warn',
      message:
        'live again at 12:01:23.750; events sent between 12:00:00.250 and 12:01:23.750 were not delivered, and their number is unknown',
      fields: {
        cause: 'dropped',
        from: new Date(NOON_MS).toISOString(),
        to: new Date(NOON_MS + 83_500).toISOString(),
        duration_ms: 83_500,
      },
    });
  });

  test.each([
    ['over midnight', NOON_MS + 13 * HOUR_MS, 13 * HOUR_MS, '13h 0m'],
    ['over three days', NOON_MS + 72 * HOUR_MS, 72 * HOUR_MS, '3d 0h'],
    ['with a clock that was set back', NOON_MS - 60_000, 5_200, '5.2 s'],
  ])('row 85: a gap %s has dates, zones and the duration', (_what, toMs, durationMs, text) => {
    const cause = because('dropped');
    const { message, fields } = say.sayGap({ kind: 'gap', fromMs: NOON_MS, toMs, durationMs, cause });
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [+-]\d\d:\d\d`;
    expect(message).toMatch(
      new RegExp(`^live again at ${time}; events sent between ${time} and ${time} \\(${text}\\) were not`),
    );
    expect(fields).toMatchObject({ duration_ms: durationMs });
  });

  test('row 85: a loss that is noticed days later has a date', () => {
    const lossOf = (nowMs: number): string =>
      say.sayLost({ kind: 'lost', cause: because('silent'), lastByteAtMs: NOON_MS, upMs: 1 }, nowMs).message;
    expect(lossOf(NOON_MS + 72 * HOUR_MS)).toMatch(/at 2026-11-22 12:00:00\.250 [+-]\d\d:\d\d$/);
    expect(lossOf(NOON_MS + 1_000)).toMatch(/at 12:00:00\.250$/);
  });

  test('row 86: a gap that is open at the end is reported without an end time', () => {
    const loss = { kind: 'lost', cause: because('dropped'), lastByteAtMs: NOON_MS, upMs: 1 } as const;
    expect(say.sayOpenGap(loss, 5_200, NOON_MS + 5_200)).toEqual({
      event: 'gap',
      level: 'warn',
      message:
        'disconnected at the end: events sent since 12:00:00.250 (5.2 s) were not delivered, and their number is unknown',
      fields: { cause: 'dropped', from: new Date(NOON_MS).toISOString(), to: null, duration_ms: 5_200 },
    });
  });

  test.each(KINDS)('no message says that no events were missed, or "resumed": %s', (kind) => {
    for (const { message, hint = '' } of sayAll(because(kind))) {
      expect(`${message} ${hint}`).not.toMatch(/no (events? )?(was |were )?(missed|lost)|resum/i);
    }
  });

  test.each(KINDS)('message and hint are one line each: %s', (kind) => {
    for (const { message, hint } of sayAll(because(kind))) {
      expect(message).toMatch(/^\S[^\n]+$/);
      if (hint !== undefined) expect(hint).toMatch(/^\S[^\n]+$/);
    }
  });
});

describe('retries and errors', () => {
  test('after the loss of a live connection only the retry is reported', () => {
    expect(retrying(because('dropped'), true)).toMatchObject({
      message: 'retrying in 2.3 s (attempt 3)',
      hint: undefined,
    });
  });

  test('a failed attempt is reported with cause, retry and hint', () => {
    expect(retrying(because('refused'))).toEqual({
      event: 'retrying',
      level: 'warn',
      message: `${HOST} refused the connection (as the test says); retrying in 2.3 s (attempt 3)`,
      hint: CAUSES.refused.remedy,
      fields: { cause: 'refused', host: HOST, delay_ms: 2_346, attempt: 3 },
    });
  });

  test('giving up is reported with cause, reason and hint', () => {
    expect(gaveUp(because('unauthorized', { httpStatus: 401 }), 'not-retryable')).toEqual({
      event: 'error',
      level: 'error',
      message: `${HOST} does not accept the key (as the test says); not retrying, since a retry cannot help`,
      hint: 'the key is unknown or revoked; store a valid one with `atlantis profile add`',
      fields: { cause: 'unauthorized', host: HOST, http_status: 401, exit_code: 7, why: 'not-retryable' },
    });
  });

  test('§ 5: if the wait would be too long, the message says when to try again', () => {
    const { message, fields } = gaveUp(because('rate-limited', { retryAfterMs: 3_600_000 }), 'wait-too-long');
    expect(message).toContain(
      'giving up, since the server asks for too long a wait; try again after 2026-11-22 13:00:00',
    );
    expect(fields).toMatchObject({ retry_after_ms: 3_600_000 });
  });

  test('R1: even an absurdly long wait is shown as a date', () => {
    const cause = because('rate-limited', { retryAfterMs: Number.MAX_SAFE_INTEGER });
    expect(gaveUp(cause, 'wait-too-long').message).toMatch(/try again after \d+-\d\d-\d\d \d\d:\d\d:\d\d$/);
  });

  test('every reason to give up has its own message', () => {
    const messages = END_REASONS.map((why) => gaveUp(because('refused'), why).message);
    expect(new Set(messages).size).toBe(END_REASONS.length);
  });

  test('G5: all properties of a cause are in its fields', () => {
    const cause = because('rate-limited', {
      proxy: 'proxy.example:3128',
      httpStatus: 429,
      errorCode: 'rate_limited',
      requestId: 'req_7',
      retryAfterMs: 0,
      closeCode: 1008,
    });
    expect(say.listCauseFields(cause)).toEqual({
      cause: 'rate-limited',
      host: HOST,
      proxy: 'proxy.example:3128',
      http_status: 429,
      error_code: 'rate_limited',
      close_code: 1008,
      request_id: 'req_7',
      retry_after_ms: 0,
    });
  });
});

describe('connecting', () => {
  test('the first attempt is reported, further ones only with --verbose', () => {
    expect(say.sayConnecting(HOST, { kind: 'connecting', attempt: 1 })).toMatchObject({
      level: 'info',
      message: `connecting to ${HOST}`,
    });
    expect(say.sayConnecting(HOST, { kind: 'connecting', attempt: 2 })).toMatchObject({
      level: 'debug',
      message: `connecting to ${HOST} (attempt 2)`,
      fields: { host: HOST, attempt: 2 },
    });
  });

  test('the message names the key prefix of the welcome', () => {
    expect(say.sayConnected(connected('ak_live_00112233', 'ak_live_00112233'))).toEqual({
      event: 'connected',
      level: 'info',
      message: `connected to ${HOST} with the key ak_live_00112233…`,
      fields: { host: HOST, key_prefix: 'ak_live_00112233', connection: 1, request_id: 'req_7' },
    });
  });

  test('C4: a welcome for another key is a warning with both prefixes', () => {
    const record = say.sayConnected(connected('ak_live_ffffffff', 'ak_live_00112233'));
    expect(record).toMatchObject({
      event: 'connected',
      level: 'warn',
      fields: { key_prefix: 'ak_live_ffffffff', expected_key_prefix: 'ak_live_00112233' },
    });
    expect(record.message).toContain('ak_live_ffffffff');
    expect(record.message).toContain('ak_live_00112233');
  });
});

describe('G3: the summary', () => {
  const show = (figures: Partial<run.RunFigures>): readonly string[] => {
    const { message, block = [] } = say.saySummary({
      ...FIGURES,
      reconnects: 0,
      disconnectedMs: 0,
      ...figures,
    });
    expect(message).toBe(block.join('; '));
    expect(block.length).toBeLessThanOrEqual(3);
    return block;
  };

  test('has fields for programs', () => {
    expect(say.saySummary(FIGURES)).toMatchObject({
      event: 'summary',
      level: 'info',
      fields: {
        events: 1_234_567,
        duration_ms: 3_725_400,
        reconnects: 2,
        gaps: 0,
        open_gap: false,
        gap_ms: 0,
        disconnected_ms: 4_250,
        paused_ms: 0,
        discarded: {},
      },
    });
  });

  test('is one to three lines of what happened, and always names gaps', () => {
    expect(show({})).toEqual(['1,234,567 events in 1h 2m, no gaps']);
    expect(show({ events: 1, gaps: 1, gapMs: 5_000, reconnects: 1, disconnectedMs: 4_250 })).toEqual([
      '1 event in 1h 2m',
      '1 gap of 5.0 s, 1 reconnect, disconnected for 4.3 s',
    ]);
    const discarded = new Map([
      ['binary', 3],
      ['not JSON', 1],
    ]);
    expect(
      show({
        gaps: 3,
        gapMs: 65_000,
        isGapOpen: true,
        reconnects: 2,
        disconnectedMs: 60_000,
        pausedMs: 3_000,
        discarded,
      }),
    ).toEqual([
      '1,234,567 events in 1h 2m',
      '3 gaps of 1m 5s in total, one open, 2 reconnects, disconnected for 1m 0s',
      'paused for 3.0 s, 4 messages discarded (3 binary, 1 not JSON)',
    ]);
    expect(show({ gaps: 1, gapMs: 5_000, isGapOpen: true })[1]).toMatch(/^1 gap of 5\.0 s, still open, /);
    expect(show({ reconnects: 1, disconnectedMs: 900 })[1]).toBe(
      'no gaps, 1 reconnect, disconnected for 0.90 s',
    );
  });

  test('has the number of events that matched, if there are filters', () => {
    const filtered = { received: 12_345, matched: 0 };
    expect(show({ events: 0, filtered })).toEqual(['0 events in 1h 2m, 0 of 12,345 events matched, no gaps']);
    expect(say.saySummary({ ...FIGURES, filtered }).fields).toMatchObject(filtered);
    expect(say.saySummary(FIGURES).fields).not.toHaveProperty('matched');
  });

  test('G4: counts discarded messages by reason', () => {
    expect(say.sayDiscarded(new Map([['binary', 1]]))).toMatchObject({
      event: 'discarded',
      level: 'warn',
      message: '1 message discarded: 1 binary',
      fields: { discarded: { binary: 1 } },
    });
  });

  test('O4: says that nothing is lost by a pause', () => {
    expect(say.sayPaused()).toMatchObject({ event: 'paused', level: 'info' });
    expect(say.sayPaused().message).toContain('nothing is lost');
  });
});

describe('the end of a run', () => {
  const CONFIG = { limit: 100, timeoutMs: 30_000, maxSilenceMs: 300_000 };
  const NO_BOUNDS = { limit: undefined, timeoutMs: undefined, maxSilenceMs: undefined };

  test.each<[Parameters<typeof say.sayEnd>[0], string, number, string | undefined]>([
    [
      { kind: 'timeout' },
      '--timeout: 30 s passed before 100 events arrived',
      124,
      'allow more time, or lower --limit',
    ],
    [
      { kind: 'silence' },
      '--max-silence: connected, but no event for 5m 0s',
      13,
      'check the subscriptions of the key, or allow more time',
    ],
    [
      { kind: 'gap' },
      '--fail-on-gap: events may have been missed',
      12,
      'fetch the missing events from another source',
    ],
    [
      { kind: 'output', failure: new OutputError('stdout could not be written') },
      'stdout could not be written',
      9,
      undefined,
    ],
    [{ kind: 'fault', error: new OutputError('the ready file') }, 'the ready file', 9, undefined],
  ])('by %j is reported with its exit code and what to do', (reason, message, exitCode, hint) => {
    expect(say.sayEnd(reason, CONFIG)).toEqual([
      { event: 'error', level: 'error', message, hint, fields: { exit_code: exitCode } },
    ]);
  });

  test('by --timeout after all events have arrived is reported as events not delivered, with the problem of the output', () => {
    const [record] = say.sayEnd({ kind: 'timeout' }, CONFIG, 100, 'the sink does not accept events');
    expect(record).toMatchObject({
      message: '--timeout: 30 s passed before 100 events were delivered',
      hint: 'the sink does not accept events; allow more time, or lower --limit',
    });
  });

  test('by --timeout without --limit is reported without a number of events', () => {
    const [record] = say.sayEnd({ kind: 'timeout' }, { ...NO_BOUNDS, timeoutMs: 1_500 });
    expect(record?.message).toBe('--timeout: 1.5 s passed');
  });

  test.each<[Parameters<typeof say.sayEnd>[0]]>([
    [{ kind: 'limit' }],
    [{ kind: 'duration' }],
    [{ kind: 'output', failure: 'reader-gone' }],
    [{ kind: 'gave-up', exitCode: 7 }],
  ])('by %j is not reported', (reason) => {
    expect(say.sayEnd(reason, CONFIG)).toEqual([]);
  });

  test.each<[Parameters<typeof say.sayEnd>[0], string]>([
    [{ kind: 'signal', signal: 'SIGINT' }, 'stopped by SIGINT'],
    [{ kind: 'output', failure: 'terminal-gone' }, 'stopped by SIGHUP: the terminal is gone'],
  ])('S1: by %j is reported with the signal', (reason, message) => {
    expect(say.sayEnd(reason, CONFIG)).toMatchObject([{ event: 'signal', level: 'info', message }]);
  });

  test('O6: is reported with the number of bytes that were not written', () => {
    const record = say.sayCut(65_536);
    expect(record).toMatchObject({ event: 'warning', level: 'warn', fields: { bytes_cut: 65_536 } });
    expect(record.message).toContain(
      'up to 65,536 bytes could not be written, and the last line may be incomplete',
    );
  });
});

describe('row 89 (§ 1): durations', () => {
  test.each([
    [0, '0.00 s'],
    [250, '0.25 s'],
    [999, '1.00 s'],
    [1_000, '1.0 s'],
    [9_940, '9.9 s'],
    [12_400, '12 s'],
    [59_400, '59 s'],
    [60_000, '1m 0s'],
    [200_000, '3m 20s'],
    [3_599_499, '59m 59s'],
    [3_600_000, '1h 0m'],
    [7_500_000, '2h 5m'],
    [90_000_000, '25h 0m'],
    [172_799_000, '47h 59m'],
    [172_800_000, '2d 0h'],
    [604_800_000, '7d 0h'],
  ])('%i ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
