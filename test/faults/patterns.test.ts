// Large `--where` patterns on long strings, which the server chooses.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { runCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { endOf, expectDeath, runTail, spawnTail } from './start-tail.ts';

/** A pattern with about 900 states; the text keeps most of them active. */
const PATTERN = '(?:a|b)[a-y]{450}[ab]{450}z';
const textOf = (length: number): string => 'abcdxyba'.repeat(length / 8);
const eventOf = (n: number, length: number): string => `{"n":${n},"text":"${textOf(length)}"}`;
const CUT = /warning: --where: a string is too long to search with this pattern/g;
/** The limit of contract R2, the time for the close, and time for a busy machine. */
const HEARD_MS = 500 + 500 + 1_500;

describe('row 88 (O8, R2): a pattern of 900 states', () => {
  test.each([
    ['~', 'text ~ '],
    ['!~', 'text !~ '],
  ])('%s on 15 MB: events are kept, with one warning', async (_operator, where) => {
    await using server = await startScriptedServer(
      streamHandler({
        events: [eventOf(1, 15_000_000), eventOf(2, 15_000_000), '{"n":3,"text":"short"}', '{"n":4}'],
      }),
    );
    const args = ['--where', where + PATTERN, '--fields', 'n', '--duration', '5s'];
    const { stdout, stderr, code } = await runTail(server.url, args);
    const kept = stdout.trim().split('\n');
    expect(code).toBe(0);
    expect(kept).toEqual(where.includes('!') ? ['1', '2', '3', '4'] : ['1', '2']);
    expect(stderr.match(CUT)).toHaveLength(1);
  });

  test.each([
    ['events of 15 MB', 15_000_000],
    ['many events of 8 kB', 8_000],
  ])('during %s a signal ends the run in time', async (_what, length) => {
    await using server = await startScriptedServer(
      streamHandler({
        events: (function* () {
          for (let n = 1; ; n += 1) yield eventOf(n, length);
        })(),
      }),
    );
    const child = spawnTail(server.url, ['--json', '--where', `text ~ ${PATTERN}`], { stdout: 'ignore' });
    await child.waitForStderr('connected to');
    await expectDeath(child, 'SIGTERM', HEARD_MS);
  });

  test.each([
    [
      'replay --highlight',
      ['replay', 'FILE', '--format', 'pretty', '--highlight', `text ~ ${PATTERN}`],
      '--highlight',
      'not marked',
    ],
    [
      'tail --highlight',
      ['tail', '--url', 'URL', '--format', 'pretty', '--limit', '2', '--highlight', `text ~ ${PATTERN}`],
      '--highlight',
      'not marked',
    ],
    [
      'check --expect',
      ['check', '--url', 'URL', '--expect', `text ~ ${PATTERN}`, '--within', '1s'],
      '--expect',
      'not counted',
    ],
    [
      'the filter of a sink',
      ['relay', '--url', 'URL', '--config', 'CONFIG', '--limit', '2'],
      'a: where',
      'kept',
    ],
  ])('%s: an event that is too long to search is reported', async (_what, words, where, outcome) => {
    const events = [eventOf(1, 400_000), eventOf(2, 400_000)];
    await using server = await startScriptedServer(streamHandler({ events }));
    const sink = await startHttpEndpoint();
    const folder = makeTempFolder();
    const places: Readonly<Record<string, string>> = {
      URL: server.url,
      FILE: join(folder, 'events.ndjson'),
      CONFIG: join(folder, 'relay.yaml'),
    };
    writeFileSync(join(folder, 'events.ndjson'), `${events.join('\n')}\n`);
    writeFileSync(
      join(folder, 'relay.yaml'),
      `sinks:\n  - {name: a, to: "${sink.url}", where: "text ~ ${PATTERN}"}\n`,
      { mode: 0o600 },
    );
    const args = words.map((word) => places[word] ?? word);
    const { stderr } = await runCli(['stream', ...args, '--verbose'], { key: CANARY_KEY });
    const text = `warning: ${where}: a string is too long to search with this pattern; such events are ${outcome} (reported once)`;
    expect(stderr.split(text)).toHaveLength(2);
    if (outcome === 'kept') expect(sink.requests).toHaveLength(2);
  });

  test('--timeout ends the run in time', async () => {
    await using server = await startScriptedServer(
      streamHandler({ events: Array.from({ length: 500 }, (_unused, n) => eventOf(n, 8_000)) }),
    );
    const startedAtMs = performance.now();
    const child = spawnTail(server.url, ['--timeout', '2s', '--where', `text ~ ${PATTERN}`]);
    expect((await endOf(child)).code).toBe(124);
    expect(performance.now() - startedAtMs).toBeLessThan(2_000 + HEARD_MS);
  });
});
