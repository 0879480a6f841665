// A recording as a stream: each client reads the file for itself, at its own speed, whatever happens to the file.
import { renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createReplay } from '../../src/commands/simulate/replay.ts';
import type { StatusRecord } from '../../src/ui/reporter.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { Watch } from '../helpers/watch.ts';
import { connectClient, openSimulator, type StreamClient } from './stream-client.ts';

/** 20 MB of events: more than the socket buffers hold for a client that does not read. */
const MANY = 5_000;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

function writeRecording(path: string, events: readonly number[]): void {
  const filler = 'x'.repeat(4_000);
  const start = '{"received_at":"2026-01-01T00:00:00.000Z","seq":1,"connection":1,"event":';
  writeFileSync(path, events.map((n) => `${start}{"n":${n},"filler":"${filler}"}}\n`).join(''));
}

/** The numbers of the events that a client received after the welcome. */
const eventsOf = ({ texts }: StreamClient): number[] => texts.slice(1).map((text) => JSON.parse(text).n);

/** Serves `MANY` events from a file to one client, which has stopped reading at the first. */
async function startPaused() {
  const path = join(makeTempFolder(), 'events.ndjson');
  writeRecording(path, numbers(MANY));
  const watch = new Watch();
  const reports: StatusRecord[] = [];
  const reporter = {
    report(record: StatusRecord) {
      reports.push(record);
      watch.notify();
    },
  };
  const simulator = await openSimulator({
    scenario: await createReplay(path, { speed: Infinity }, reporter),
  });
  const client = connectClient(simulator);
  await client.untilTexts(2);
  client.socket.pause();
  const untilReport = (event: string): Promise<StatusRecord> =>
    watch.until(() => reports.find((record) => record.event === event), event);
  return { path, simulator, client, untilReport };
}

describe('simulate --replay', () => {
  test('row 71: a slow client does not delay another one, and both get all events in order', async () => {
    const { simulator, client } = await startPaused();
    const other = connectClient(simulator);
    await other.untilTexts(MANY + 1);
    expect(client.texts.length).toBeLessThan(MANY);
    client.socket.resume();
    await client.untilTexts(MANY + 1);
    for (const one of [client, other]) expect(eventsOf(one)).toEqual(numbers(MANY));
  });

  test('row 71: if the file is replaced, a connected client gets all of the old file, and the next client the new one', async () => {
    const { path, simulator, client } = await startPaused();
    writeRecording(`${path}.new`, [7, 8, 9]);
    renameSync(`${path}.new`, path);
    const next = connectClient(simulator);
    await next.untilTexts(4);
    expect(eventsOf(next)).toEqual([7, 8, 9]);
    client.socket.resume();
    await client.untilTexts(MANY + 1);
    expect(eventsOf(client)).toEqual(numbers(MANY));
  });

  test('row 71: if the file is truncated, a client gets the whole events read before, and the server continues', async () => {
    const { path, simulator, client, untilReport } = await startPaused();
    truncateSync(path, 0);
    client.socket.resume();
    const { fields } = await untilReport('summary');
    const sent = Number(fields?.['events']);
    await client.untilTexts(sent + 1);
    expect(sent).toBeLessThan(MANY);
    expect(eventsOf(client)).toEqual(numbers(sent));
    writeRecording(path, [1]);
    const next = connectClient(simulator);
    await next.untilTexts(2);
    expect(eventsOf(next)).toEqual([1]);
  });
});
