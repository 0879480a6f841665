// A blocked reader: memory stays bounded, back-pressure slows the server, and nothing is lost (contract O4).
import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import type { Child } from '../helpers/run-cli.ts';
import { frame, type Peer, startScriptedServer } from '../helpers/scripted-server.ts';
import { tunnelTo } from '../helpers/tunnel.ts';
import { pauseFor } from '../helpers/watch.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, lastRecord, numberedEvents, startTail } from './start-tail.ts';

const overTls = hasOpenssl() ? test : test.skip;
const MIB = 1024 * 1024;
const MAX_GROWTH = 64 * MIB;
/** The number of bytes that the server sends, all of which the command would hold without back-pressure. */
const FLOOD = 512 * MIB;

/** The resident memory in bytes. */
function readMemory(child: Child): number {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Sends `portion` repeatedly until `limit` bytes are sent or the connection ends; counts them in `sent`. */
async function flood(peer: Peer, portion: Buffer, sent: { bytes: number }, limit = FLOOD): Promise<void> {
  while (sent.bytes < limit) {
    await peer.sendRaw(portion);
    sent.bytes += portion.length;
  }
}

const eventOf = (bytes: number): Buffer => frame.text(JSON.stringify({ filler: 'x'.repeat(bytes - 13) }));
const FLOODS = [
  ['events of 200 bytes', Buffer.concat(Array.from({ length: 1_000 }, () => eventOf(200)))],
  ['events of 60 kB', eventOf(60_000)],
  ['events of 1 MiB', eventOf(MIB)],
  ['events of 15 MiB', eventOf(15 * MIB)],
  ['empty events', Buffer.concat(Array.from({ length: 50_000 }, () => frame.text('0')))],
  ['WebSocket pings between events', Buffer.concat([eventOf(200), frame.ping('x'.repeat(100))])],
] as const;

describe('O4: stdout blocked while the server floods', () => {
  /** Measures the growth of memory in bytes while the reader is stopped and the server sends `portion` endlessly. */
  async function measureGrowth(
    portion: Buffer,
    tls: TlsOptions | undefined,
    args: readonly string[],
    isProxied = false,
  ): Promise<number> {
    const { server, first } = await startHandOver(['{"first":true}'], [], tls === undefined ? {} : { tls });
    const proxy = isProxied ? await startScriptedServer(tunnelTo(server.port)) : undefined;
    // A loopback host would bypass the proxy; the tunnel leads to the server for any host name.
    const url = proxy === undefined ? server.url : 'https://stream.example';
    const env = proxy === undefined ? {} : { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    const words = ['--ping-interval', '500ms', '--pong-timeout', '1s', ...args];
    const child = startTail(url, words, { env });
    await child.waitForLines(1);
    const before = readMemory(child);
    child.pauseStdout();
    const sent = { bytes: 0 };
    const flooding = flood(await first, portion, sent);
    flooding.catch(() => undefined);
    await child.waitForStderr('is not keeping up');
    await pauseFor(3_000);
    const growth = child.readPeakMemory() - before;
    expect(sent.bytes).toBeLessThan(FLOOD / 8);
    child.kill('SIGKILL');
    await child.exit;
    expect(server.attempts).toHaveLength(1);
    return growth;
  }

  test.each(FLOODS)(
    'O4: %s: memory grows by at most 64 MiB, and the server is slowed down',
    async (_, portion) => {
      expect(await measureGrowth(portion, undefined, [])).toBeLessThanOrEqual(MAX_GROWTH);
    },
  );

  overTls.each([FLOODS[0], FLOODS[3]])(
    'O4: %s over TLS: memory grows by at most 64 MiB, and the server is slowed down',
    async (_, portion) => {
      const { caFile, good } = makeCertificates('test');
      const growth = await measureGrowth(portion, good, ['--ca-cert', caFile]);
      expect(growth).toBeLessThanOrEqual(MAX_GROWTH);
    },
  );

  overTls(
    'O4: events of 200 bytes over TLS through a proxy: memory grows by at most 64 MiB, and the server is slowed down',
    async () => {
      const { caFile, issue } = makeCertificates('test');
      const identity = issue({ names: 'DNS:stream.example' });
      const growth = await measureGrowth(FLOODS[0][1], identity, ['--ca-cert', caFile], true);
      expect(growth).toBeLessThanOrEqual(MAX_GROWTH);
    },
  );

  test('O4: after reading resumes, no event is missing or out of order', async () => {
    // 50 MB are more than Linux buffers between the two sockets, which is up to 36 MiB.
    const count = 100_000;
    const { server, first } = await startHandOver();
    const child = startTail(server.url, ['--limit', `${count}`, '--log-format', 'json'], { limitMs: 60_000 });
    child.pauseStdout();
    const peer = await first;
    let isAllSent = false;
    const sending = (async () => {
      for (const event of numberedEvents(500, count)) await peer.sendText(event);
      isAllSent = true;
    })();
    await child.waitForStderr('"paused"');
    await pauseFor(2_000);
    expect(isAllSent).toBe(false);
    child.resumeStdout();
    const exit = await endOf(child);
    await sending;
    expect(exit.code).toBe(0);
    const numbers = exit.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).n);
    expect(numbers).toEqual(Array.from({ length: count }, (_, n) => n + 1));
    expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ events: count, reconnects: 0 });
    expect(server.attempts).toHaveLength(1);
  });
});

test('O4 (K1): a server that pings endlessly and never reads the pongs: memory grows by at most 64 MiB', async () => {
  const { server, first } = await startHandOver(['{"first":true}']);
  const child = startTail(server.url);
  await child.waitForLines(1);
  const before = readMemory(child);
  const peer = await first;
  peer.pauseReading();
  const sent = { bytes: 0 };
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame.ping('x'.repeat(125))));
  const flooding = flood(peer, pings, sent, 256 * MIB).then(() => peer.sendText('{"last":true}'));
  await child.waitForStdout('"last"', 30_000);
  await flooding;
  expect(sent.bytes).toBeGreaterThanOrEqual(256 * MIB);
  expect(child.readPeakMemory() - before).toBeLessThanOrEqual(MAX_GROWTH);
  expect(server.attempts).toHaveLength(1);
  child.kill();
  expect((await endOf(child)).signal).toBe('SIGTERM');
});
