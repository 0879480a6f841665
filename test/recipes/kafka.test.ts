// docs/recipes.md, Kafka: the real kcat against the broker that librdkafka brings with it for tests.
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { type Child, startChild } from '../helpers/child.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { makeCleanEnvironment } from '../helpers/run-cli.ts';
import { readRecipe, startRecipe } from './recipe-page.ts';

const hasKcat = spawnSync('kcat', ['-V'], { stdio: 'ignore' }).status === 0;

/** A consumer that has a broker in its process; other clients reach it at `address`. */
async function startBroker(): Promise<{ consumer: Child; address: string }> {
  const words = ['-C', '-u', '-b', 'none:1', '-X', 'test.mock.num.brokers=1', '-d', 'mock', '-t', 'atlantis'];
  const consumer = startChild('kcat', [...words, '-f', '%p %k %s\\n'], {
    env: makeCleanEnvironment(),
    limitMs: 120_000,
  });
  const said = await consumer.waitForStderr(/bootstrap\.servers=[\d.:]+\n/);
  return { consumer, address: /bootstrap\.servers=([\d.:]+)/.exec(said)?.[1] ?? '' };
}

/** The messages that a consumer has printed, once there are this many. */
async function readMessages(consumer: Child, count: number): Promise<{ place: string; text: string }[]> {
  const text = await consumer.waitForStdout((all) => all.split('\n').length > count, 15_000);
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n');
  return lines.map((line) => {
    const [, place = '', event = ''] = /^(\d+ \w+) (.*)$/s.exec(line) ?? [];
    return { place, text: event };
  });
}

(hasKcat ? describe : describe.skip)('Kafka (SKIPPED where Debian kcat is missing)', () => {
  test('stores every event in order in one partition, unchanged, including the last ones at the end', async () => {
    const { consumer, address } = await startBroker();
    const steps = [
      { do: 'welcome' },
      { do: 'events', count: 300 },
      { do: 'refuse-key', refusal: { status: 401 } },
      { do: 'close', code: 1008 },
    ] as const;
    const { sent, exit } = await startRecipe(readRecipe('kafka'), {
      cwd: makeTempFolder(),
      env: { KAFKA_BROKERS: address },
      count: 300,
      scenario: { summary: 'events, then a key that is revoked', getAct: () => ({ steps }) },
    });
    expect((await exit).pipeStatus).toEqual([3, 0]);
    const messages = await readMessages(consumer, 300);
    expect(messages.map(({ text }) => text)).toEqual(sent);
    expect(new Set(messages.map(({ place }) => place)).size).toBe(1);
  });

  test('holds back less than 1 KiB while the stream continues', async () => {
    const { consumer, address } = await startBroker();
    const { sent } = await startRecipe(readRecipe('kafka'), {
      cwd: makeTempFolder(),
      env: { KAFKA_BROKERS: address },
      count: 300,
    });
    const arrived = (await readMessages(consumer, 296)).map(({ text }) => text);
    expect(arrived).toEqual(sent.slice(0, arrived.length));
    expect(Buffer.byteLength(sent.slice(arrived.length).join('\n'))).toBeLessThan(1_024);
  });

  test('waits while the brokers are unreachable, and does not exit', async () => {
    const { child } = await startRecipe(readRecipe('kafka'), {
      cwd: makeTempFolder(),
      env: { KAFKA_BROKERS: '127.0.0.1:1' },
      count: 300,
    });
    await child.waitForStderr('Connection refused');
    expect(child.process.exitCode).toBeNull();
  });
});
