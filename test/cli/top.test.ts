// `stream top --once`, as scripts run it: one table, as text or JSON, from every source. test/faults/top-screen.test.ts
// tests the screen.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { connectTo, describeWithNats, type NatsServer, startNatsServer } from '../helpers/nats-server.ts';
import { runCli, runShell, startCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';

interface Figures {
  readonly events: number;
  readonly usd: string | null;
  readonly share: number;
  readonly lag_ms: { readonly p50: number; readonly p99: number } | null;
  readonly largest_usd: string | null;
}
interface Document extends Figures {
  readonly by: readonly string[];
  readonly received: number;
  readonly gaps: number;
  readonly open_gap: boolean;
  readonly connections: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly seconds: number;
  readonly rate_per_second: number | null;
  readonly rows: readonly (Figures & { readonly key: readonly (string | null)[]; readonly exact: boolean })[];
  readonly other: Figures | null;
}

const HEADER = '{"recording":1,"started_at":"2026-01-01T00:00:00.000Z","tool":"atlantis-cli 0.1.0"}';
const GAP = '{"lifecycle":"gap","from":"2026-01-01T00:00:00.000Z","to":null,"cause":"dropped"}';
const START_MS = Date.UTC(2026, 0, 1);
const event = (n: number): string =>
  `{"type":"${n % 3 === 0 ? 'rare' : 'often'}","chain":"tron","n":${n},"amount_usd":"1000000000000000000.0${n}","timestamp":${START_MS + n * 1_000 - 250}}`;
const line = (n: number): string =>
  `{"received_at":"${new Date(START_MS + n * 1_000).toISOString()}","seq":${n},"connection":1,"event":${event(n)}}`;
const RECORDED = [HEADER, ...[1, 2, 3, 4].map(line), GAP, ...[5, 6].map(line)];

function record(lines: readonly string[], name = 'day.ndjson'): string {
  const path = join(makeTempFolder(), name);
  const text = `${lines.join('\n')}\n`;
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

const top = (...args: readonly string[]) =>
  runCli(['stream', 'top', ...args, '--verbose'], { key: CANARY_KEY });
const read = async (...args: readonly string[]): Promise<Document> => {
  const { code, stdout, stderr } = await top(...args, '--once', '--json');
  expect([code, stderr.includes('error')]).toEqual([0, false]);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  return JSON.parse(stdout) as Document;
};

describe('stream top --once: a recording', () => {
  test.each(['day.ndjson', 'day.ndjson.gz'])('L2: %s: counts, exact sums, lag and gaps', async (name) => {
    const found = await read(record(RECORDED, name));
    expect(found).toMatchObject({
      by: ['type', 'chain'],
      events: 6,
      received: 6,
      gaps: 1,
      from: '2026-01-01T00:00:01.000Z',
      to: '2026-01-01T00:00:06.000Z',
      seconds: 5,
      rate_per_second: 1.2,
      usd: '6000000000000000000.21',
      largest_usd: '1000000000000000000.06',
      other: null,
    });
    expect(Math.abs((found.lag_ms?.p50 ?? 0) - 250)).toBeLessThanOrEqual(250 / 16);
    expect(found.rows).toMatchObject([
      { key: ['often', 'tron'], events: 4, share: 0.667, usd: '4000000000000000000.12', exact: true },
      { key: ['rare', 'tron'], events: 2, share: 0.333, usd: '2000000000000000000.09', exact: true },
    ]);
  });

  test('L1: --rows: the row of other values has the exact sum of the rows that are not shown', async () => {
    const { rows, other, usd } = await read(record(RECORDED), '--by', 'n', '--rows', '2');
    expect(rows).toHaveLength(2);
    expect(other).toMatchObject({ events: 4 });
    const sum = [...rows, other].reduce((total, row) => total + BigInt(row?.usd?.replace('.', '') ?? 0), 0n);
    expect(String(sum)).toBe(usd?.replace('.', ''));
  });

  test('the table shows exact amounts with all digits', async () => {
    const { code, stdout, stderr } = await top(record(RECORDED), '--once');
    expect(code).toBe(0);
    expect(stdout).toMatch(/1 gap\n6 events {2}1\.2\/s /);
    expect(stdout).toMatch(/\nTYPE +CHAIN +>EVENTS +RATE\/S +TREND +USD\/MIN +SHARE +LAG 50% +LAG 99% /);
    expect(stdout).toMatch(/\noften +tron +4 +0\.8 +\S+ +~4\.8e\+19 +66\.7% /);
    expect(stdout).toContain('1,000,000,000,000,000,000.06');
    expect(stdout).not.toContain('\x1b');
    expect(stderr).toMatch(/atlantis: 6 events in .* s, 1 gap of 0\.00 s\n$/);
  });

  test('filters, --since, --until, --limit and stdin work as in replay', async () => {
    const path = record(RECORDED);
    expect(await read(path, '--type', 'rare')).toMatchObject({ events: 2, received: 6 });
    expect(await read(path, '--where', 'n > 4')).toMatchObject({ events: 2, received: 6 });
    expect(await read(path, '--limit', '3')).toMatchObject({ events: 3 });
    const since = ['--since', '2026-01-01T00:00:02Z', '--until', '2026-01-01T00:00:04Z'];
    expect(await read(path, ...since)).toMatchObject({ events: 3 });
    const piped = await runShell(`cat ${path} | atlantis stream top - --once --json -q`);
    expect(JSON.parse(piped.stdout)).toMatchObject({ events: 6 });
  });

  test('plain NDJSON has no times, an empty recording no rows, and a damaged line with --strict is exit 8', async () => {
    expect(await read(record([1, 2].map(event)))).toMatchObject({
      ...{ events: 2, gaps: 0, usd: '2000000000000000000.03', rate_per_second: null, lag_ms: null },
      ...{ from: null, to: null, seconds: null, usd_per_minute: null, last_seen: null, largest_at: null },
    });
    const plain = await top(record([1, 2].map(event)), '--once');
    expect(plain.stdout).toMatch(/\nTYPE +CHAIN +>EVENTS +SHARE +LARGEST USD +TOTAL USD\n/);
    expect(plain.stdout).toMatch(/^\S+ {2}0 gaps\n2 events\n/);
    expect(await read(record([HEADER]))).toMatchObject({ events: 0, from: null, rows: [], other: null });
    const damaged = await top(record([HEADER, line(1), 'torn', line(2)]), '--once', '--json', '--strict');
    expect([damaged.code, JSON.parse(damaged.stdout).events]).toEqual([8, 1]);
    const other = record(['# no events']);
    const refused = await top(other, '--once');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`${other} is not a recording: it contains no events\n`);
  });

  test('--by, --usd-field and --lag-field choose the fields', async () => {
    const events = ['{"a":{"b":"x"},"value":{"usd":2.50},"sent":"2026-01-01T00:00:00Z"}', '{"a":{}}'];
    const path = record([
      HEADER,
      ...events.map((one) => `{"received_at":"2026-01-01T00:00:09Z","seq":1,"connection":1,"event":${one}}`),
    ]);
    const fields = ['--by', 'a.b', '--usd-field', 'nope,value.usd', '--lag-field', 'sent'];
    const { rows, usd, lag_ms: lag } = await read(path, ...fields);
    expect(rows.map(({ key }) => key)).toEqual([['x'], [null]]);
    expect([usd, (lag?.p50 ?? 0) > 1_000]).toEqual(['2.50', true]);
  });
});

describe('row 141: stream top: a path that no event has', () => {
  test('is reported with the nearest field; a default path is not reported', async () => {
    const path = record(RECORDED);
    const { code, stderr } = await top(path, '--once', '--by', 'type,chian', '--usd-field', 'amount_us');
    expect(code).toBe(0);
    expect(stderr).toContain('warning: --by: no event so far has chian\n');
    expect(stderr).toContain('  no event has chian: did you mean chain?\n');
    expect(stderr).toContain('warning: --usd-field: no event so far has amount_us\n');
    const other = await top(record(['{"event":"a"}']), '--once', '--by', 'type');
    expect(other.stderr).not.toContain('no event so far');
  });
});

describe('stream top --once: a stream', () => {
  test('L4: --within counts from the connection; then the table is printed, exit 0', async () => {
    await using server = await startScriptedServer(streamHandler({ events: [1, 2, 3].map(event) }));
    const found = await read('--url', server.url, '--within', '300ms');
    expect(found).toMatchObject({ events: 3, connections: 1, gaps: 0, usd: '3000000000000000000.06' });
    expect(found.seconds).toBeGreaterThanOrEqual(0.3);
  });

  test('L4: --limit or a signal ends the run earlier, and the table is printed', async () => {
    await using server = await startScriptedServer(streamHandler({ events: [1, 2, 3].map(event) }));
    expect(await read('--url', server.url, '--limit', '2')).toMatchObject({ events: 2 });
    const child = startCli(
      ['stream', 'top', '--url', server.url, '--once', '--within', '1h', '--json', '--verbose'],
      {
        key: CANARY_KEY,
      },
    );
    await child.waitForStderr('connected to');
    child.kill('SIGTERM');
    const { signal, stdout } = await child.exit;
    expect([signal, JSON.parse(stdout).connections]).toEqual(['SIGTERM', 1]);
  });

  test('L4: if the key is refused, nothing is printed, exit 3', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.respond(401, {}, '{"error":{"code":"unauthorized","message":"no such key"}}');
    });
    const { code, stdout } = await top('--url', server.url, '--once', '--within', '100ms');
    expect([code, stdout]).toEqual([3, '']);
  });

  test('a gap is counted', async () => {
    await using server = await startScriptedServer(
      streamHandler({
        events: [event(1)],
        finish: (peer, index) => (index === 0 ? peer.reset() : undefined),
      }),
    );
    const args = ['--url', server.url, '--limit', '2', '--retry-min', '10ms'];
    expect(await read(...args)).toMatchObject({ gaps: 1, open_gap: false, connections: 2, events: 2 });
  });

  test('--simulate needs no key', async () => {
    const { stdout, code } = await runCli([
      'stream',
      'top',
      '--simulate',
      'burst',
      '--once',
      '--limit',
      '50',
    ]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\n50 events .* USD\/min {2}lag p50 /)]);
  });

  test('O7: a closed stdout is not an error, a full disk is exit 9', async () => {
    const path = record(RECORDED);
    expect((await runShell(`atlantis stream top ${path} --once -q | true`)).pipeStatus[0]).toBe(0);
    expect((await runShell(`atlantis stream top ${path} --once -q > /dev/full`)).code).toBe(9);
  });

  test.each([
    ['', 'stdout is not a terminal with full-screen support', '--once'],
    ['--json', '--json requires --once', 'add --once'],
    ['--within 5s', '--within requires --once', 'add --once'],
    ['--once --by a,b,c,d,e', 'invalid --by', 'at most four paths'],
    ['--once --by a..b', 'invalid --by', 'a..b'],
    ['--once --usd-field [', 'invalid --usd-field', '['],
    ['--once --lag-field [', 'invalid --lag-field', 'a path'],
    ['--once --rows 0', 'invalid --rows "0"', 'from 1'],
    ['--once --sort size', 'invalid --sort "size"', 'events'],
    ['--once --speed 2x', '--speed requires a file', 'top [options] [file]'],
    [
      '--once x.ndjson --url http://127.0.0.1:1',
      '--url and a file cannot be combined',
      'without a connection',
    ],
    [
      '--once x.ndjson --no-reconnect',
      '--no-reconnect and a file cannot be combined',
      'without a connection',
    ],
    ['--once x.ndjson --from nats://127.0.0.1/a', '--from and a file cannot be combined', 'connection'],
    ['--once --since 10m', '--from', 'replay'],
    ['--once x.ndjson', 'x.ndjson" cannot be read: it does not exist', ''],
  ])('§ 1, exit 2: %s', async (args, message, hint) => {
    const { code, stdout, stderr } = await top(...args.split(' ').filter((word) => word !== ''));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });
});

describeWithNats('stream top --from JetStream', () => {
  let nats: NatsServer;
  beforeAll(async () => {
    nats = await startNatsServer({ lifetime: 'file' });
  });

  test('B9: reads the messages of a stream from any start', async () => {
    const connection = await connectTo(nats.url);
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'TOP', subjects: ['TOP.>'] });
    for (const n of [1, 2, 3]) await manager.jetstream().publish('TOP.event', event(n));
    const found = await read('--from', `${nats.url}/TOP`, '--since', '1', '--limit', '3');
    expect(found).toMatchObject({ events: 3, connections: 1, usd: '3000000000000000000.06' });
    await connection.close();
  });
});
