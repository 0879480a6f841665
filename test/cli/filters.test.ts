// `--type` and `--where` in the built command: which events match, and that they are not changed (contract O8).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { findTypeInTree, holdsForTree } from '../filter/filter-by-tree.ts';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeRecordedLine } from '../helpers/hostile.ts';
import { readPlainJson } from '../helpers/plain-json.ts';
import { randomJson, seededRandom } from '../helpers/random-json.ts';
import { ROOT, runCli, runShell } from '../helpers/run-cli.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { runTail } from '../helpers/tail.ts';

/** A server that sends the events and closes. */
function serve(events: readonly string[]): Promise<ScriptedServer> {
  return startScriptedServer(streamHandler({ events, finish: (peer) => peer.sendClose(1001) }));
}

/** Runs `tail` with these flags to the end of the connection, and returns its lines. */
async function tailAll(server: ScriptedServer, ...flags: string[]): Promise<readonly string[]> {
  const { code, lines } = await runTail(server.url, ['--no-reconnect', ...flags]);
  expect(code).toBe(7);
  return lines;
}

describe('a filter that matches nothing is reported', () => {
  const events = Array.from({ length: 10 }, (_unused, n) => `{"type":"a","n":${n}}`);

  test('G3: in the summary', async () => {
    const server = await serve(events);
    const { code, lines, stderr } = await runTail(server.url, ['--no-reconnect', '--type', 'b']);
    expect([code, lines]).toEqual([7, []]);
    expect(stderr).toMatch(/0 events in .* s, 0 of 10 events matched; 1 gap of /);
  });

  test('G5: as numbers with --log-format json, also after --limit', async () => {
    const server = await serve(events);
    const flags = ['--limit', '2', '--where', 'n > 3'];
    const { code, lines, records } = await runTail(server.url, flags, { log: 'json' });
    expect([code, lines.length]).toEqual([0, 2]);
    expect(records.at(-1)).toMatchObject({ event: 'summary', events: 2, received: 10, matched: 6 });
  });

  test('in the summary of a replay', async () => {
    const stdin = events.map((event, i) => `${makeRecordedLine(i, event)}\n`).join('');
    const { stderr } = await runCli(['stream', 'replay', '-', '--speed', 'max', '--type', 'b'], { stdin });
    expect(stderr).toMatch(/0 events in .* s, 0 of 10 events matched, no gaps/);
  });
});

describe('events that match', () => {
  test('O8: filters never change an event: its line is the same as without filters', async () => {
    const random = seededRandom(693_147);
    const types = ['"large_transfer"', '"large_\\u0062urn"', '"address_activity"', 'null', randomJson];
    const events = Array.from({ length: 4_000 }, (_unused, i) => {
      const type = types[i % types.length];
      const sent = typeof type === 'function' ? type(random).replace('\ufeff', '') : type;
      const n = `${i % 7}${'.0'.repeat(i % 2)}`;
      return `${i % 9 === 0 ? '\ufeff' : ''}{"x":${randomJson(random).replace('\ufeff', '')},\r\n"type":${sent},"n":${n} }`;
    });
    const server = await serve(events);
    const whole = await tailAll(server);
    expect(whole.length).toBe(events.length);
    const passed = await tailAll(server, '--type', 'large_*', '--where', 'n >= 3', '-w', 'n != 5');
    const expected = whole.filter((_line, i) => {
      const root = readPlainJson(events[i] ?? '');
      const steps = [{ kind: 'member', name: 'n' }] as const;
      return (
        /^large_/.test(findTypeInTree(root) ?? '') &&
        holdsForTree({ steps, operator: '>=', value: { kind: 'number', raw: '3' } }, root) &&
        holdsForTree({ steps, operator: '!=', value: { kind: 'number', raw: '5' } }, root)
      );
    });
    expect(expected.length).toBeGreaterThan(500);
    expect(passed).toEqual(expected);
  });

  test('O8: --type looks at type, then event_type, then event', async () => {
    const events = [
      '{"type":"a","event_type":"b","event":"c"}',
      '{"event":"b","event_type":"a"}',
      '{"event":"a"}',
      '{"type":5,"event":"a"}',
      '{"type":"b","event":"a"}',
      '["a"]',
    ];
    expect(await tailAll(await serve(events), '--type', 'a')).toEqual(events.slice(0, 4));
  });

  test('O8: --type is repeatable and takes lists and braces', async () => {
    const events = ['ab', 'ac', 'b', 'c', 'd'].map((type) => `{"type":"${type}"}`);
    const server = await serve(events);
    const flags = ['--type', 'a{b,c},d', '-t', 'c'];
    expect(await tailAll(server, ...flags)).toEqual([events[0], events[1], events[3], events[4]]);
  });

  test('O8: amounts beyond 2^53 are compared exactly, as numbers and as texts', async () => {
    const events = [
      '{"amount":9007199254740992}',
      '{"amount":9007199254740993}',
      '{"amount":"9007199254740992"}',
      '{"amount":"9007199254740993"}',
      '{"amount":9.007199254740993e15}',
    ];
    const server = await serve(events);
    expect(await tailAll(server, '--where', 'amount > 9007199254740992')).toEqual([
      events[1],
      events[3],
      events[4],
    ]);
  });

  test('O8: --limit and seq count only events that match', async () => {
    const events = Array.from(
      { length: 50 },
      (_unused, n) => `{"type":"${n % 2 ? 'odd' : 'even'}","n":${n}}`,
    );
    const server = await serve(events);
    const { code, lines, stderr } = await runTail(server.url, ['--type', 'odd', '--limit', '4']);
    expect(lines).toEqual([events[1], events[3], events[5], events[7]]);
    expect(code).toBe(0);
    expect(stderr).toContain(' 4 events in ');
    const wrapped = await runTail(server.url, ['--where', 'n >= 45', '--limit', '3', '--envelope']);
    const events3 = wrapped.lines.map((line) => JSON.parse(line)).filter((one) => 'event' in one);
    expect(events3.map(({ seq, event }) => [seq, event.n])).toEqual([
      [1, 45],
      [2, 46],
      [3, 47],
    ]);
  });

  test('O8: a text that would make a backtracking regular expression hang is searched quickly', async () => {
    const events = [`{"a":"${'a'.repeat(200_000)}!"}`, '{"a":"aaa"}'];
    expect(await tailAll(await serve(events), '--where', 'a ~ ^(a+)+$')).toEqual(events.slice(1));
  });
});

