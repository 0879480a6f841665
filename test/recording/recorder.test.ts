import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import type { OutputError } from '../../src/errors.ts';
import { packMember } from '../../src/recording/gzip-member.ts';
import { readLines } from '../../src/recording/read-lines.ts';
import { readLine } from '../../src/recording/recorded-line.ts';
import { openRecorder, type RecordConfig } from '../../src/recording/recorder.ts';
import type { StatusRecord } from '../../src/ui/reporter.ts';
import { makeBatch } from '../helpers/batches.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

const NAMES = ['events.ndjson', 'events.ndjson.gz'] as const;

function open(path: string, more: Partial<RecordConfig> = {}) {
  const clock = createFakeClock();
  const reports: StatusRecord[] = [];
  const failures: OutputError[] = [];
  const recorder = openRecorder(
    { path, maxBytes: undefined, maxAgeMs: undefined, keep: undefined, ...more },
    { clock, report: (one) => reports.push(one), onFailure: (one) => failures.push(one) },
  );
  const write = (...texts: readonly string[]): void =>
    recorder.writeEvents(makeBatch(texts, clock.wallMs()), texts.length, 1);
  return { recorder, clock, reports, failures, write };
}

const readText = (path: string): string => {
  const bytes = readFileSync(path);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
};
const readEvents = (path: string): unknown[] =>
  readText(path)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((line) => 'event' in line)
    .map((line) => line.event);
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe.each(NAMES)('a recording in %s', (name) => {
  test('has a header, then an envelope for each event', () => {
    const path = join(makeTempFolder(), name);
    const { recorder, write } = open(path);
    write('{"n":1}', '{"n":12345678901234567890}');
    recorder.writeLifecycle({ lifecycle: 'gap', from: 'a', to: null, cause: 'dropped' });
    recorder.close();
    const [header = '', ...lines] = readText(path).split('\n');
    expect(JSON.parse(header)).toEqual({
      recording: 1,
      started_at: expect.any(String),
      tool: expect.stringContaining('atlantis-cli'),
    });
    expect(lines).toEqual([
      expect.stringMatching(/^\{"received_at":"[^"]+","seq":1,"connection":1,"event":\{"n":1\}\}$/),
      expect.stringMatching(/"seq":2,"connection":1,"event":\{"n":12345678901234567890\}\}$/),
      expect.stringMatching(/^\{"lifecycle":"gap"/),
      '',
    ]);
  });

  test('appends to an existing file, after a header of its own', () => {
    const path = join(makeTempFolder(), name);
    for (const text of ['1', '2', '3']) {
      const { recorder, write, reports } = open(path);
      write(text);
      recorder.close();
      expect(reports).toEqual([]);
    }
    expect(readText(path).match(/"recording":1/g)).toHaveLength(3);
    expect(readEvents(path)).toEqual([1, 2, 3]);
  });

  test('W2: has an incomplete end removed and reported, wherever it was cut off', () => {
    const path = join(makeTempFolder(), name);
    const first = open(path);
    first.write('"whole"');
    first.recorder.close();
    const whole = statSync(path).size;
    const second = open(path);
    second.write('"torn"');
    second.recorder.close();
    const bytes = readFileSync(path);
    const isBorder = (at: number): boolean => name === 'events.ndjson' && bytes[at - 1] === 0x0a;
    for (const at of numbers(whole + 1, bytes.length - 1)) {
      writeFileSync(path, bytes.subarray(0, at));
      const { recorder, write, reports } = open(path);
      write('"next"');
      recorder.close();
      if (!isBorder(at) && name === 'events.ndjson') expect(reports).toHaveLength(1);
      expect(readEvents(path)).toEqual(['whole', 'next']);
    }
    truncateSync(path, 5);
    const { recorder, reports } = open(path);
    recorder.close();
    expect(reports[0]?.message).toContain('removed an incomplete line of 5 bytes');
  });

  test('W2: a file that is not a recording is not changed', () => {
    const path = join(makeTempFolder(), name);
    for (const content of ['{"n":1}\n', 'precious', gzipSync('precious, and longer than any header is')]) {
      writeFileSync(path, content);
      expect(() => open(path)).toThrow(expect.objectContaining({ exitCode: 2 }));
      expect(readFileSync(path)).toEqual(Buffer.from(content));
    }
  });

  test('W3: with --record-max-size, no file is larger and no line is cut or lost', () => {
    const folder = makeTempFolder();
    const path = join(folder, name);
    const maxBytes = name === 'events.ndjson' ? 2_000 : 600;
    const { recorder, write, failures } = open(path, { maxBytes });
    for (const n of numbers(0, 39)) write(...numbers(n * 10, n * 10 + 9).map((each) => `{"n":${each}}`));
    recorder.close();
    const files = readdirSync(folder).sort();
    expect(files.length).toBeGreaterThan(2);
    const order = [...files.filter((file) => file !== name), name].map((file) => join(folder, file));
    for (const file of order) expect(statSync(file).size).toBeLessThanOrEqual(maxBytes);
    expect(order.flatMap(readEvents)).toEqual(numbers(0, 399).map((n) => ({ n })));
    expect(failures).toEqual([]);
  });

  test('an event larger than the maximum size has a file of its own', () => {
    const folder = makeTempFolder();
    const { recorder, write } = open(join(folder, name), { maxBytes: 300 });
    const large = Array.from({ length: 1_000 }, (_, n) => `"${(n * 7919) % 1013}"`).join();
    write('1', `[${large}]`, '2');
    recorder.close();
    expect(readdirSync(folder)).toHaveLength(3);
  });

  test('with --record-max-age and --record-keep, is rotated before the first event after that age, and old files are deleted', () => {
    const folder = makeTempFolder();
    const path = join(folder, name);
    writeFileSync(join(folder, `events.other${name.slice(6)}`), 'not mine');
    const { recorder, write, clock } = open(path, { maxAgeMs: 60_000, keep: 2 });
    for (const n of numbers(1, 5)) {
      write(`${n}`);
      clock.advance(60_000);
    }
    recorder.close();
    const files = readdirSync(folder).sort();
    expect(files).toHaveLength(4);
    const finished = files.filter((file) => /\.\d{8}T\d{9}Z/.test(file)).map((file) => join(folder, file));
    expect(finished.map(readEvents)).toEqual([[3], [4]]);
    expect(readEvents(path)).toEqual([5]);
  });

  test('with --record-max-age, setting the clock back changes neither the age nor the order', () => {
    const folder = makeTempFolder();
    const { recorder, write, clock } = open(join(folder, name), { maxAgeMs: 60_000, keep: 2 });
    for (const n of numbers(1, 5)) {
      write(`${n}`);
      clock.advance(60_000);
      clock.jumpWall(-3_600_000);
    }
    recorder.close();
    const files = readdirSync(folder).sort();
    expect(files.map((file) => readEvents(join(folder, file)))).toEqual([[3], [4], [5]]);
  });

  test('with --record-max-age, counts time asleep, and the age of a file from an earlier run', () => {
    const folder = makeTempFolder();
    const path = join(folder, name);
    const first = open(path, { maxAgeMs: 60_000 });
    first.write('1');
    first.clock.jumpWall(60_000);
    first.write('2');
    first.recorder.close();
    expect(readdirSync(folder)).toHaveLength(2);
    const second = open(path, { maxAgeMs: 60_000 });
    second.clock.jumpWall(119_999);
    second.write('3');
    expect(readdirSync(folder)).toHaveLength(2);
    second.clock.jumpWall(1);
    second.write('4');
    expect(readdirSync(folder)).toHaveLength(3);
    second.recorder.close();
  });

  test('on reopen, a file that was moved is finished there, and a new one is begun at the path', () => {
    const folder = makeTempFolder();
    const path = join(folder, name);
    const { recorder, write, reports, failures } = open(path);
    write('1');
    renameSync(path, join(folder, 'moved'));
    write('2');
    recorder.reopen();
    write('3');
    recorder.close();
    recorder.reopen();
    renameSync(join(folder, 'moved'), join(folder, `moved-${name}`));
    const texts = [join(folder, `moved-${name}`), path].map(readText);
    for (const text of texts) expect(text).toMatch(/^\{"recording":1/);
    expect(texts.map((text) => text.match(/"seq":\d+/g))).toEqual([['"seq":1', '"seq":2'], ['"seq":3']]);
    expect(reports.map(({ event }) => event)).toEqual(['recording']);
    expect([failures, readdirSync(folder)]).toEqual([[], [name, `moved-${name}`]]);
  });

  test('on reopen, a file that was not moved is continued', () => {
    const path = join(makeTempFolder(), name);
    const { recorder, write } = open(path);
    write('1');
    recorder.reopen();
    write('2');
    recorder.close();
    expect(readEvents(path)).toEqual([1, 2]);
  });

  test('on reopen, a missing folder is a failure that is reported once', () => {
    const folder = join(makeTempFolder(), 'logs');
    mkdirSync(folder);
    const { recorder, write, failures } = open(join(folder, name));
    write('1');
    renameSync(folder, `${folder}.old`);
    recorder.reopen();
    write('2');
    recorder.close();
    expect(failures.map(({ exitCode }) => exitCode)).toEqual([9]);
    expect(readEvents(join(`${folder}.old`, name))).toEqual([1]);
  });

  test('with --record-max-size, a file that was moved is not an error', () => {
    const folder = makeTempFolder();
    const path = join(folder, name);
    const { recorder, write, failures } = open(path, { maxBytes: 300 });
    write('1');
    renameSync(path, join(folder, `moved-${name}`));
    for (const n of numbers(2, 9)) write(`"${'x'.repeat(100)}${n}"`);
    recorder.close();
    expect(failures).toEqual([]);
    expect(readdirSync(folder).flatMap((file) => readEvents(join(folder, file)))).toHaveLength(9);
  });

  test('row 104 (W3): a deleted file is replaced by a new one and reported, and no later event is lost', () => {
    const path = join(makeTempFolder(), name);
    const { recorder, clock, write, reports, failures } = open(path);
    write('1');
    clock.advance(1_000);
    rmSync(path);
    write('2');
    write('3');
    recorder.close();
    expect(readText(path)).toMatch(/^\{"recording":1/);
    expect(readEvents(path)).toEqual([2, 3]);
    expect(reports).toMatchObject([{ event: 'recording', level: 'warn' }]);
    expect(reports[0]?.message).toContain('was deleted by another program');
    expect([failures, clock.pendingTimers]).toEqual([[], 0]);
  });

  test('row 104: if deleted while lines wait to be compressed, is reported once and has one header', () => {
    const path = join(makeTempFolder(), name);
    const { recorder, clock, write, reports } = open(path);
    write('1');
    clock.advance(1_000);
    rmSync(path);
    write('2');
    clock.advance(1_000);
    recorder.close();
    expect(reports.map(({ fields }) => fields?.['change'])).toEqual(['deleted']);
    expect(readText(path).split('"recording"')).toHaveLength(2);
  });

  test.each([
    ['deleted', (path: string) => rmSync(path)],
    ['moved', (path: string) => renameSync(path, `${path}.1`)],
    ['truncated', (path: string) => truncateSync(path, 0)],
  ] as const)(
    'row 104: if %s while no event arrives, is replaced and reported within a second',
    (change, act) => {
      const path = join(makeTempFolder(), name);
      const { recorder, clock, write, reports } = open(path);
      write('1');
      clock.advance(1_000);
      act(path);
      clock.advance(1_000);
      expect(readText(path)).toMatch(/^\{"recording":1/);
      expect(reports.map(({ fields }) => fields)).toEqual([{ change }]);
      clock.advance(10_000);
      expect(reports).toHaveLength(1);
      recorder.close();
    },
  );

  test('row 104: if deleted with its folder, is exit 9, reported once', () => {
    const folder = join(makeTempFolder(), 'logs');
    mkdirSync(folder);
    const { clock, write, failures } = open(join(folder, name));
    rmSync(folder, { recursive: true });
    clock.advance(1_000);
    write('1');
    clock.advance(10_000);
    expect(failures.map(({ exitCode, message }) => [exitCode, message])).toEqual([
      [9, expect.stringContaining('the directory does not exist')],
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('row 105: loses no event if another program moves or creates its file between two rotations', () => {
    const folder = makeTempFolder();
    const path = join(folder, name);
    const { recorder, clock, write, failures } = open(path, { maxBytes: 600 });
    for (const n of numbers(0, 39)) {
      // Compressed lines are written after a second.
      if (name.endsWith('.gz')) clock.advance(1_000);
      if (n === 10) renameSync(path, join(folder, `by-mv-${name}`));
      if (n === 20) {
        renameSync(path, join(folder, `by-rotator-${name}`));
        writeFileSync(path, '');
      }
      write(`"${(n * 7_919) % 1_013} ${'x'.repeat(50)}${n}"`);
    }
    recorder.close();
    expect(failures).toEqual([]);
    const seen = readdirSync(folder).flatMap((file) => readEvents(join(folder, file)));
    expect(new Set(seen).size).toBe(40);
    expect(seen).toHaveLength(40);
  });

  test('row 106: without its header after a truncation, is still a recording for the next run', () => {
    const path = join(makeTempFolder(), name);
    const first = open(path);
    first.write('1');
    first.recorder.close();
    const whole = readText(path);
    // A line without a header, as after a write between the truncation and the next check of the file.
    const rest = whole.slice(whole.indexOf('\n') + 1);
    writeFileSync(path, name.endsWith('.gz') ? packMember(Buffer.from(rest)) : rest);
    const next = open(path);
    next.write('2');
    next.recorder.close();
    expect(readEvents(path)).toEqual([1, 2]);
  });

  test('rotated files have the mode of the first one, which is 0600 if it is new', () => {
    const folder = makeTempFolder();
    const path = join(folder, name);
    for (const mode of [undefined, 0o640]) {
      if (mode !== undefined) chmodSync(path, mode);
      const { recorder, write } = open(path, { maxBytes: 300 });
      for (const n of numbers(0, 3)) write(`"${'x'.repeat(250)}${n}"`);
      recorder.close();
      expect((statSync(path).mode & 0o777).toString(8)).toBe((mode ?? 0o600).toString(8));
    }
  });

  test('row 111: a hard link to another file is refused, and that file is unchanged', () => {
    const folder = makeTempFolder();
    writeFileSync(join(folder, 'precious'), '');
    linkSync(join(folder, 'precious'), join(folder, name));
    expect(() => open(join(folder, name))).toThrow(
      expect.objectContaining({ exitCode: 9, message: expect.stringContaining('it is a hard link') }),
    );
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('');
  });

  test('row 112: an event of 6 MiB of control characters can be read back', async () => {
    const path = join(makeTempFolder(), name);
    const { recorder, write } = open(path);
    const text = JSON.stringify('\x7f'.repeat(6 * 2 ** 20));
    write(text, '"next"');
    recorder.close();
    const events: unknown[] = [];
    for await (const { lines, fault } of readLines(path, () => process.stdin, new AbortController().signal)) {
      expect(fault).toBeUndefined();
      for (const line of Array.from(lines, readLine))
        if (line.kind === 'event') events.push(line.text.toString());
    }
    expect(events.map((event) => JSON.parse(String(event)) === JSON.parse(text))).toEqual([true, false]);
  });

  test('a path that cannot be opened is an error', () => {
    const path = join(makeTempFolder(), 'no', name);
    expect(() => open(path)).toThrow(expect.objectContaining({ exitCode: 9 }));
    expect(() => open(makeTempFolder())).toThrow(expect.objectContaining({ exitCode: 9 }));
    expect(() => open('/dev/null')).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe('a compressed recording', () => {
  test('buffers lines for one second to compress them together', () => {
    const path = join(makeTempFolder(), 'events.gz');
    const { recorder, write, clock } = open(path);
    write('1');
    write('2');
    expect(readEvents(path)).toEqual([]);
    clock.advance(1_000);
    expect(readEvents(path)).toEqual([1, 2]);
    write('3');
    recorder.close();
    recorder.close();
    expect(readEvents(path)).toEqual([1, 2, 3]);
  });

  test('has a last member removed that lost its content or has a length of 0', () => {
    const path = join(makeTempFolder(), 'events.gz');
    const first = open(path);
    first.write('1');
    first.recorder.close();
    const whole = statSync(path).size;
    const second = open(path);
    second.write('2');
    second.recorder.close();
    const bytes = readFileSync(path);
    for (const from of [whole + 30, whole + 16]) {
      const ruined = Buffer.from(bytes).fill(0, from, from === whole + 16 ? from + 4 : undefined);
      // The header of the second run is a member of its own.
      const last = ruined.lastIndexOf(Buffer.from('1f8b0804', 'hex'));
      ruined.fill(0, last + 30);
      writeFileSync(path, ruined);
      const { recorder, reports } = open(path);
      recorder.close();
      expect(reports).toHaveLength(1);
      expect(readEvents(path)).toEqual([1]);
    }
  });

  test('has zeros after the last member removed', () => {
    const path = join(makeTempFolder(), 'events.gz');
    const first = open(path);
    first.write('1');
    first.recorder.close();
    appendFileSync(path, Buffer.alloc(4_096));
    const { recorder, reports, write } = open(path);
    expect(reports).toHaveLength(1);
    write('2');
    recorder.close();
    expect(readEvents(path)).toEqual([1, 2]);
  });
});
