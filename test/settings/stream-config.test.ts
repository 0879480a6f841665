// Flags, terminal and environment → one read-only TailConfig, and what --verbose says about the sources.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/errors.ts';
import {
  describeSimulatorSource,
  parseLogFlags,
  parseStreamFlags,
  resolveSource,
  type StreamFlags,
  wantsColor,
} from '../../src/settings/stream-config.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeIo, type FakeIoOptions } from '../helpers/fake-io.ts';

const KEY = 'ak_live_00112233445566778899aabbccddeeff';

const parse = (flags: StreamFlags, options: FakeIoOptions = {}) =>
  parseStreamFlags(flags, createFakeIo(options));

function refusalOf(flags: StreamFlags): UsageError {
  try {
    parse(flags);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('§ 1: flags of tail', () => {
  test('the defaults match the contract', () => {
    expect(parse({})).toMatchObject({
      log: { format: 'text', isQuiet: false, isVerbose: false, useColor: false },
      format: 'ndjson',
      useColor: false,
      time: 'local',
      limit: undefined,
      durationMs: undefined,
      timeoutMs: undefined,
      maxSilenceMs: undefined,
      failOnGap: false,
      readyFile: undefined,
      simulate: undefined,
      connection: { retryMinMs: 1_000, connectTimeoutMs: 15_000 },
    });
  });

  test('every flag is applied', () => {
    const flags: StreamFlags = {
      time: 'utc',
      limit: '100',
      duration: '1m',
      timeout: '30s',
      maxSilence: '1h',
      failOnGap: true,
      readyFile: '/run/ready',
      maxReconnects: '3',
      logFormat: 'json',
      verbose: true,
    };
    expect(parse(flags)).toMatchObject({
      time: 'utc',
      limit: 100,
      durationMs: 60_000,
      timeoutMs: 30_000,
      maxSilenceMs: 3_600_000,
      failOnGap: true,
      readyFile: '/run/ready',
      connection: { maxReconnects: 3 },
      log: { format: 'json', isVerbose: true },
    });
  });

  test.each<[StreamFlags, boolean, 'pretty' | 'ndjson']>([
    [{}, true, 'pretty'],
    [{}, false, 'ndjson'],
    [{ format: 'auto' }, true, 'pretty'],
    [{ format: 'pretty' }, false, 'pretty'],
    [{ format: 'ndjson' }, true, 'ndjson'],
    [{ json: true }, true, 'ndjson'],
    [{ json: true, format: 'ndjson' }, true, 'ndjson'],
    [{ envelope: true }, true, 'ndjson'],
  ])('%j with stdout as a terminal (%s) has the format %s', (flags, isStdoutTty, format) => {
    expect(parse(flags, { isStdoutTty }).format).toBe(format);
  });

  test.each<[StreamFlags['simulate'], string | undefined]>([
    [undefined, undefined],
    [true, 'steady'],
    ['flaky', 'flaky'],
  ])('--simulate %s plays %s', (simulate, scenario) => {
    expect(parse(simulate === undefined ? {} : { simulate }).simulate).toBe(scenario);
  });

  test.each<[readonly string[], readonly string[]]>([
    [
      ['a,b', ' c '],
      ['a', 'b', 'c'],
    ],
    [['{a,b}_*,c'], ['{a,b}_*', 'c']],
    [['a\\,b,c'], ['a\\,b', 'c']],
    [['[,;]x,c'], ['[,;]x', 'c']],
    [['{[,],b},c'], ['{[,],b}', 'c']],
    [['{a\\},b},c'], ['{a\\},b}', 'c']],
    [['a\\\\,b'], ['a\\\\', 'b']],
    [['a]b,c}'], ['a]b', 'c}']],
    [['{a,b'], ['{a,b']],
    [['[a,b'], ['[a,b']],
    [['a\\'], ['a\\']],
    [[`${'{['.repeat(50_000)},x`], [`${'{['.repeat(50_000)},x`]],
  ])('--type %j is a list of globs, separated by commas', (type, globs) => {
    expect(parse({ type }).filter?.types).toEqual(globs);
  });

  test.each(['', ',', 'a,', ',a', 'a,,b', ' ', 'a, '])('--type %j is refused', (list) => {
    expect(refusalOf({ type: [list] }).message).toBe(`invalid --type "${list}"`);
  });

  test.each<[StreamFlags, string, string]>([
    [{ format: 'xml' }, 'invalid --format "xml"', 'accepted: auto, pretty, ndjson'],
    [{ time: 'noon' }, 'invalid --time "noon"', 'accepted: local, utc, relative, none'],
    [{ color: 'yes' }, 'invalid --color "yes"', 'accepted: auto, always, never'],
    [{ logFormat: 'xml' }, 'invalid --log-format "xml"', 'accepted: text, json'],
    [{ limit: '0' }, 'invalid --limit "0"', 'accepted: a whole number of at least 1'],
    [{ limit: '1k' }, 'invalid --limit "1k"', 'accepted: a whole number of at least 1'],
    [{ duration: '0s' }, 'invalid --duration "0s"', 'accepted: a duration'],
    [{ timeout: '30' }, 'invalid --timeout "30"', 'accepted: a duration'],
    [{ maxSilence: '-1s' }, 'invalid --max-silence "-1s"', 'accepted: a duration'],
    [{ retryMin: '0' }, 'invalid --retry-min "0"', 'accepted: a duration'],
    [{ json: true, format: 'pretty' }, '--json and --format pretty cannot be combined', ''],
    [{ envelope: true, format: 'pretty' }, '--envelope and --format pretty cannot be combined', ''],
    [{ quiet: true, verbose: true }, '--quiet and --verbose cannot be combined', ''],
    [{ simulate: true, url: 'https://x.example' }, '--simulate and --url cannot be combined', ''],
    [{ simulate: true, profile: 'main' }, '--simulate and --profile cannot be combined', ''],
    [{ simulate: 'flaky', keyStdin: true }, '--simulate and --key-stdin cannot be combined', ''],
  ])('%j is refused with what is accepted', (flags, message, hint) => {
    const refusal = refusalOf(flags);
    expect(refusal).toMatchObject({ exitCode: 2, message });
    expect(refusal.hint).toContain(hint);
  });
});

describe('§ 1: color', () => {
  test.each<[string | undefined, Record<string, string>, boolean, boolean]>([
    [undefined, {}, true, false],
    [undefined, { COLORTERM: '1' }, true, true],
    [undefined, { TERM: '' }, true, false],
    [undefined, { TERM: 'xterm' }, true, true],
    [undefined, {}, false, false],
    [undefined, { NO_COLOR: '1' }, true, false],
    [undefined, { NO_COLOR: '', TERM: 'xterm' }, true, true],
    [undefined, { FORCE_COLOR: '1' }, false, true],
    [undefined, { FORCE_COLOR: '3' }, false, true],
    [undefined, { FORCE_COLOR: '0' }, true, false],
    [undefined, { FORCE_COLOR: 'false' }, true, false],
    [undefined, { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [undefined, { TERM: 'dumb' }, true, false],
    [undefined, { TERM: 'dumb', FORCE_COLOR: '1' }, true, true],
    ['auto', { NO_COLOR: '1' }, true, false],
    ['always', { NO_COLOR: '1', TERM: 'dumb' }, false, true],
    ['never', { FORCE_COLOR: '1' }, true, false],
  ])('--color %s with the environment %j and a terminal (%s): color is %s', (color, env, isTty, wanted) => {
    expect(wantsColor(color === undefined ? {} : { color }, createFakeIo({ env }), isTty)).toBe(wanted);
  });

  test('row 84: a Windows console has colors, and no TERM', () => {
    expect(wantsColor({}, createFakeIo({ platform: 'win32' }), true)).toBe(true);
  });

  test('stdout and stderr are checked separately', () => {
    const io = createFakeIo({ env: { TERM: 'xterm' }, isStdoutTty: false, isStderrTty: true });
    expect(parseStreamFlags({}, io)).toMatchObject({ useColor: false, log: { useColor: true } });
  });

  test('G5: JSON on stderr has no color', () => {
    const io = createFakeIo({ isStderrTty: true });
    expect(parseLogFlags({ logFormat: 'json', color: 'always' }, io).useColor).toBe(false);
  });
});

const NO_LISTENER = { onKept() {}, onReplaced() {} };

describe('where the stream is read from', () => {
  test('§ 1: --verbose says which source each value came from', async () => {
    const folder = join(makeTempFolder(), 'config');
    mkdirSync(folder, { mode: 0o700 });
    const store = {
      version: 1,
      current: 'main',
      profiles: { main: { url: 'https://main.example', key: KEY } },
    };
    writeFileSync(join(folder, 'profiles.json'), JSON.stringify(store), { mode: 0o600 });
    const env = { ATLANTIS_CONFIG_DIR: folder, ATLANTIS_URL: 'https://main.example/v2' };
    const source = await resolveSource({}, createFakeIo({ env }), NO_LISTENER);
    const { key } = source;
    expect(typeof key === 'function' && (await key(new AbortController().signal))).toBe(KEY);
    expect(source.url.stream).toBe('wss://main.example/v2/v1/stream');
    expect(source.origins).toEqual([
      'url: https://main.example/v2 (ATLANTIS_URL)',
      `key: ${KEY.slice(0, 16)}… (profile "main")`,
      'profile: main (the active profile)',
    ]);
  });

  test('P2: --verbose never shows more of the key than its prefix', async () => {
    const env = { ATLANTIS_API_KEY: KEY, ATLANTIS_URL: 'https://main.example' };
    const { origins } = await resolveSource({}, createFakeIo({ env }), NO_LISTENER);
    expect(origins.join()).not.toContain(KEY.slice(0, 17));
    expect(origins).toHaveLength(2);
  });

  test('a missing URL is reported before a missing key', async () => {
    await expect(resolveSource({}, createFakeIo(), NO_LISTENER)).rejects.toMatchObject({ exitCode: 2 });
  });

  test('the simulator is a source like any other', () => {
    const source = describeSimulatorSource('http://127.0.0.1:8787', KEY);
    expect(source).toMatchObject({
      key: KEY,
      url: { stream: 'ws://127.0.0.1:8787/v1/stream' },
      warnings: [],
    });
  });
});
