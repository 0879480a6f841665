// `stream relay --inspect`: shows the contents of a spool without changing it.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { LIFECYCLE_MARK } from '../../src/delivery/sink.ts';
import { Spool } from '../../src/delivery/spool/spool.ts';
import { classifyText } from '../../src/events/scanner.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { startHttpEndpoint, takeAll } from '../helpers/http-endpoint.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, startTail, type TailExit } from '../helpers/tail.ts';

const AMOUNT = '115792089237316195423570985008687907853269984665640564039457584007913129639935';
const EVENTS = [
  '{"id":"acknowledged"}',
  `{"id":"evt_1","timestamp":"2020-01-31T12:00:00Z","amount":${AMOUNT}}`,
  '\ufeff{"id":"evt_2",\n"text":"\u009b31m\u202e ##vso[task.complete]"}',
  '{"id":"evt_3"}',
  '{"id":"evt_4","key":"none"}',
];
/** A key that the service repeats in an event. */
const KEY = 'ak_live_5e1f7e57000011112222333344445555';
const WITH_KEY = [...EVENTS.slice(0, 4), `{"id":"evt_4","key":"${KEY}"}`];
const FOLDER = 'EVENTS~1a2b3c4d';

interface Left {
  /** The directory of `--spool`. */
  readonly parent: string;
  readonly folder: string;
}

/** Creates a spool with the events, of which the first is acknowledged, and a lifecycle record. */
async function leave(name = FOLDER, events: readonly string[] = EVENTS, acknowledged = 1): Promise<Left> {
  const parent = makeTempFolder();
  const folder = join(parent, name);
  const spool = new Spool(
    { path: folder, maxBytes: 2 ** 20, syncEveryMs: 200 },
    createFakeClock(),
    (error) => {
      throw error;
    },
  );
  for (const [at, event] of events.entries()) {
    const text = Buffer.from(event);
    spool.append(at, [{ mark: classifyText(text), text }]);
  }
  spool.append(events.length, [{ mark: LIFECYCLE_MARK, text: Buffer.from('{"event":"gap"}') }]);
  spool.release(acknowledged);
  await spool.close();
  return { parent, folder };
}

const inspect = (path: string, ...args: string[]): Promise<TailExit> =>
  startTail('', ['--inspect', path, ...args], { command: 'relay', log: 'json' }).finish();

/** Names, contents and times of everything in a folder. */
const snapshot = (folder: string): unknown =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).map(({ name, parentPath }) => {
    const path = join(parentPath, name);
    const stats = statSync(path);
    return [path, stats.mtimeMs, stats.ctimeMs, stats.isFile() ? readFileSync(path, 'hex') : ''];
  });

const readSpools = ({ stdout }: TailExit) => {
  const { ok, spools } = JSON.parse(stdout);
  return { ok, spools, spool: spools[0] };
};

const segmentOf = (folder: string): string =>
  join(folder, readdirSync(folder).find((name) => name.endsWith('.seg')) ?? '');

/** The offset of the text of an event in the only segment. */
const offsetOf = (folder: string, id: string): number => readFileSync(segmentOf(folder)).indexOf(`"${id}"`);

