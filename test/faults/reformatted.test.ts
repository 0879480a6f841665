// Recordings and dead letters that were rewritten by another program, such as jq, and empty files.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { type Exit, runCli } from '../helpers/run-cli.ts';

const HEADER = '{"recording":1,"started_at":"2026-01-01T00:00:00.000Z","tool":"atlantis-cli 0.1.0"}';
const CONNECTED =
  '{"lifecycle":"connected","at":"2026-01-01T00:00:00.000Z","connection":1,"host":"a.example","key_prefix":"ak_live_00000000","envelope":1}';
const event = (n: number): string => `{"type":"large_transfer","n":${n},"nested":{"event":[1,"\\"}"]}}`;
const EVENTS = [1, 2].map(event);
const TIMES = ['2026-01-01T00:00:01.000Z', '2026-01-01T00:00:02.000Z'];
const RECORDED = EVENTS.map(
  (text, index) => `{"received_at":"${TIMES[index]}","seq":${index + 1},"connection":1,"event":${text}}`,
);
const LINES = [HEADER, CONNECTED, ...RECORDED];
const LETTERS = EVENTS.map(
  (text, index) =>
    `{"dead_letter":1,"at":"${TIMES[index]}","to":"https://a.example","reason":"400","id":"${index}","event":${text}}`,
);

/** Reverses the order of the members of each line. */
const reverse = (lines: readonly string[]): string[] =>
  lines.map((line) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).reverse())));

const hasJq = spawnSync('jq', ['--version']).status === 0;
const jq = (lines: readonly string[], ...args: readonly string[]): string =>
  spawnSync('jq', args, { input: lines.join('\n'), encoding: 'utf8' }).stdout;
const testJq = hasJq ? test : test.skip;

function write(text: string | Buffer): string {
  const path = join(makeTempFolder(), 'events.ndjson');
  writeFileSync(path, text);
  return path;
}

const run = (...args: readonly string[]): Promise<Exit> =>
  runCli(['stream', ...args, '--verbose'], { key: CANARY_KEY });
const SERVE = ['simulate', '--port', '0', '--json', '--replay'];

describe('row 133: a file whose lines have their members in another order', () => {
  test('replay prints its events with the recorded receive times', async () => {
    const path = write(reverse(LINES).join('\n'));
    const { code, stdout, stderr } = await run('replay', path, '--speed', 'max', '--envelope');
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('damaged')]);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ lifecycle: 'connected' });
    expect(lines.slice(1)).toEqual(RECORDED.map((line) => JSON.parse(line)));
  });

  test('replay does not change a number that a double cannot hold', async () => {
    const number = '12345678901234567890.10';
    const line = `{"event":{"n":${number}},"connection":1,"received_at":"${TIMES[0]}","seq":1}`;
    expect((await run('replay', write(`${HEADER}\n${line}\n`), '--json')).stdout).toBe(`{"n":${number}}\n`);
  });

  test('replay and top count its gaps', async () => {
    const gap = `{"lifecycle":"gap","from":"${TIMES[0]}","to":"${TIMES[1]}","cause":"dropped","envelope":1}`;
    for (const text of [gap, ...reverse([gap]), gap.replaceAll(/[:,](?=")/g, '$& ')]) {
      const path = write([HEADER, text, ...RECORDED].join('\n'));
      const { code, stderr } = await run('replay', path, '--speed', 'max');
      expect([code, stderr]).toEqual([0, expect.stringMatching(/2 events in .* s, 1 gap of 1\.0 s\n/)]);
      const table = await run('top', path, '--once', '--json');
      expect(JSON.parse(table.stdout)).toMatchObject({ events: 2, gaps: 1 });
    }
  });

  test('replay accepts a file with only some lines in another order', async () => {
    const path = write([...LINES, ...reverse(RECORDED)].join('\n'));
    const { code, stdout } = await run('replay', path, '--speed', 'max', '--json', '--strict');
    expect([code, stdout.trimEnd().split('\n')]).toEqual([0, [...EVENTS, ...EVENTS]]);
  });

  test('tail --record appends to it', async () => {
    const path = write(`${reverse(LINES).join('\n')}\n`);
    const tail = ['tail', '--simulate', '--limit', '1', '--json', '--record', path];
    expect((await run(...tail)).code).toBe(0);
    expect(readFileSync(path, 'utf8').split('\n').length).toBeGreaterThan(LINES.length + 3);
  });

  test('relay --redeliver delivers its events', async () => {
    const endpoint = await startHttpEndpoint();
    const path = write(reverse(LETTERS).join('\n'));
    expect((await run('relay', '--to', endpoint.url, '--redeliver', path)).code).toBe(0);
    expect(endpoint.requests.map(({ body }) => body)).toEqual(EVENTS);
  });

  testJq('replay plays the output of jq -S -c (needs jq)', async () => {
    const path = write(jq(LINES, '-S', '-c', '.'));
    const { code, stdout } = await run('replay', path, '--speed', 'max', '--json', '--strict');
    expect([
      code,
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).n),
    ]).toEqual([0, [1, 2]]);
  });

  test.each([
    ['a member is missing', '{"seq":1,"connection":1,"event":{}}'],
    ['a time that is not text', '{"seq":1,"connection":1,"event":{},"received_at":5}'],
    [
      'a connection that is not a number',
      `{"seq":1,"connection":"x","event":{},"received_at":"${TIMES[0]}"}`,
    ],
  ])(
    '%s: the line is an event of plain NDJSON, and stderr says that it has no receive time',
    async (_what, text) => {
      const { code, stdout, stderr } = await run('replay', write(text), '--json');
      expect([code, stdout]).toEqual([0, `${text}\n`]);
      expect(stderr).toContain('plain NDJSON without receive times: each line is an event');
    },
  );
});

