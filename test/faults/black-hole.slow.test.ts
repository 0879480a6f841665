// A network that drops every packet for a while, in a private network namespace (K2, § 5, G1).
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { canUnshare, startInNamespace } from '../helpers/netns.ts';
import type { Child } from '../helpers/run-cli.ts';
import { pauseFor } from '../helpers/watch.ts';
import { type HandOver, startHandOver } from './hand-over.ts';
import { endOf, lastRecord, readRecords } from './start-tail.ts';

const inNamespace = canUnshare() ? describe : describe.skip;
const countOf = (stderr: string, event: string): number =>
  readRecords(stderr).filter((record) => record['event'] === event).length;

interface Place extends HandOver {
  readonly child: Child;
  blackHole(on: boolean): Promise<void>;
}

/** Starts server and command in a namespace, and waits until the first event is printed. */
async function start(pongTimeout: string): Promise<Place> {
  const namespace = await startInNamespace();
  const handOver = await startHandOver(['{"n":1}'], ['{"second":true}'], {
    start: namespace.startScriptedServer,
  });
  const words = ['stream', 'tail', '--verbose', '--url', handOver.server.url, '--log-format', 'json'];
  const keepalive = ['--ping-interval', '500ms', '--pong-timeout', pongTimeout];
  const retry = ['--retry-min', '250ms', '--retry-max', '500ms', '--connect-timeout', '1s'];
  const child = namespace.startCli([...words, ...keepalive, ...retry], { key: CANARY_KEY });
  await child.waitForLines(1);
  return { ...handOver, child, blackHole: namespace.blackHole };
}

inNamespace('a black hole', () => {
  test('row 9 (K2, G1): longer than the pong timeout: the connection is given up once, then one reconnect and one gap', async () => {
    const { server, child, blackHole } = await start('1s');
    await blackHole(true);
    const sinceMs = Date.now();
    await child.waitForStderr('"lost"');
    // Attempts without an answer end at the connect timeout and are reported as timed out.
    await child.waitForStderr((text) => countOf(text, 'retrying') >= 3);
    await blackHole(false);
    const restoredMs = Date.now();
    await child.waitForStdout('"second"');
    // Long enough for another wrong decision about the connection.
    await pauseFor(2_000);
    child.kill('SIGTERM');
    const exit = await endOf(child);
    expect(exit.signal).toBe('SIGTERM');
    expect(exit.stdout).toBe('{"n":1}\n{"second":true}\n');
    expect(countOf(exit.stderr, 'lost')).toBe(1);
    expect(countOf(exit.stderr, 'gap')).toBe(1);
    expect(countOf(exit.stderr, 'connected')).toBe(2);
    expect(lastRecord(exit.stderr, 'lost')).toMatchObject({ cause: 'silent' });
    const timedOut = readRecords(exit.stderr).filter(({ cause }) => cause === 'timed-out');
    expect(timedOut.length).toBeGreaterThanOrEqual(2);
    const gap = lastRecord(exit.stderr, 'gap');
    expect(Date.parse(String(gap['from']))).toBeLessThanOrEqual(sinceMs + 100);
    expect(Date.parse(String(gap['to']))).toBeGreaterThanOrEqual(restoredMs);
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ reconnects: 1 });
    expect(server.attempts[0]?.closeFrame).toBeUndefined();
  });

  test('row 10 (K2): shorter than the pong timeout: no reconnect, no gap, nothing lost', async () => {
    const { server, first, child, blackHole } = await start('6s');
    const peer = await first;
    await blackHole(true);
    // TCP delivers this event after the network is restored.
    void peer.sendText('{"n":2}');
    await pauseFor(2_000);
    expect(child.lineCount).toBe(1);
    await blackHole(false);
    await child.waitForLines(2);
    await peer.sendText('{"n":3}');
    await child.waitForLines(3);
    child.kill('SIGTERM');
    const exit = await endOf(child);
    expect(exit.stdout).toBe('{"n":1}\n{"n":2}\n{"n":3}\n');
    for (const event of ['lost', 'retrying', 'gap', 'error']) expect(countOf(exit.stderr, event)).toBe(0);
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ reconnects: 0, disconnected_ms: 0 });
    expect(server.attempts).toHaveLength(1);
  });
});
