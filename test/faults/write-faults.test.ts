// Disks that stop accepting data, for every file that the command writes: by real limits, or by strace if a test cannot
// create a quota or a file system that becomes read-only.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { type Exit, runCli, startCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { hasStrace, traceInto } from '../helpers/strace.ts';
import { untilTrue } from '../helpers/watch.ts';
import { numberedEvents } from './start-tail.ts';

const FAULTS = [
  ['EDQUOT', 'the disk quota is exceeded'],
  ['EROFS', 'the file system is read-only'],
  ['EIO', 'the device reported an error'],
] as const;
const EFBIG = 'the file has reached its size limit (EFBIG)';
const testTraced = hasStrace() ? test : test.skip;
const hasLimits = spawnSync('prlimit', ['--version']).status === 0;
const testLimited = hasLimits ? test : test.skip;

/** A command prefix that makes a system call fail from its `first` call on, for one file or for all. */
const failing = (call: string, code: string, first = 1, path?: string): string[] => [
  ...traceInto('/dev/null', call),
  ...(path === undefined ? [] : ['-P', path]),
  ...['-e', `inject=${call}:error=${code}:when=${first}+`],
];
const limitFile = (bytes: number): string[] => ['prlimit', `--fsize=${bytes}`];

interface Ran extends Exit {
  readonly folder: string;
  readonly path: string;
}

/** Runs a command that writes `name`, after replacing PATH, URL and ENDPOINT in its arguments. */
async function run(
  words: readonly string[],
  name: string,
  choosePrefix: (path: string) => readonly string[],
): Promise<Ran> {
  const folder = makeTempFolder();
  const path = join(folder, name);
  const server = await startScriptedServer(streamHandler({ events: numberedEvents(100, 400) }));
  // The endpoint refuses every event.
  const endpoint = await startHttpEndpoint((_request, _index, response) => response.writeHead(400).end());
  const values: Readonly<Record<string, string>> = { PATH: path, URL: server.url, ENDPOINT: endpoint.url };
  const args = words.map((word) => values[word] ?? word);
  const exit = await runCli([...args, '--verbose'], { key: CANARY_KEY, prefix: choosePrefix(path) });
  return { ...exit, folder, path };
}

const TAIL = ['stream', 'tail', '--url', 'URL', '--json', '--limit', '400'];
const RECORD = [...TAIL, '--record', 'PATH'];
const RELAY = ['stream', 'relay', '--url', 'URL', '--to', 'ENDPOINT', '--limit', '400'];

