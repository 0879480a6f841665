// Text of the server that a CI system would execute as a command, printed by every command in every format.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { StreamEvent } from '../../src/stream/items.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { runCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';

const COMMANDS = [
  '##vso[task.setvariable variable=PATH]/tmp/evil',
  '##teamcity[buildStatus text=evil]',
  '##TeamCity[buildStatus text=evil]',
  '::stop-commands::evil',
  ' \t\u00a0::error::evil',
  '##[set-output name=a]evil',
  'text before ##[error]evil',
  '####vso[task.complete]',
  '--- evil',
  '+++ evil',
  '~~~ evil',
  '^^^ +++',
];
const EVENTS = [
  ...COMMANDS.map((text) => JSON.stringify({ type: text, [text]: text, list: [text, { [text]: [] }] })),
  ...COMMANDS.map((text) => JSON.stringify(text)),
  ...COMMANDS.map((text) => JSON.stringify([text])),
];

/** The lines that a CI system would execute as a command. */
function findObeyed(output: string): string[] {
  return output.split('\n').filter((line) => {
    const text = line.replace(/\x1b\[[\d;]*m/g, '');
    return (
      /##(?:vso|teamcity)?\[/i.test(text) ||
      text.trimStart().startsWith('::') ||
      /^\s*(?:---|\+\+\+|~~~|\^\^\^)(?:\s|$)/.test(text)
    );
  });
}

test('the test detects every one of its CI commands', () => {
  expect(findObeyed(COMMANDS.join('\n'))).toEqual(COMMANDS);
});

describe('row 125 (O9): untrusted text never becomes a CI command', () => {
  const formats: readonly (readonly [string, readonly string[]])[] = [
    ['NDJSON', []],
    ['envelopes', ['--envelope']],
    ['fields', ['--fields', 'type']],
    ['fields after an empty one', ['--fields', 'missing,list[*]']],
    ['pretty', ['--format', 'pretty']],
    ['pretty without time', ['--format', 'pretty', '--time', 'none']],
    ['pretty in color', ['--format', 'pretty', '--time', 'none', '--color', 'always', '--wide']],
  ];
  test.each(formats)('in the output of tail and replay: %s', async (_name, flags) => {
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const file = join(makeTempFolder(), 'recording.ndjson');
    const limit = ['--limit', String(EVENTS.length), '--verbose'];
    const tail = await runCli(['stream', 'tail', '--url', server.url, '--record', file, ...limit, ...flags], {
      key: CANARY_KEY,
    });
    expect([tail.code, tail.stdout.split('\n').length > EVENTS.length]).toEqual([0, true]);
    expect(tail.stdout.match(/evil/g)?.length).toBeGreaterThanOrEqual(10);
    const replay = await runCli(['stream', 'replay', file, '--speed', 'max', '--verbose', ...flags], {
      key: CANARY_KEY,
    });
    expect(replay.code).toBe(0);
    for (const { stdout, stderr } of [tail, replay]) expect(findObeyed(stdout + stderr)).toEqual([]);
    expect(findObeyed(readFileSync(file, 'utf8'))).toEqual([]);
  });

  test('NDJSON, and a line of the library, still has the value of the event', async () => {
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const args = ['stream', 'tail', '--verbose', '--url', server.url, '--limit', String(EVENTS.length)];
    const { stdout } = await runCli(args, { key: CANARY_KEY });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(EVENTS.map((event) => JSON.parse(event)));
    const own = EVENTS.map((event) => new StreamEvent(Buffer.from(event), 0, 0, 1, 1));
    expect(own.map(({ line }) => line)).toEqual(lines);
    expect(own.map(({ text }) => text)).toEqual(EVENTS);
  });

  test.each(['text', 'json'])(
    'in a refusal, on stderr and in the reports of a check: --log-format %s',
    async (log) => {
      for (const text of COMMANDS) {
        const server = await startScriptedServer((peer) =>
          peer.respond(
            403,
            { 'X-Request-Id': text.replace(/[^!-~ ]/g, '') },
            JSON.stringify({ error: { code: text, message: `${text}\n${text}\r\n${text}` } }),
          ),
        );
        const junit = join(makeTempFolder(), 'check.xml');
        const source = ['--url', server.url, '--log-format', log];
        const runs = [
          await runCli(['stream', 'tail', ...source, '--verbose'], { key: CANARY_KEY }),
          await runCli(['stream', 'check', ...source, '--junit', junit, '--verbose'], { key: CANARY_KEY }),
          await runCli(['stream', 'check', ...source, '--json', '--verbose'], { key: CANARY_KEY }),
        ];
        const output = runs.map(({ stdout, stderr }) => stdout + stderr).join('\n');
        expect(output.length).toBeGreaterThan(500);
        expect(findObeyed(output + readFileSync(junit, 'utf8'))).toEqual([]);
      }
    },
  );

  test('in event types that a check reports', async () => {
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const source = [
      'stream',
      'check',
      '--url',
      server.url,
      '--expect',
      `type=::error::x`,
      '--within',
      '200ms',
      '--verbose',
    ];
    for (const flags of [[], ['--json']]) {
      const { stdout, stderr, code } = await runCli([...source, ...flags], { key: CANARY_KEY });
      expect([code, findObeyed(stdout + stderr)]).toEqual([124, []]);
    }
  });
});