describe('row 133: a pretty-printed file or one JSON array is exit 2 with a hint', () => {
  const PRETTY = LINES.map((line) => JSON.stringify(JSON.parse(line), undefined, 2)).join('\n');

  test.each([['replay'], SERVE])('pretty-printed: %s', async (...words) => {
    for (const text of [PRETTY, `\ufeff${PRETTY}`.replaceAll('\n', '\r\n'), `[\n${PRETTY}`]) {
      const { code, stdout, stderr } = await run(...words, write(text));
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('not a recording');
      expect(stderr).toContain('it was pretty-printed: put each value on one line, as `jq -c .` does');
    }
  });

  test.each([['replay'], SERVE, ['top', '--once']])('one array, as of `jq -cs .`: %s', async (...words) => {
    for (const text of [
      `[${LINES.join(',')}]\n`,
      '\ufeff[ {"type":"a"}, {"type":"b"}]',
      '[{"type":"a"}]\r\n\n',
    ]) {
      const { code, stdout, stderr } = await run(...words, write(text));
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('not a recording: it is a single line');
      expect(stderr).toContain("it is one JSON array: put each element on one line, as `jq -c '.[]'` does");
      expect(stderr).not.toContain('plain NDJSON');
    }
  });

  test('events that are arrays, one per line, are played', async () => {
    const text = '[{"n":1}]\n[{"n":2}]\n';
    const { code, stdout, stderr } = await run('replay', write(text), '--json');
    expect([code, stdout]).toEqual([0, text]);
    expect(stderr.match(/plain NDJSON/g)).toHaveLength(1);
    expect(await run('replay', write('[1,2]\n'), '--json')).toMatchObject({ code: 0, stdout: '[1,2]\n' });
  });

  test('one array: relay --redeliver', async () => {
    const endpoint = await startHttpEndpoint();
    const { code, stderr } = await run(
      'relay',
      '--to',
      endpoint.url,
      '--redeliver',
      write(`[${LETTERS.join(',')}]`),
    );
    expect([code, stderr]).toEqual([2, expect.stringContaining('it is one JSON array')]);
    expect(endpoint.requests).toEqual([]);
  });

  test('pretty-printed: relay --redeliver', async () => {
    const endpoint = await startHttpEndpoint();
    const path = write(JSON.stringify(JSON.parse(LETTERS[0] ?? ''), undefined, 2));
    const { code, stderr } = await run('relay', '--to', endpoint.url, '--redeliver', path);
    expect([code, stderr]).toEqual([2, expect.stringContaining('it was pretty-printed')]);
    expect(endpoint.requests).toEqual([]);
  });

  testJq('the commands in the hints make such files valid again (needs jq)', async () => {
    for (const back of [jq([jq(LINES, '.')], '-c', '.'), jq([jq(LINES, '-cs', '.')], '-c', '.[]')]) {
      expect((await run('replay', write(back), '--speed', 'max', '--strict')).code).toBe(0);
    }
  });
});

describe('row 133 (W4): an empty file, or one without events', () => {
  test.each([
    ['0 bytes', ''],
    ['only line breaks', '\n\r\n'],
    ['gzip of nothing', gzipSync('')],
  ])('%s: replay and simulate --replay are exit 2', async (_what, content) => {
    for (const words of [['replay'], SERVE]) {
      const { code, stderr } = await run(...words, write(content));
      expect([code, stderr]).toEqual([2, expect.stringContaining('not a recording: it is empty')]);
    }
  });

  test('an empty stdin: replay is exit 2', async () => {
    expect((await runCli(['stream', 'replay', '-', '--verbose'], { key: CANARY_KEY, stdin: '' })).code).toBe(
      2,
    );
  });

  test('a recording without events: replay is exit 0, and the summary has 0 events', async () => {
    const { code, stderr } = await run('replay', write(`${HEADER}\n`));
    expect([code, stderr]).toEqual([0, expect.stringContaining('0 events in ')]);
  });

  test('an empty dead-letter file, as a relay without dead letters leaves it: --redeliver is exit 0', async () => {
    const endpoint = await startHttpEndpoint();
    const { code, stderr } = await run('relay', '--to', endpoint.url, '--redeliver', write(''));
    expect([code, stderr]).toEqual([0, expect.stringContaining('0 events in ')]);
  });
});
