// Memory stays flat for large files, in every command that reads them, and with readers of any speed.
import { closeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { registerCleanup } from '../helpers/cleanup.ts';
import { makePipe } from '../helpers/pipe.ts';
import { pauseFor, Watch } from '../helpers/watch.ts';
import { requestUpgrade } from '../simulator/raw-client.ts';
import {
  deadLetter,
  hasPeak,
  MAX_PEAK_BYTES,
  type Measured,
  maxPeakFor,
  recordedLine,
  startCounter,
  startMeasured,
  writeLines,
} from './large-files.ts';

const MIB = 2 ** 20;
const LARGE = 600 * MIB;
const measured = hasPeak ? test : test.skip;

async function expectFlat({ exit }: Measured, maxBytes = MAX_PEAK_BYTES): Promise<void> {
  const { code, stderr, peakBytes } = await exit;
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('damaged')]);
  expect(peakBytes).toBeGreaterThan(0);
  expect(peakBytes).toBeLessThanOrEqual(maxBytes);
}

const replay = (...args: readonly string[]): string[] => ['stream', 'replay', ...args, '--speed', 'max'];

measured.each([
  ['plain', '--json', 400],
  ['gzip', '--json', 400],
  ['ours', '--json', 400],
  ['plain', '--envelope', 400],
  ['plain', '--json', 20_000],
  ['ours', '--json', 20_000],
] as const)(
  'row 71: replay of 600 MiB (%s, %s, events of %i bytes): at most 120 MiB resident',
  async (packing, form, eventBytes) => {
    const path = writeLines(recordedLine(eventBytes), LARGE, packing);
    await expectFlat(startMeasured(replay(path, form)));
  },
  120_000,
);

measured(
  'row 71: replay of 600 MiB with a filter that matches one event in thirty thousand: at most 120 MiB resident',
  async () => {
    const path = writeLines(recordedLine(400), LARGE, 'gzip');
    await expectFlat(startMeasured(replay(path, '--json', '--where', 'id = evt_7')));
  },
  120_000,
);

measured.each(['plain', 'gzip', 'ours'] as const)(
  'row 71: replay of 600 MiB (%s) to a slow reader: at most 120 MiB resident',
  async (packing) => {
    const path = writeLines(recordedLine(400), LARGE, packing);
    const { readEnd, writeEnd } = makePipe();
    const run = startMeasured(replay(path, '--json'), { stdout: writeEnd });
    closeSync(writeEnd);
    let bytes = 0;
    for await (const chunk of readEnd) {
      const before = Math.floor(bytes / (16 * MIB));
      bytes += (chunk as Buffer).length;
      if (Math.floor(bytes / (16 * MIB)) > before) await pauseFor(100);
    }
    await expectFlat(run);
    expect(bytes).toBeGreaterThan(LARGE / 2);
  },
  120_000,
);

measured.each([
  ['plain', 600, 400, '256', 0],
  ['gzip', 600, 400, '256', 0],
  ['plain', 160, 400, '256', 10],
  ['plain', 600, MIB, '1', 0],
] as const)(
  'row 71: --redeliver (%s) of %i MiB, events of %i bytes, --batch %s, answers after %i ms: at most 120 MiB and 16 events',
  async (packing, mib, eventBytes, batch, delayMs) => {
    const path = writeLines(deadLetter(eventBytes), mib * MIB, packing);
    const endpoint = await startCounter(delayMs);
    const args = ['--redeliver', path, '--to', endpoint.url, '--batch', batch];
    await expectFlat(startMeasured(['stream', 'relay', ...args]), maxPeakFor(eventBytes));
    expect(endpoint.bytes()).toBeGreaterThan((mib * MIB) / 2);
  },
  120_000,
);

/** Connects a client to the simulator that counts the bytes of the stream. */
function openCounter(port: number, key: string): { socket: Socket; bytes: number; tail: string } {
  const socket = connect(port, '127.0.0.1');
  registerCleanup(() => socket.destroy());
  const counter = { socket, bytes: 0, tail: '' };
  socket.on('data', (chunk) => {
    counter.bytes += chunk.length;
    counter.tail = (counter.tail + chunk.toString('latin1', Math.max(0, chunk.length - 100))).slice(-100);
  });
  requestUpgrade(socket, key);
  return counter;
}

measured.each(['plain', 'gzip'] as const)(
  'row 71: simulate --replay of 600 MiB (%s) to a fast and a slow client: at most 120 MiB resident',
  async (packing) => {
    const path = writeLines(recordedLine(400), LARGE, packing);
    const { child } = startMeasured(
      ['stream', 'simulate', '--port', '0', '--json', '--replay', path, '--speed', 'max'],
      { stdout: 'pipe' },
    );
    const { key, stream_url: url } = JSON.parse(await child.waitForStdout('\n'));
    const port = Number(new URL(url).port);
    const watch = new Watch();
    const [fast, slow] = [openCounter(port, key), openCounter(port, key)];
    for (const { socket } of [fast, slow]) socket.on('data', () => watch.notify());
    slow.socket.once('data', () => slow.socket.pause());
    const wanted = LARGE * 0.8;
    await watch.until(() => fast.bytes > wanted || undefined, 'the fast client', 100_000);
    expect(slow.bytes).toBeLessThan(MIB);
    slow.socket.resume();
    await watch.until(() => slow.bytes > wanted || undefined, 'the slow client', 100_000);
    expect(child.readPeakMemory()).toBeLessThanOrEqual(MAX_PEAK_BYTES);
  },
  240_000,
);
