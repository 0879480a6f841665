// Losses while reading is paused: the gap begins at the last time at which everything had been read.
import { describe, expect, test } from '@jest/globals';
import { hasOpenssl, makeCertificates } from '../helpers/certificates.ts';
import { frame, type Peer } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, lastRecord, numberedEvents, readRecords, startTail } from './start-tail.ts';

const ARGS = ['--retry-min', '250ms', '--retry-max', '250ms', '--log-format', 'json'];
const atMs = (iso: unknown): number => Date.parse(String(iso));
const countOf = (stderr: string, event: string): number =>
  readRecords(stderr).filter((record) => record['event'] === event).length;

describe('row 7: the server closes while the reader is stopped', () => {
  // 64 KiB fit in the pipe; the rest waits in the command and in the kernel.
  const sizes = [
    ['a little waits', 300, undefined],
    ['megabytes wait', 3_000, undefined],
    ...(hasOpenssl() ? [['megabytes wait, over TLS', 3_000, makeCertificates('file')] as const] : []),
  ] as const;
  test.each(sizes)(
    'row 7 (O4, G1): %s: queued lines are printed before the loss, and the gap begins before the pause',
    async (_, count, made) => {
      const tls = made === undefined ? {} : { tls: made.good };
      const trust = made === undefined ? [] : ['--ca-cert', made.caFile];
      const { server, first } = await startHandOver(numberedEvents(1_000, count), ['{"second":true}'], tls);
      const child = startTail(server.url, [...ARGS, ...trust, '--envelope', '--limit', `${count + 1}`]);
      await child.waitForStdout('"connected"');
      child.pauseStdout();
      const peer = await first;
      await pauseFor(500);
      await peer.sendClose(1000, 'enough');
      await pauseFor(1_500);
      expect(server.attempts).toHaveLength(1);
      expect(child.stderrText).not.toContain('"lost"');

      const continuedAtMs = Date.now();
      child.resumeStdout();
      const exit = await endOf(child);
      expect(exit.code).toBe(0);
      const lines = exit.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
      const kinds = lines.map((line) => line.lifecycle ?? line.event.n ?? 'second');
      const expected = Array.from({ length: count }, (_, n) => n + 1);
      expect(kinds).toEqual(['connected', ...expected, 'connected', 'gap', 'second', 'end']);

      const lost = lastRecord(exit.stderr, 'lost');
      expect(lost).toMatchObject({ cause: 'closed-normally', close_code: 1000 });
      expect(atMs(lost['ts'])).toBeGreaterThanOrEqual(continuedAtMs);
      const gap = lastRecord(exit.stderr, 'gap');
      expect(gap['from']).toBe(lost['last_byte_at']);
      expect(lines.find(({ lifecycle }) => lifecycle === 'gap')).toMatchObject({
        from: gap['from'],
        to: gap['to'],
      });
      // The close was read late, because it waited for the reader; the gap must nevertheless begin earlier.
      expect(atMs(gap['from'])).toBeLessThan(continuedAtMs - 500);
      expect(atMs(gap['to'])).toBeGreaterThanOrEqual(continuedAtMs);
      expect(server.attempts).toHaveLength(2);
      expect(Number(lastRecord(exit.stderr, 'summary')['paused_ms'])).toBeGreaterThanOrEqual(1_500);
    },
  );
});

describe('row 12: the command is stopped until the server drops it', () => {
  const drops = [
    ['by a reset', (peer: Peer) => peer.reset()],
    ['by an end', (peer: Peer) => peer.end()],
    [
      'by a close, after more events',
      (peer: Peer) =>
        void peer.sendRaw(Buffer.concat([frame.text('{"n":2}'), frame.text('{"n":3}'), frame.close(1001)])),
    ],
  ] as const;
  test.each(drops)(
    'row 12 (K4, G1): %s: one reconnect, and a gap that is at least as long as the stop',
    async (_, drop) => {
      const { server, first } = await startHandOver(['{"n":1}'], ['{"second":true}']);
      const child = startTail(server.url, [...ARGS, '--ping-interval', '400ms', '--pong-timeout', '400ms']);
      await child.waitForLines(1);
      await pauseFor(100);
      child.kill('SIGSTOP');
      const stoppedAtMs = Date.now();
      await pauseFor(1_000);
      drop(await first);
      await pauseFor(1_500);
      const continuedAtMs = Date.now();
      child.kill('SIGCONT');
      await child.waitForStdout('"second"');
      // Long enough for another wrong decision about the connection.
      await pauseFor(1_000);
      child.kill('SIGTERM');
      const exit = await endOf(child);
      expect(exit.signal).toBe('SIGTERM');
      expect(server.attempts).toHaveLength(2);
      for (const event of ['lost', 'retrying', 'gap']) expect(countOf(exit.stderr, event)).toBe(1);
      const gap = lastRecord(exit.stderr, 'gap');
      expect(atMs(gap['from'])).toBeLessThanOrEqual(stoppedAtMs);
      expect(Number(gap['duration_ms'])).toBeGreaterThanOrEqual(continuedAtMs - stoppedAtMs);
      expect(lastRecord(exit.stderr, 'summary')).toMatchObject({ reconnects: 1 });
    },
  );
});