describe('invalid expressions', () => {
  test.each([
    ['--where', 'usd_value => 5', '             ^ '],
    ['--where', '漢字 ~ x**', '          ^ '],
    ['--where', 'a = "x', '      ^ '],
    ['--type', 'ok{a', '    ^ '],
  ])(
    'O8: %s %j: exit 2 with a caret under the error, before any connection is opened',
    async (flag, value, caret) => {
      const server = await serve([]);
      const args = ['stream', 'tail', '--url', server.url, flag, value];
      const { code, stdout, stderr } = await runCli(args, { key: CANARY_KEY });
      const [message = '', shown, place = ''] = stderr.split('\n');
      expect(message).toMatch(new RegExp(`^atlantis: error: invalid ${flag}: \\S`));
      expect(shown ?? '').toBe(`  ${value}`);
      expect(place.startsWith(`${caret}see docs/filters.md: `)).toBe(true);
      expect([code, stdout, server.attempts.length]).toEqual([2, '', 0]);
    },
  );

  test.each([
    `${CANARY_KEY}${CANARY_KEY} =`,
    `abcdefghijklmnopqrstuvwxyz.${CANARY_KEY} => 4`,
    `a ! ${CANARY_KEY}`,
    `${CANARY_KEY} ! ${CANARY_KEY}`,
  ])('P2, P4: a key in an expression is not shown above the caret: %#', async (expression) => {
    for (const format of ['text', 'json']) {
      const args = ['stream', 'tail', '--url', 'https://x.example', '--log-format', format, '-w', expression];
      const { code, stderr } = await runCli(args, { key: CANARY_KEY });
      expect(code).toBe(2);
      for (let at = 0; at + 8 <= CANARY_KEY.length; at += 1) {
        if (at > 8) expect(stderr).not.toContain(CANARY_KEY.slice(at, at + 8));
      }
    }
  });

  test('O8: an empty expression is refused without a caret', async () => {
    const { code, stderr } = await runCli(['stream', 'tail', '--simulate', '--where', ' ']);
    expect(stderr).toMatch(
      /^atlantis: error: invalid --where: expected a field name\n {2}see docs\/[^\n]*\n$/,
    );
    expect(code).toBe(2);
  });

  test('G5: with --log-format json the caret is part of the hint', async () => {
    const { stderr, code } = await runCli([
      '--log-format',
      'json',
      'stream',
      'tail',
      '--simulate',
      '-w',
      'a',
    ]);
    const { event, message, hint } = JSON.parse(stderr);
    expect([code, event, message]).toEqual([
      2,
      'error',
      'invalid --where: expected one of = != > >= < <= ~ !~ in',
    ]);
    expect(hint).toMatch(/^a\n {1}\^ see docs/);
  });
});

describe('docs/filters.md', () => {
  const doc = readFileSync(join(ROOT, 'docs/filters.md'), 'utf8');
  const examples = [...doc.matchAll(/^atlantis stream tail (.*)$/gm)].map(([, flags = '']) => flags);

  test.each(examples)('the example %s is accepted', async (flags) => {
    const { code, stderr } = await runShell(`atlantis stream tail --simulate --duration 50ms ${flags}`);
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
  });

  test('the example of an error is the actual output', async () => {
    const [, flags = '', said = ''] = /^\$ atlantis stream tail (.*)\n([\s\S]*?)```/m.exec(doc) ?? [];
    const { code, stderr } = await runShell(`atlantis stream tail --simulate ${flags}`);
    expect(stderr).toBe(said);
    expect(code).toBe(2);
  });
});
