// `stream relay` sends a message again if the response of JetStream is not a valid acknowledgement.
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { describeWithNats, readStream, startNatsServer } from '../helpers/nats-server.ts';
import { type AckFor, type ScriptedNats, startScriptedNats } from '../helpers/scripted-nats.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, startTail, type Tail } from '../helpers/tail.ts';

const EVENTS = Array.from({ length: 5 }, (_unused, n) => `{"id":"evt_${n}"}`);
const STAGED = '{"stream":"EVENTS","seq":0,"duplicate":true}';

async function relay(nats: Pick<ScriptedNats, 'url'>, args: readonly string[] = []): Promise<Tail> {
  const server = await startScriptedServer(streamHandler({ events: EVENTS }));
  const all = ['--to', nats.url, '--no-lifecycle', '--retry-min', '250ms', '--retry-max', '250ms', ...args];
  return startTail(server.url, all, { command: 'relay', log: 'json' });
}

/** Acknowledges with the number of the event as the sequence number. */
const acknowledge: AckFor = ({ text }) =>
  JSON.stringify({ stream: 'EVENTS', seq: 1 + Number(/evt_(\d+)/.exec(text)?.[1]) });

describe('row 66: a response that is not a valid acknowledgement', () => {
  test.each<[string, string, string]>([
    ['a duplicate of a message that is only staged', STAGED, 'without a sequence number'],
    ['a staged message', '{"stream":"EVENTS","seq":0}', 'without a sequence number'],
    ['no number', '{"stream":"EVENTS","duplicate":true}', 'without a sequence number'],
    ['a number that is text', '{"stream":"EVENTS","seq":"7"}', 'without a sequence number'],
    ['another stream', '{"stream":"OTHER","seq":7}', 'stored in OTHER instead of EVENTS'],
    ['another domain', '{"stream":"EVENTS","domain":"leaf","seq":7}', 'of the domain leaf instead of EVENTS'],
    [
      'an error',
      '{"type":"io.nats.jetstream.api.v1.pub_ack_response","error":{"code":503,"err_code":10008,"description":"no leader"},"stream":"EVENTS","seq":7}',
      'no leader',
    ],
    ['an error in another form', '{"error":"no","stream":"EVENTS","seq":7}', 'no reason given'],
    ['nothing', '', 'not an acknowledgement'],
    ['a number', '7', 'not an acknowledgement'],
    ['null', 'null', 'not an acknowledgement'],
    ['text that is not JSON', '+OK', 'not an acknowledgement'],
  ])('%s: the message is sent again until it is acknowledged', async (_what, answer, said) => {
    // The third event and the two in flight after it get this response twice.
    let left = 6;
    const nats = await startScriptedNats((message, index) => {
      const isBad = index >= 2 && left > 0;
      if (isBad) left -= 1;
      return isBad ? answer : acknowledge(message, index);
    });
    const exit = await (await relay(nats, ['--limit', '5'])).finish();
    expect(exit.code).toBe(0);
    expect(pickRecords(exit, 'summary')[0]).toMatchObject({ acknowledged: 5, duplicates: 0 });
    const texts = nats.published.map(({ text }) => text);
    expect(texts).toEqual([...EVENTS, ...EVENTS.slice(2), ...EVENTS.slice(2)]);
    expect(pickRecords(exit, 'sink').map(({ state }) => state)).toContain('failed');
    expect(pickRecords(exit, 'sink').find(({ state }) => state === 'failed')?.message).toContain(said);
  });

  test('if no response arrives, the hint names --send-timeout', async () => {
    const nats = await startScriptedNats((message, index) =>
      index === 0 ? undefined : acknowledge(message, index),
    );
    const exit = await (await relay(nats, ['--limit', '5', '--send-timeout', '500ms'])).finish();
    expect(exit.code).toBe(0);
    expect(pickRecords(exit, 'sink').find(({ state }) => state === 'failed')).toMatchObject({
      message: expect.stringContaining('no acknowledgement within 500 ms'),
      hint: 'check the network, or allow more time with --send-timeout',
    });
  });

  test('accepts acknowledgements from the domain of the server', async () => {
    const nats = await startScriptedNats(() => '{"stream":"EVENTS","domain":"hub","seq":7}', 'hub');
    const exit = await (await relay(nats, ['--limit', '5'])).finish();
    expect([exit.code, nats.published.length]).toEqual([0, 5]);
  });

  test('a message that is never stored is retried with a delay, and stays in the spool', async () => {
    const nats = await startScriptedNats(() => STAGED);
    const spool = join(makeTempFolder(), 'spool');
    const { child, finish } = await relay(nats, ['--window', '1', '--spool', spool]);
    const published = await nats.waitForPublished(4);
    for (const [at, { text, atMs }] of published.slice(0, 4).entries()) {
      expect(text).toBe(EVENTS[0]);
      if (at > 0) expect(atMs - (published[at - 1]?.atMs ?? 0)).toBeGreaterThan(240);
    }
    child.kill('SIGTERM');
    const exit = await finish();
    expect(pickRecords(exit, 'summary')[0]).toMatchObject({ acknowledged: 0, spooled: 5 });
  });
});

describeWithNats('row 66: a real server with a domain', () => {
  test('acknowledgements of the server are accepted', async () => {
    const store = makeTempFolder();
    const extra = `jetstream { store_dir: "${store}", domain: hub }`;
    const server = await startNatsServer({ jetStream: false, extra });
    const exit = await (await relay({ url: `${server.url}/EVENTS` }, ['--create', '--limit', '5'])).finish();
    expect(exit.code).toBe(0);
    expect((await readStream(server.url, 'EVENTS')).map(({ text }) => text)).toEqual(EVENTS);
  });
});
