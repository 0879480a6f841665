// Memory stays flat, however large a file is and whatever an event contains. flat-memory.slow.test.ts has larger files.
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { packMember } from '../../src/recording/gzip-member.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { readReport } from '../helpers/check.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import {
  deadLetter,
  hasPeak,
  MAX_PEAK_BYTES,
  maxPeakFor,
  recordedLine,
  startCounter,
  startMeasured,
  writeLines,
} from './large-files.ts';

const MIB = 2 ** 20;
const measured = hasPeak ? describe : describe.skip;

measured('row 71: a recording is not kept in memory', () => {
  test.each(['plain', 'gzip', 'ours'] as const)(
    'row 71: replay of 160 MiB (%s): at most 120 MiB resident',
    async (packing) => {
      const path = writeLines(recordedLine(400), 160 * MIB, packing);
      const { exit } = startMeasured(['stream', 'replay', path, '--speed', 'max', '--json']);
      const { code, stderr, peakBytes } = await exit;
      expect(code).toBe(0);
      expect(stderr).toMatch(/\d{3},\d{3} events in (?!.*damaged).*\n$/);
      expect(peakBytes).toBeGreaterThan(0);
      expect(peakBytes).toBeLessThanOrEqual(MAX_PEAK_BYTES);
    },
  );
});

measured('row 71: highly compressed data is not kept in memory', () => {
  test('row 71: replay of two million empty lines in one compressed block: at most 120 MiB', async () => {
    const path = join(makeTempFolder(), 'events.ndjson.gz');
    const event = Buffer.from(`${recordedLine(1)(1)}\n`);
    writeFileSync(path, Buffer.concat([Buffer.alloc(2 * MIB, '\n'), event].map(packMember)));
    const { exit } = startMeasured(['stream', 'replay', path, '--speed', 'max', '--json']);
    const { code, stderr, peakBytes } = await exit;
    expect([code, stderr]).toEqual([0, expect.stringContaining('1 event in')]);
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThanOrEqual(MAX_PEAK_BYTES);
  });
});

measured('row 71: an event is kept in memory only until it is acknowledged', () => {
  test('row 71: --redeliver of 160 events of 1 MiB: at most 120 MiB and 16 events resident', async () => {
    const path = writeLines(deadLetter(MIB), 160 * MIB, 'plain');
    const endpoint = await startCounter();
    const { exit } = startMeasured(['stream', 'relay', '--redeliver', path, '--to', endpoint.url]);
    const { code, stderr, peakBytes } = await exit;
    expect([code, stderr]).toEqual([0, expect.stringContaining('160 events acknowledged')]);
    expect(endpoint.bytes()).toBeGreaterThan(160 * MIB);
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThanOrEqual(maxPeakFor(MIB));
  });
});

measured('row 71: an existing recording is not read into memory before events are appended', () => {
  test('row 71: a compressed recording with a damaged length: exit 2, at most 120 MiB resident', async () => {
    const path = join(makeTempFolder(), 'events.ndjson.gz');
    const header = packMember(Buffer.from('{"recording":1}\n')).subarray(0, 20);
    header.writeUInt32LE(600 * MIB, 16);
    writeFileSync(path, header);
    truncateSync(path, 700 * MIB);
    registerCleanup(() => truncateSync(path));
    const { exit } = startMeasured(['stream', 'tail', '--url', 'ws://127.0.0.1:1', '--record', path]);
    const { code, stderr, peakBytes } = await exit;
    expect([code, stderr]).toEqual([2, expect.stringContaining('exists and is not a compressed recording')]);
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThanOrEqual(MAX_PEAK_BYTES);
  });
});

/** The size of an event, just below the 16 MiB that the service sends at most. */
const EVENT_BYTES = 15 * MIB;
const brackets = '['.repeat(EVENT_BYTES / 2) + ']'.repeat(EVENT_BYTES / 2);
const arrays = `[${'[],'.repeat(EVENT_BYTES / 3 - 1)}[]]`;
const EXPECTED = `{"type":"large_transfer","timestamp":"${new Date().toISOString()}"}`;

measured('row 72: an event is not parsed into a tree', () => {
  test.each([
    ['15 MiB of nested brackets', brackets],
    ['15 MiB of empty arrays', arrays],
  ])('row 72: check --expect --max-lag on %s: at most 120 MiB resident', async (_what, event) => {
    const server = await startScriptedServer(streamHandler({ events: [event, EXPECTED] }));
    const { exit } = startMeasured(
      [
        'stream',
        'check',
        '--url',
        server.url,
        '--json',
        '--max-lag',
        '1h',
        '--expect',
        'type=large_transfer',
      ],
      { stdout: 'pipe', key: CANARY_KEY },
    );
    const { code, stdout, peakBytes } = await exit;
    const { steps, expectations } = readReport(stdout);
    expect(code).toBe(0);
    expect(expectations).toEqual([expect.objectContaining({ matched: 1, met: true })]);
    expect(steps.find(({ name }) => name === 'events')?.details).toMatchObject({
      events: 2,
      types: [
        { type: '(no type)', count: 1 },
        { type: 'large_transfer', count: 1 },
      ],
    });
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThanOrEqual(MAX_PEAK_BYTES);
  });

  const numbers = `{"a":[${'1,'.repeat(EVENT_BYTES / 2)}1]}`;
  test.each([
    ['--format pretty on 15 MiB of numbers', ['--format', 'pretty'], numbers],
    ['--format pretty --wide on 15 MiB of empty arrays', ['--format', 'pretty', '--wide'], arrays],
    ['--fields on 15 MiB of empty arrays', ['--fields', '[9]'], arrays],
    ['--fields of every item of 15 MiB of numbers', ['--fields', 'a[*]'], numbers],
  ])('row 72: tail %s: at most 250 MiB resident', async (_what, flags, event) => {
    const server = await startScriptedServer(streamHandler({ events: [event] }));
    const args = ['stream', 'tail', '--url', server.url, '--limit', '1', ...flags];
    const { code, peakBytes } = await startMeasured(args, { key: CANARY_KEY }).exit;
    expect(code).toBe(0);
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThanOrEqual(250 * MIB);
  });
});
