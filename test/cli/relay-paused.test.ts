// `stream relay` when no more events can be stored: every event that was read is on disk or counted as lost.
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { countWaiting } from '../faults/relay-events.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type Answer, startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { startScriptedNats, TWO_GIB } from '../helpers/scripted-nats.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, startTail, type TailExit } from '../helpers/tail.ts';

const COUNT = 8_000;
const EVENTS = Array.from(
  { length: COUNT },
  (_unused, n) => `{"id":"evt_${n}","pad":"${'x'.repeat(1_000)}"}`,
);
const refuse: Answer = (_request, _index, response) => response.writeHead(503).end();

/** Stops a relay by SIGTERM while reading is paused. */
async function stopPaused(args: readonly string[], act: () => void = () => {}): Promise<TailExit> {
  const endpoint = await startHttpEndpoint(refuse);
  const server = await startScriptedServer(streamHandler({ events: EVENTS }));
  const all = ['--to', endpoint.url, '--retry-min', '250ms', '--retry-max', '250ms', ...args];
  const { child, finish } = startTail(server.url, all, { command: 'relay', log: 'json' });
  await child.waitForStderr('"event":"paused"');
  act();
  child.kill('SIGTERM');
  const exit = await finish();
  expect(exit.signal).toBe('SIGTERM');
  return exit;
}

const sumUp = (exit: TailExit): { read: number; spooled: number; lost: number } => {
  const [sink, run] = pickRecords(exit, 'summary');
  const lost = pickRecords(exit, 'error').reduce((sum, { undelivered }) => sum + Number(undelivered ?? 0), 0);
  return { read: Number(run?.['events']), spooled: Number(sink?.['spooled']), lost };
};

describe('row 149: SIGTERM while reading is paused', () => {
  test.each(['300KB', '4MB'])(
    'a full spool of %s: every event that was read is in the spool or counted as lost',
    async (max) => {
      const spool = join(makeTempFolder(), 'spool');
      let whilePaused = 0;
      const exit = await stopPaused(['--spool', spool, '--spool-max', max], () => {
        whilePaused = countWaiting(spool);
      });
      const { read, spooled, lost } = sumUp(exit);
      expect([spooled, countWaiting(spool)]).toEqual([read - lost, read - lost]);
      // Events that were read ahead are written, too: the spool reserves room for them.
      if (max === '4MB') expect([spooled > whilePaused, lost]).toEqual([true, 0]);
    },
  );

  test('without a spool, every event that was read is counted as lost', async () => {
    const { read, lost } = sumUp(await stopPaused(['--window', '16']));
    expect(lost).toBe(read);
    expect(read).toBeGreaterThan(32);
  });
});

describe('row 158: hostile event types and servers', () => {
  test('an event cannot be published to the subject of lifecycle records, whatever its type', async () => {
    const types = ['_lifecycle', '.lifecycle', ' lifecycle', '_lifecycle_', 'state', 'large_transfer'];
    const events = types.map((type, n) => `{"type":"${type}","id":"evt_${n}"}`);
    const acknowledge = (_message: unknown, index: number): string =>
      `{"stream":"EVENTS","seq":${index + 1}}`;
    const subjects = async (args: readonly string[]): Promise<string[]> => {
      const nats = await startScriptedNats(acknowledge);
      const server = await startScriptedServer(streamHandler({ events }));
      const all = ['--to', nats.url, '--limit', String(events.length), ...args];
      expect((await startTail(server.url, all, { command: 'relay', log: 'json' }).finish()).code).toBe(0);
      return nats.published.filter(({ text }) => text.includes('evt_')).map(({ subject }) => subject);
    };
    expect(await subjects([])).toEqual([
      ...['_lifecycle_', '_lifecycle_', '_lifecycle_', '_lifecycle_', 'state', 'large_transfer'].map(
        (token) => `atlantis.${token}`,
      ),
    ]);
    expect((await subjects(['--lifecycle-subject', 'atlantis.state'])).slice(3)).toEqual([
      'atlantis._lifecycle_',
      'atlantis.state_',
      'atlantis.large_transfer',
    ]);
  });

  test('a NATS message of 2 GiB is not collected in memory: the connection is closed, and delivery continues', async () => {
    const events = EVENTS.slice(0, 5);
    let isFirst = true;
    const nats = await startScriptedNats((_message, index) => {
      if (!isFirst) return `{"stream":"EVENTS","seq":${index + 1}}`;
      isFirst = false;
      return TWO_GIB;
    });
    const server = await startScriptedServer(streamHandler({ events }));
    const all = [
      '--to',
      nats.url,
      '--limit',
      '5',
      '--retry-min',
      '250ms',
      '--retry-max',
      '250ms',
      '--no-lifecycle',
    ];
    const exit = await startTail(server.url, all, { command: 'relay', log: 'json' }).finish();
    expect(exit.code).toBe(0);
    expect(pickRecords(exit, 'sink').find(({ state }) => state === 'failed')?.message).toContain(
      'invalid protocol: a message of 2147483648 bytes',
    );
  });
});
