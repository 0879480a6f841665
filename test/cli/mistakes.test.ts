// Mistakes on the command line: the error names each before anything is opened, and says what to write instead.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { findNearest } from '../../src/errors.ts';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type CliOptions, runCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { runTail } from '../helpers/tail.ts';

async function refuse(args: string, options: CliOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runCli([...args.split(' '), '--verbose'], {
    key: CANARY_KEY,
    ...options,
  });
  expect([stdout, code]).toEqual(['', 2]);
  expect(findKeyIn(stderr)).toEqual([]);
  return stderr;
}

describe('row 142: a key on the command line', () => {
  const HISTORY = 'the key is now in the history of your shell';
  test.each([
    [`stream tail --api-key ${CANARY_KEY}`, 'unknown flag --api-key: no flag takes a key'],
    [`stream tail --api-key=${CANARY_KEY}`, 'unknown flag --api-key: no flag takes a key'],
    [`stream tail --simulate --key ${CANARY_KEY}`, 'unknown flag --key: no flag takes a key'],
    ['stream check --token abc123', 'unknown flag --token: no flag takes a key'],
    [`stream relay --API_KEY ${CANARY_KEY}`, 'unknown flag --API_KEY: no flag takes a key'],
    [`profile add main --api-key ${CANARY_KEY}`, 'unknown flag --api-key: no flag takes a key'],
    [`stream tail ${CANARY_KEY}`, 'a key was given as an argument'],
    [`${CANARY_KEY}`, 'a key was given as an argument'],
    [`profile use main ${CANARY_KEY}`, 'a key was given as an argument'],
    [`profile add ${CANARY_KEY}`, 'a key was given instead of a profile name'],
  ])('%#: is refused and not repeated: %s', async (args, message) => {
    const stderr = await refuse(args);
    expect(stderr).toContain(`error: ${message}\n`);
    for (const place of ['ATLANTIS_API_KEY', '--key-stdin', 'atlantis profile add <name>', HISTORY])
      expect(stderr).toContain(place);
  });

  test('a key flag without a value: the error does not mention the history of the shell', async () => {
    const stderr = await refuse('stream tail --api-key --json');
    expect(stderr).toContain('set ATLANTIS_API_KEY');
    expect(stderr).not.toContain('history');
  });

  test('the error of another unknown flag does not mention keys', async () => {
    expect(await refuse('stream tail --limt 5')).toContain('did you mean --limit?');
    expect(await refuse('stream tail --keepalive 5s')).not.toContain('ATLANTIS_API_KEY');
  });
});

test('an argument of a key command that starts with -: the message shows how to write it as a JSON array', async () => {
  const array = `--key-command '["sh","-c","…"]'`;
  const given = 'profile add vault --url https://api.example --key-command';
  expect(await refuse(`${given} sh -c x`)).toContain(
    `unknown flag -c\n  pass arguments that start with - as a JSON array: ${array}`,
  );
  expect(await refuse('profile add -c')).not.toContain('JSON array');
  const { stderr } = await runCli([...given.split(' '), 'sh -c x']);
  expect(stderr).toContain(array);
});

describe('§ 1: flags without effect are refused', () => {
  test.each([
    ['stream tail --simulate --json --wide', '--wide and --json'],
    ['stream tail --simulate --format ndjson --wide', '--wide and --format ndjson'],
    ['stream tail --simulate --fields type --format csv --wide', '--wide and --format csv'],
    ['stream tail --simulate --envelope --time utc', '--time and --envelope'],
    ['stream replay x --json --time utc', '--time and --json'],
    ['stream tail --simulate --fields a --time utc', '--time and --fields'],
    ['stream tail --simulate --fields a --links never', '--links and --fields'],
    ['stream tail --simulate --json --theme dark', '--theme and --json'],
    ['stream tail --simulate --json --highlight a=1', '--highlight and --json'],
    ['stream tail --simulate --fields a --highlight a=1', '--highlight and --fields'],
    ['stream tail --simulate --fields a --envelope', '--fields and --envelope'],
    ['stream tail --simulate --ping-interval 0 --pong-timeout 5s', '--pong-timeout and --ping-interval 0'],
    ['stream check --ping-interval 0 --pong-timeout 5s', '--pong-timeout and --ping-interval 0'],
    ['stream relay --to http://127.0.0.1:9 --redeliver x --where a=1', '--redeliver and --where'],
    ['stream relay --to http://127.0.0.1:9 --redeliver x --simulate', '--redeliver and --simulate'],
    ['stream relay --to http://127.0.0.1:9 --redeliver x --fail-on-gap', '--redeliver and --fail-on-gap'],
    ['stream simulate --replay x --speed max --max-pause 5s', '--speed max and --max-pause'],
  ])('%s', async (args, flags) => {
    expect(await refuse(args)).toContain(`error: ${flags} cannot be combined\n`);
  });

  test.each([
    ['stream tail --simulate --bell', '--bell requires --highlight'],
    ['stream tail --simulate --header', '--header requires --fields'],
    ['stream tail --simulate --format csv', '--format csv requires --fields'],
    ['stream top --simulate --once --speed 2x', '--speed requires a file'],
    ['stream top --simulate --within 5s', '--within requires --once'],
    ['stream top --simulate --json', '--json requires --once'],
  ])('%s', async (args, message) => {
    expect(await refuse(args)).toContain(`error: ${message}\n`);
  });

  test.each(['--fields type --wide', '--format pretty --wide --time utc'])(
    '%s is accepted',
    async (flags) => {
      const { code } = await runCli(`stream tail --simulate -n 1 ${flags}`.split(' '));
      expect(code).toBe(0);
    },
  );
});

