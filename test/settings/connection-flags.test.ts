// Flags of the connection: defaults and bounds.
import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/errors.ts';
import { type ConnectionFlags, parseConnectionFlags } from '../../src/settings/stream-config.ts';

function refusalOf(flags: ConnectionFlags): UsageError {
  try {
    parseConnectionFlags(flags);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('§ 1: flags of the connection', () => {
  test('the defaults match the contract', () => {
    expect(parseConnectionFlags({})).toEqual({
      maxReconnects: Number.POSITIVE_INFINITY,
      retryMinMs: 1_000,
      retryMaxMs: 30_000,
      connectTimeoutMs: 15_000,
      pingIntervalMs: 20_000,
      pongTimeoutMs: 10_000,
      caCert: undefined,
      useSystemCa: false,
      firstBudget: { attempts: 5, ms: 60_000 },
    });
  });

  test('every flag is applied', () => {
    const flags = {
      maxReconnects: '7',
      retryMin: '2s',
      retryMax: '1m',
      connectTimeout: '3s',
      pingInterval: '5s',
      pongTimeout: '500ms',
      caCert: 'ca.pem',
      systemCa: true,
      wait: '5m',
    };
    expect(parseConnectionFlags(flags)).toEqual({
      maxReconnects: 7,
      retryMinMs: 2_000,
      retryMaxMs: 60_000,
      connectTimeoutMs: 3_000,
      pingIntervalMs: 5_000,
      pongTimeoutMs: 500,
      caCert: 'ca.pem',
      useSystemCa: true,
      firstBudget: { attempts: Number.POSITIVE_INFINITY, ms: 300_000, isWait: true },
    });
  });

  test('R3: --no-reconnect means --max-reconnects 0, and overrides that flag', () => {
    expect(parseConnectionFlags({ reconnect: false }).maxReconnects).toBe(0);
    expect(parseConnectionFlags({ reconnect: false, maxReconnects: '5' }).maxReconnects).toBe(0);
    expect(parseConnectionFlags({ reconnect: true }).maxReconnects).toBe(Number.POSITIVE_INFINITY);
    expect(parseConnectionFlags({ maxReconnects: '0' }).maxReconnects).toBe(0);
  });

  test('K1: an interval of 0 turns keepalive off', () => {
    expect(parseConnectionFlags({ pingInterval: '0' }).pingIntervalMs).toBe(0);
    expect(parseConnectionFlags({ pingInterval: '0s' }).pingIntervalMs).toBe(0);
  });

  test.each<[ConnectionFlags, number, number]>([
    [{ retryMin: '45s' }, 45_000, 45_000],
    [{ retryMax: '500ms' }, 500, 500],
    [{ retryMax: '5s' }, 1_000, 5_000],
    [{ retryMin: '3s', retryMax: '3s' }, 3_000, 3_000],
  ])('one bound of the backoff alone moves the default of the other: %j', (flags, retryMinMs, retryMaxMs) => {
    expect(parseConnectionFlags(flags)).toMatchObject({ retryMinMs, retryMaxMs });
  });

  test.each<[ConnectionFlags, string]>([
    [{ maxReconnects: '-1' }, 'invalid --max-reconnects "-1"'],
    [{ maxReconnects: 'many' }, 'invalid --max-reconnects "many"'],
    [{ retryMin: '0' }, 'invalid --retry-min "0"'],
    [{ retryMax: 'soon' }, 'invalid --retry-max "soon"'],
    [{ retryMin: '2s', retryMax: '1s' }, '--retry-max 1s is shorter than --retry-min 2s'],
    [{ connectTimeout: '0s' }, 'invalid --connect-timeout "0s"'],
    [{ pingInterval: '20' }, 'invalid --ping-interval "20"'],
    [{ pongTimeout: '0' }, 'invalid --pong-timeout "0"'],
  ])('%j is refused', (flags, message) => {
    const refusal = refusalOf(flags);
    expect(refusal).toMatchObject({ exitCode: 2, message });
    expect(refusal.hint).toMatch(/^accepted: /);
  });
});