describe('row 176 (B18): relay --inspect', () => {
  test('prints the pending events, and changes nothing', async () => {
    const { parent, folder } = await leave(FOLDER, WITH_KEY);
    const before = snapshot(parent);
    for (const path of [parent, folder]) {
      const exit = await inspect(path);
      expect([exit.code, exit.stderr]).toEqual([0, '']);
      const [title, ...lines] = exit.stdout.trimEnd().split('\n');
      expect(title).toBe(folder);
      expect(lines).toEqual([
        expect.stringMatching(/^ {2}pending {5}4 events, 1 lifecycle record, \d+ bytes$/),
        expect.stringMatching(/^ {2}first event {1}#1 {2}2020-01-31 .* ago\) {2}\{"id":"evt_1",.*9935}$/),
        expect.stringMatching(/^ {2}last event {2}#4 {2}\{"id":"evt_4","key":"/),
        expect.stringMatching(
          /^ {2}last write {2}.* ago\) \(first pending segment\), .* ago\) \(newest segment\)$/,
        ),
        expect.stringMatching(/^ {2}on disk {5}1 segment, \d+ bytes$/),
        '  cursor      1 acknowledged, 0 in the batch in flight',
        '  damage      none',
      ]);
      expect(exit.stdout).not.toContain(KEY.slice(8));
    }
    expect(snapshot(parent)).toEqual(before);
  });

  test('without pending events, one time is shown for the last write', async () => {
    const { folder } = await leave(FOLDER, EVENTS, EVENTS.length + 1);
    const exit = await inspect(folder);
    expect(exit.code).toBe(0);
    const [, ...lines] = exit.stdout.trimEnd().split('\n');
    expect(lines.slice(0, 4)).toEqual([
      '  pending     0 events, 0 lifecycle records, 0 bytes',
      '  first event none',
      '  last event  none',
      expect.stringMatching(/^ {2}last write {2}[-\d]+ [:\d]+ \([^()]* ago\)$/),
    ]);
  });

  test('--json: prints one document, with numbers as received and without keys', async () => {
    const { parent, folder } = await leave(FOLDER, WITH_KEY);
    const exit = await inspect(parent, '--json');
    expect(exit.code).toBe(0);
    expect(readSpools(exit)).toMatchObject({
      ok: true,
      spools: [
        {
          path: folder,
          ok: true,
          pending_events: 4,
          pending_lifecycle_records: 1,
          segments: 1,
          cursor: { acknowledged: 1, unit_end: 1 },
          oldest_written_at: expect.stringMatching(/Z$/),
          missing: [],
          damage: [],
          first_event: { number: 1, event: { id: 'evt_1' } },
          last_event: { number: 4, event: { id: 'evt_4' } },
        },
      ],
    });
    expect(exit.stdout).toContain(`"amount":${AMOUNT}`);
    expect(exit.stdout).not.toContain(KEY.slice(8));
  });

  test('--export: prints the pending events as NDJSON; their text controls neither a terminal nor a CI system', async () => {
    const { parent } = await leave();
    const before = snapshot(parent);
    const exit = await inspect(parent, '--export');
    expect(exit.code).toBe(0);
    const lines = exit.stdout.trimEnd().split('\n');
    expect(lines[0]).toBe(EVENTS[1]);
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      EVENTS.slice(1).map((event) => JSON.parse(event.replace('\ufeff', ''))),
    );
    expect(exit.stdout).not.toMatch(/[\u0080-\u009f\u202e\ufeff]|##vso/);
    expect(pickRecords(exit, 'summary')).toEqual([expect.objectContaining({ events: 4, damaged: 0 })]);
    expect(snapshot(parent)).toEqual(before);
    // The events are still pending.
    expect(readSpools(await inspect(parent, '--json')).spool.pending_events).toBe(4);
  });

  test('exported events can be replayed, and delivered to another sink', async () => {
    const { parent } = await leave();
    const exported = await inspect(parent, '--export');
    const file = join(makeTempFolder(), 'pending.ndjson');
    writeFileSync(file, exported.stdout);
    const played = await startTail('', [file], { command: 'replay' }).finish();
    expect([played.code, played.stdout]).toEqual([0, exported.stdout]);
    const endpoint = await startHttpEndpoint();
    const simulator = startTail('', ['--replay', file, '--rate', 'max', '--json', '--port', '0'], {
      command: 'simulate',
    });
    const { url } = JSON.parse(await simulator.child.waitForStdout('\n'));
    const exit = await startTail(url, ['--to', endpoint.url, '--limit', '4'], { command: 'relay' }).finish();
    expect(exit.code).toBe(0);
    expect(endpoint.requests.map(({ body }) => `${body}\n`).join('')).toBe(exported.stdout);
  });

  test('a flipped bit: file, offset and size are reported, and the other events are exported', async () => {
    const { parent, folder } = await leave();
    const at = offsetOf(folder, 'evt_2');
    const bytes = readFileSync(segmentOf(folder));
    bytes[at + 2] = (bytes[at + 2] ?? 0) ^ 1;
    writeFileSync(segmentOf(folder), bytes);
    const exit = await inspect(parent, '--json');
    expect(exit.code).toBe(8);
    const start = at - '\ufeff{"id":'.length - 2 - 9;
    const size = 9 + Buffer.byteLength(EVENTS[2] ?? '');
    const file = '0000000000000000.seg';
    expect(readSpools(exit)).toMatchObject({
      ok: false,
      spool: {
        pending_events: 3,
        missing: [],
        damage: [{ file, offset: start, bytes: size, records: 1, kind: 'unreadable' }],
      },
    });
    expect((await inspect(parent)).stdout).toContain(
      `  damaged     ${file}, ${size} bytes at offset ${start}: cannot be read, 1 message lost\n`,
    );
    const exported = await inspect(parent, '--export');
    expect(exported.code).toBe(8);
    expect(exported.stdout.match(/evt_\d/g)).toEqual(['evt_1', 'evt_3', 'evt_4']);
    expect(pickRecords(exported, 'warning')[0]?.message).toContain(`at offset ${start}`);
  });

  test('damage in acknowledged records is ignored', async () => {
    const { parent, folder } = await leave();
    const bytes = readFileSync(segmentOf(folder));
    const at = offsetOf(folder, 'acknowledged');
    bytes[at + 2] = (bytes[at + 2] ?? 0) ^ 1;
    writeFileSync(segmentOf(folder), bytes);
    const exit = await inspect(parent, '--json');
    expect([exit.code, readSpools(exit).spool.pending_events]).toEqual([0, 4]);
  });

  test('an incomplete last record, a missing cursor and a file that is not a segment are reported as damage', async () => {
    const torn = await leave();
    const { size } = statSync(segmentOf(torn.folder));
    truncateSync(segmentOf(torn.folder), size - 5);
    const exit = await inspect(torn.parent, '--json');
    expect([exit.code, readSpools(exit).spool.damage]).toEqual([
      8,
      [expect.objectContaining({ offset: size - 9 - 15, bytes: 9 + 15 - 5, kind: 'incomplete' })],
    ]);
    const lost = await leave();
    rmSync(join(lost.folder, 'cursor'));
    const all = await inspect(lost.parent, '--json');
    expect([all.code, readSpools(all).spool]).toEqual([
      8,
      expect.objectContaining({ cursor: null, pending_events: 5 }),
    ]);
    const exported = await inspect(lost.parent, '--export');
    expect([exported.code, exported.stdout.match(/"id":/g)?.length]).toEqual([8, 5]);
    expect(pickRecords(exported, 'warning')[0]?.message).toContain('the cursor is missing or damaged');
    writeFileSync(join(lost.folder, 'cursor'), Buffer.alloc(64));
    rmSync(segmentOf(lost.folder));
    const empty = await inspect(lost.parent, '--json');
    expect([empty.code, readSpools(empty)]).toEqual([8, expect.objectContaining({ ok: false })]);
    const other = await leave();
    writeFileSync(segmentOf(other.folder), 'a file of another program '.repeat(10));
    expect(readSpools(await inspect(other.parent, '--json')).spool.damage).toEqual([
      expect.objectContaining({ offset: 0, kind: 'not-a-segment' }),
    ]);
  });

  test('missing segments are reported, also the first one', async () => {
    const parent = makeTempFolder();
    const folder = join(parent, FOLDER);
    const spool = new Spool({ path: folder, maxBytes: 8_000, syncEveryMs: 200 }, createFakeClock(), () => {});
    const text = Buffer.from(`{"pad":"${'x'.repeat(1_000)}"}`);
    for (let n = 0; n < 7; n += 1) spool.append(n, [{ mark: 0, text }]);
    await spool.close();
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.seg'))
      .sort();
    expect(names.length).toBeGreaterThan(4);
    const numbers = names.map((name) => Number.parseInt(name, 10));
    rmSync(join(folder, names[0] ?? ''));
    rmSync(join(folder, names[2] ?? ''));
    const exit = await inspect(parent, '--json');
    expect(exit.code).toBe(8);
    expect(readSpools(exit).spool.missing).toEqual([
      { first: 0, records: numbers[1] },
      { first: numbers[2], records: (numbers[3] ?? 0) - (numbers[2] ?? 0) },
    ]);
    expect((await inspect(parent)).stdout).toContain(
      '  missing     1 message, #0 to #0: the segment is missing',
    );
  });

  test('a spool that a relay is using is read without the lock, and the relay is not affected', async () => {
    const endpoint = await startHttpEndpoint((_request, _index, response) => response.writeHead(503).end());
    const spool = join(makeTempFolder(), 'spool');
    const events = ['{"id":"a"}', '{"id":"b"}'];
    const { url } = await startScriptedServer(streamHandler({ events }));
    const args = ['--to', endpoint.url, '--spool', spool, '--limit', '2'];
    const eager = ['--retry-min', '250ms', '--retry-max', '250ms'];
    const run = startTail(url, [...args, ...eager], { command: 'relay', log: 'json' });
    await endpoint.waitForRequests(1);
    const exit = await inspect(spool, '--json');
    expect([exit.code, readSpools(exit).spool.pending_events]).toEqual([0, 2]);
    endpoint.setAnswer(takeAll);
    expect((await run.finish()).code).toBe(0);
    expect(endpoint.accepted.map(({ body }) => body)).toEqual(events);
    expect(readSpools(await inspect(spool, '--json')).spool).toMatchObject({
      pending_events: 0,
      first_event: null,
    });
  });

  test('several sinks: each is shown, and a folder of an earlier version without the path of its URL; --export is refused', async () => {
    const { parent } = await leave('hooks.example-services-T0123ABCD-12345678');
    const other = await leave('A~00000000');
    mkdirSync(join(parent, 'empty'));
    const moved = join(parent, 'A~00000000');
    mkdirSync(moved);
    for (const name of readdirSync(other.folder)) {
      writeFileSync(join(moved, name), readFileSync(join(other.folder, name)));
    }
    const exit = await inspect(parent);
    expect(exit.stdout.split('\n').filter((line) => line.startsWith('/'))).toEqual([
      moved,
      join(parent, 'hooks.example*12345678'),
    ]);
    const refused = await inspect(parent, '--export');
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    for (const { stdout, stderr } of [exit, refused, await inspect(parent, '--json')]) {
      expect(stdout + stderr).not.toContain('T0123ABCD');
    }
    expect((await inspect(moved, '--export')).code).toBe(0);
  });

  test('a directory without a spool, or with the files of another program, is refused', async () => {
    const folder = makeTempFolder();
    mkdirSync(join(folder, 'recordings'));
    for (const name of ['video.seg', '1.seg', '9007199254740991.seg', 'notes.txt']) {
      writeFileSync(join(folder, name), 'of another program');
      writeFileSync(join(folder, 'recordings', name), 'of another program');
    }
    for (const path of [folder, makeTempFolder()]) {
      for (const more of [[], ['--json'], ['--export']]) {
        const exit = await inspect(path, ...more);
        expect([exit.code, exit.stdout]).toEqual([2, '']);
        expect(exit.stderr).toContain('no spool there');
      }
    }
  });

  test.each([
    ['a directory', (path: string) => mkdirSync(path), 'it is not a regular file'],
    ['a link', (path: string) => symlinkSync('/etc/hostname', path), 'it is a symbolic link'],
  ])('%s in place of a segment is refused', async (_what, plant, words) => {
    const { parent, folder } = await leave();
    plant(join(folder, '0000000000000006.seg'));
    const exit = await inspect(parent);
    expect([exit.code, exit.stdout]).toEqual([9, '']);
    expect(exit.stderr).toContain(words);
  });

  test.each([
    [['--inspect', '.', '--config', 'relay.yaml'], '--inspect and --config cannot be combined'],
    [['--inspect', '/does/not/exist'], 'no spool there'],
    [['--inspect', '/etc/hostname'], 'no spool there'],
    [['--json'], '--json requires --inspect'],
    [['--inspect', '.', '--to', 'nats://x/Y'], '--inspect and --to cannot be combined'],
    [['--inspect', '.', '--limit', '1'], '--inspect and --limit cannot be combined'],
    [['--inspect', '.', '--json', '--export'], '--json and --export cannot be combined'],
  ])('%j is refused', async (args, words) => {
    const exit = await startTail('', args, { command: 'relay', log: 'json' }).finish();
    expect([exit.code, exit.stdout]).toEqual([2, '']);
    expect(exit.stderr).toContain(words);
  });
});