function expectWholeLines(path: string): void {
  const text = readFileSync(path, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n').slice(0, -1)) expect(() => JSON.parse(line)).not.toThrow();
}

describe('row 135 (O7): files that grow', () => {
  testTraced.each(FAULTS)(
    'a recording: %s is exit 9 with the reason, and the file has only whole lines',
    async (code, reason) => {
      const exit = await run(RECORD, 'events.ndjson', (path) => failing('write', code, 2, path));
      expect([exit.code, exit.stderr]).toEqual([
        9,
        expect.stringContaining(`the recording "${exit.path}" could not be written: ${reason} (${code})`),
      ]);
      expectWholeLines(exit.path);
    },
  );

  testTraced.each(FAULTS)(
    'a compressed recording: %s is exit 9 with the reason, and the file can be replayed',
    async (code, reason) => {
      const exit = await run(RECORD, 'events.ndjson.gz', (path) => failing('write', code, 2, path));
      expect([exit.code, exit.stderr]).toEqual([9, expect.stringContaining(`${reason} (${code})`)]);
      expect(
        (await runCli(['stream', 'replay', exit.path, '--strict', '--verbose'], { key: CANARY_KEY })).code,
      ).toBe(0);
    },
  );

  testTraced.each(FAULTS)(
    'dead letters: %s is exit 9 with the reason, and the file has only whole lines',
    async (code, reason) => {
      const words = [...RELAY, '--dead-letter', 'PATH'];
      const exit = await run(words, 'dead.ndjson', (path) => failing('write', code, 3, path));
      expect([exit.code, exit.stderr]).toEqual([
        9,
        expect.stringContaining(
          `the dead-letter file "${exit.path}" could not be written: ${reason} (${code})`,
        ),
      ]);
      expectWholeLines(exit.path);
    },
  );

  testLimited.each([
    ['a recording', RECORD],
    ['dead letters', [...RELAY, '--dead-letter', 'PATH']],
  ])(
    '%s beyond ulimit -f: exit 9 instead of an end by SIGXFSZ, and the file has only whole lines',
    async (_what, words) => {
      const exit = await run(words, 'events.ndjson', () => limitFile(4_096));
      expect([exit.code, exit.signal]).toEqual([9, null]);
      expect(exit.stderr).toContain(EFBIG);
      expectWholeLines(exit.path);
    },
  );
});

describe('row 135: files that are written in one step', () => {
  const ONCE = [
    ['a ready file', [...TAIL, '--ready-file', 'PATH']],
    ['a JUnit report', ['stream', 'check', '--url', 'URL', '--junit', 'PATH']],
  ] as const;

  testTraced.each(
    ONCE.flatMap(([what, words]) => FAULTS.map(([code, reason]) => ({ what, words, code, reason }))),
  )(
    '$what: $code is exit 9 with the reason, and no temporary file is left',
    async ({ words, code, reason }) => {
      const exit = await run(words, 'file', () => failing('rename', code));
      expect([exit.code, exit.stderr]).toEqual([
        9,
        expect.stringContaining(`"${exit.path}" could not be written: ${reason} (${code})`),
      ]);
      expect(readdirSync(exit.folder)).toEqual([]);
    },
  );

  testLimited.each(ONCE)(
    '%s beyond ulimit -f: exit 9 instead of an end by SIGXFSZ, and no temporary file is left',
    async (_what, words) => {
      const exit = await run(words, 'file', () => limitFile(20));
      expect([exit.code, exit.signal, readdirSync(exit.folder)]).toEqual([9, null, []]);
      expect(exit.stderr).toContain(EFBIG);
    },
  );

  testTraced.each([
    ['EDQUOT', 9],
    ['EIO', 9],
    ['EROFS', 10],
  ])('the profile store: %s is exit %i, and no temporary file is left', async (code, expected) => {
    const folder = join(makeTempFolder(), 'config');
    const exit = await runCli(
      ['profile', 'add', 'main', '--url', 'http://127.0.0.1:1', '--key-stdin', '--verbose'],
      {
        stdin: CANARY_KEY,
        env: { ATLANTIS_CONFIG_DIR: folder },
        prefix: failing('rename', code, 2),
      },
    );
    expect([exit.code, exit.stderr]).toEqual([expected, expect.stringContaining(`(${code})`)]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('row 135: a spool', () => {
  testLimited(
    'if a segment reaches ulimit -f, the next one is begun, and everything is delivered',
    async () => {
      const events = [...numberedEvents(1_000, 6_000)];
      const server = await startScriptedServer(streamHandler({ events }));
      const endpoint = await startHttpEndpoint((_request, _index, response) => response.writeHead(503).end());
      const spool = join(makeTempFolder(), 'spool');
      const args = ['stream', 'relay', '--url', server.url, '--to', endpoint.url, '--spool', spool];
      const child = startCli(
        [...args, '--limit', '6000', '--batch', '500', '--retry-max', '1s', '--verbose'],
        {
          key: CANARY_KEY,
          prefix: limitFile(2_000_000),
        },
      );
      const countSegments = (): number =>
        existsSync(spool)
          ? readdirSync(spool, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.seg'))
              .length
          : 0;
      // The events are 6 MB, a segment at most 2 MB.
      await untilTrue(() => countSegments() > 2, 'three segments');
      endpoint.setAnswer((_request, _index, response) => response.writeHead(204).end());
      expect(await child.exit).toMatchObject({ code: 0, signal: null });
      expect(
        endpoint.accepted
          .map(({ body }) => body)
          .join('')
          .trimEnd()
          .split('\n'),
      ).toEqual(events);
    },
  );
});