describe('§ 1: "did you mean"', () => {
  test.each([
    ['stream tail --simulate stedy', 'unknown scenario "stedy"', 'steady'],
    ['stream simulate --scenario no-credits', 'unknown scenario "no-credits"', 'no-credit'],
    ['help exit-code', 'unknown command or topic "exit-code"', 'exit-codes'],
    ['help enviroment', 'unknown command or topic "enviroment"', 'environment'],
    ['help strem', 'unknown command or topic "strem"', 'stream'],
    ['stream tial', 'unknown command "tial"', 'tail'],
  ])('%s', async (args, message, nearest) => {
    const stderr = await refuse(args);
    expect(stderr).toContain(`error: ${message}\n  did you mean ${nearest}?\n`);
  });

  test.each(['stream tail --profile prodution', 'profile show prodution', 'profile use prodution'])(
    '%s',
    async (args) => {
      const folder = join(makeTempFolder(), 'config');
      mkdirSync(folder, { mode: 0o700 });
      const profile = { url: 'https://api.example', key: CANARY_KEY };
      const content = { version: 1, profiles: { main: profile, production: profile } };
      writeFileSync(join(folder, 'profiles.json'), JSON.stringify(content), { mode: 0o600 });
      const stderr = await refuse(args, { env: { ATLANTIS_CONFIG_DIR: folder } });
      expect(stderr).toMatch(
        /no profile "prodution".*\n {2}did you mean production\?\n {2}profiles: main, production\n/,
      );
    },
  );

  test.each([
    ['main', ['min', 'domain'], 'min'],
    ['MIAN', ['main', 'mint'], 'main'],
    ['ab', ['xy'], undefined],
    ['a', ['b'], undefined],
    ['prod', ['staging', 'production'], 'production'],
    ['x'.repeat(65), ['x'.repeat(64)], undefined],
    ['', ['a'], undefined],
  ])('the nearest name to %j among %j is %j', (word, candidates, nearest) => {
    expect(findNearest(word, candidates)).toBe(nearest);
  });
});

describe('rows 140 and 141: filters that cannot match', () => {
  const EVENTS = Array.from({ length: 6 }, (_unused, n) => `{"type":"large_transfer","usd":${n}}`);
  const tail = async (...flags: readonly string[]) => {
    const server = await startScriptedServer(
      streamHandler({ events: EVENTS, finish: (peer) => peer.sendClose(1001) }),
    );
    return runTail(server.url, ['--no-reconnect', ...flags]);
  };

  test('row 140: a filter that compares a number with a text is reported', async () => {
    const { stderr, lines } = await tail('--where', 'usd > $5');
    expect(lines).toEqual([]);
    expect(stderr.match(/which never matches/g)?.length).toBe(1);
    expect(stderr).toContain(
      'warning: the filter compares usd with the string $5, which never matches: usd is a number',
    );
  });

  test('row 141: if no event matched, the end of a run reports the types and fields that were seen', async () => {
    const { stderr } = await tail('--type', 'large_transfr', '--where', 'used > 5');
    expect(stderr).toContain('no event has matched the filters so far: 0 of 6 events\n');
    expect(stderr).toContain('  no event of type large_transfr: did you mean large_transfer?\n');
    expect(stderr).toContain('  no event has used: did you mean usd?\n');
    expect(stderr).toContain('  types seen: large_transfer 6\n  fields seen: type, usd\n');
  });

  test('row 141: replay --limit does not report a field that later events may have', async () => {
    const stdin = `${'{"type":"a"}\n'.repeat(20_000)}{"type":"b","rare":1}\n`;
    const args = ['stream', 'replay', '-', '--fields', 'type,rare', '--limit', '2', '--verbose'];
    const { code, stdout, stderr } = await runCli(args, { stdin, key: CANARY_KEY });
    expect([code, stdout, stderr]).toEqual([0, 'a\t\na\t\n', expect.not.stringContaining('rare')]);
  });

  test('row 141: replay --fields reports a field that no event has', async () => {
    const stdin = EVENTS.map((event) => `${event}\n`).join('');
    const args = ['stream', 'replay', '-', '--fields', 'type,usd_value', '--verbose'];
    const { code, stderr, stdout } = await runCli(args, { stdin, key: CANARY_KEY });
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'large_transfer\t']);
    expect(stderr).toContain('warning: --fields: no event so far has usd_value\n');
    expect(stderr).toContain('fields seen: type, usd\n');
  });

  test('row 141: check --expect names the nearest field', async () => {
    const server = await startScriptedServer(streamHandler({ events: EVENTS }));
    const args = [
      'stream',
      'check',
      '--url',
      server.url,
      '--expect',
      'used > 1',
      '--within',
      '300ms',
      '--verbose',
    ];
    const { code, stdout } = await runCli(args, { key: CANARY_KEY });
    expect(code).toBe(124);
    expect(stdout).toContain('no event has used: did you mean usd?');
  });
});
