// `atlantis config`: stored defaults and presets, where they apply, and when the file is refused.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseTopFlags } from '../../src/commands/top/config.ts';
import type { TopFlags } from '../../src/commands/top/flags.ts';
import { addDefaults, addTopDefaults, findColorMode, SETTINGS } from '../../src/settings/defaults.ts';
import { parseStreamFlags, type StreamFlags, wantsColor } from '../../src/settings/stream-config.ts';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { createFakeIo, type FakeIoOptions } from '../helpers/fake-io.ts';
import { hasPty, startCliInPty } from '../helpers/pty.ts';
import { type CliOptions, runCli } from '../helpers/run-cli.ts';

function createSetup() {
  const folder = join(makeTempFolder(), 'config');
  const path = join(folder, 'config.json');
  const env = { ATLANTIS_CONFIG_DIR: folder };
  return {
    folder,
    path,
    env,
    run: (args: readonly string[], options: CliOptions = {}) =>
      runCli([...args, '--verbose'], { key: CANARY_KEY, ...options, env: { ...env, ...options.env } }),
    write(settings: unknown, mode = 0o600): void {
      mkdirSync(folder, { mode: 0o700, recursive: true });
      writeFileSync(path, JSON.stringify({ version: 1, settings }), { mode });
      chmodSync(path, mode);
    },
  };
}

const set = (name: string, value: string): string[] => ['config', 'set', name, value];

describe('F7: stored settings', () => {
  test('are set, listed with their source, and unset', async () => {
    const { run, path, folder } = createSetup();
    const { code, stdout, stderr } = await run(set('time', 'utc'));
    expect([code, stdout, stderr]).toEqual([0, '', 'atlantis: time is now utc\n']);
    await run(set('preset.whales', 'amount_usd > 10M'));
    await run(set('time', 'none'));
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      version: 1,
      settings: { time: 'none', 'preset.whales': 'amount_usd > 10M' },
    });
    expect([statSync(path).mode & 0o777, statSync(folder).mode & 0o777, readdirSync(folder)]).toEqual([
      0o600,
      0o700,
      ['config.json'],
    ]);
    const listed = await run(['config', 'list']);
    expect(listed.stdout).toMatch(/^time +none +\/.*config\.json$/m);
    expect(listed.stdout).toMatch(/^format +auto +default$/m);
    expect(listed.stdout).toMatch(/^fields +- +not set$/m);
    expect(listed.stdout).toMatch(/^preset\.whales +amount_usd > 10M +\//m);
    expect(JSON.parse((await run(['config', 'list', '--json'])).stdout)).toMatchObject({
      time: { value: 'none', source: path },
      color: { value: 'auto', source: 'default' },
    });
    expect((await run(['config', 'unset', 'time'])).stderr).toBe('atlantis: time is no longer set\n');
    expect(JSON.parse((await run(['config', 'list', '--json'])).stdout).time).toEqual({
      value: 'local',
      source: 'default',
    });
  });

  test('are shown by profile show unless a flag or the environment overrides them', async () => {
    const { run, write, path } = createSetup();
    write({ color: 'always', time: 'utc' });
    const show = async (args: readonly string[], env = {}) =>
      JSON.parse((await run(['profile', 'show', '--json', ...args], { env })).stdout);
    expect(await show([])).toMatchObject({
      color: { value: 'always', source: path },
      time: { value: 'utc', source: path },
    });
    expect(await show([], { NO_COLOR: '1' })).toMatchObject({
      color: { value: 'never', source: 'NO_COLOR' },
    });
    expect(await show(['--color', 'auto'], { NO_COLOR: '1' })).toMatchObject({
      color: { value: 'auto', source: '--color' },
    });
  });

  test('profile show names both variables with root certificates', async () => {
    const { run } = createSetup();
    const show = async (env: Record<string, string>) =>
      JSON.parse((await run(['profile', 'show', '--json'], { env })).stdout).ca_roots;
    expect(await show({})).toEqual({ value: null, source: 'not set' });
    expect(await show({ SSL_CERT_FILE: '/a.pem' })).toEqual({ value: '/a.pem', source: 'SSL_CERT_FILE' });
    expect((await show({ SSL_CERT_FILE: '/a.pem', NODE_EXTRA_CA_CERTS: '/a.pem' })).value).toBe('/a.pem');
    expect(await show({ SSL_CERT_FILE: '/a.pem', NODE_EXTRA_CA_CERTS: '/b.pem' })).toEqual({
      value: '/a.pem, /b.pem',
      source: 'SSL_CERT_FILE, NODE_EXTRA_CA_CERTS',
    });
  });

  test('keep all others when one is changed, also those of newer versions', async () => {
    const { run, write, path } = createSetup();
    write({ 'from.the.future': 'x', time: 'utc' });
    await Promise.all(['a', 'b', 'c'].map((name) => run(set(`preset.${name}`, 'x = 1'))));
    const { settings } = JSON.parse(readFileSync(path, 'utf8'));
    expect(Object.keys(settings).sort()).toEqual([
      'from.the.future',
      'preset.a',
      'preset.b',
      'preset.c',
      'time',
    ]);
  });

  test.each([
    [
      set('tiem', 'utc'),
      'unknown setting "tiem"\n  did you mean time?\n  settings: color, format, fields, time, links, theme, top.by, top.sort, top.rows, top.usd-field, top.lag-field, preset.<name>',
    ],
    [set('--time', 'utc'), 'unknown flag --time'],
    [set('limit', '5'), 'unknown setting "limit"'],
    [
      set('time', 'noon'),
      'invalid time "noon"\n  accepted: local, utc, relative, none, or a time zone such as Europe/Berlin',
    ],
    [set('color', 'blue'), 'invalid color "blue"\n  accepted: auto, always, never'],
    [set('theme', 'pink'), 'invalid theme "pink"\n  accepted: auto, dark, light, terminal'],
    [set('fields', 'a,,b'), 'invalid fields: expected a field name\n  a,,b\n    ^'],
    [set('top.by', 'a,'), 'invalid top.by: expected a field name'],
    [set('top.by', 'a,b,c,d,e'), 'invalid top.by "a,b,c,d,e"\n  accepted: at most four paths'],
    [set('top.rows', '0'), 'invalid top.rows "0"\n  accepted: a whole number from 1 to 500'],
    [set('top.lag-field', 'a..b'), 'invalid top.lag-field "a..b"'],
    [set('preset.whales', 'usd => 5'), 'invalid preset.whales: unexpected ">"'],
    [set('preset.a b', 'x = 1'), 'invalid preset name\n  accepted: preset.<name>, with a name of 1 to 64'],
    [['config', 'unset', 'time'], 'time is not set'],
    [['config', 'set', 'time'], 'missing argument <value>'],
    [['config'], 'no command given'],
  ])('%j is a usage error', async (args, message) => {
    const { run, folder } = createSetup();
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(existsSync(join(folder, 'config.json'))).toBe(false);
  });
});

describe('F7: stored defaults', () => {
  const STORED = { format: 'pretty', fields: 'chain,amount_usd', time: 'utc', color: 'always' };

  function parse(settings: object, flags: StreamFlags, options: FakeIoOptions = {}) {
    const setup = createSetup();
    setup.write(settings);
    const io = createFakeIo({
      isStdoutTty: true,
      isStderrTty: true,
      ...options,
      env: { ...setup.env, ...options.env },
    });
    return parseStreamFlags(flags, io, addDefaults(flags, io));
  }

  test('apply on a terminal', () => {
    expect(parse(STORED, {})).toMatchObject({
      format: 'pretty',
      fields: STORED.fields,
      time: 'utc',
      useColor: true,
    });
    expect(parse({ format: 'ndjson' }, {})).toMatchObject({ format: 'ndjson' });
    expect(parse({}, {})).toMatchObject({ format: 'pretty', fields: undefined, time: 'local' });
  });

  test('do not apply in a pipe, where the settings file is not even read', () => {
    const isStdoutTty = false;
    const expected = { format: 'ndjson', fields: undefined, time: 'local', useColor: false };
    expect(parse(STORED, {}, { isStdoutTty })).toMatchObject(expected);
    expect(parse({ time: 'broken' }, {}, { isStdoutTty, isStderrTty: false })).toMatchObject(expected);
  });

  test.each<[StreamFlags, object]>([
    [{ json: true }, { format: 'ndjson', fields: undefined }],
    [{ envelope: true }, { isEnveloped: true, fields: undefined }],
    [{ format: 'ndjson' }, { format: 'ndjson', fields: undefined }],
    [{ fields: 'type' }, { fields: 'type' }],
    [{ wide: true }, { format: 'pretty', fields: undefined, isWide: true, time: 'utc' }],
    [{ time: 'none' }, { format: 'pretty', fields: undefined, time: 'none' }],
    [{ color: 'never' }, { useColor: false, fields: STORED.fields }],
  ])('flags override them: %j', (flags, expected) => {
    expect(parse(STORED, flags)).toMatchObject(expected);
  });

  test('the environment overrides a stored color', () => {
    expect(parse({ color: 'always' }, {}, { env: { NO_COLOR: '1' } })).toMatchObject({ useColor: false });
    expect(parse({ color: 'never' }, {}, { env: { FORCE_COLOR: '1' } })).toMatchObject({ useColor: true });
    expect(parse({ color: 'never' }, {})).toMatchObject({ useColor: false, log: { useColor: false } });
  });

  test('include theme and time zone, which flags override', () => {
    expect(parse({ theme: 'light', time: 'Asia/Kolkata' }, {})).toMatchObject({
      theme: 'light',
      time: { zone: 'Asia/Calcutta' },
    });
    expect(parse({ theme: 'light', time: 'Asia/Kolkata' }, { theme: 'dark', time: 'utc' })).toMatchObject({
      theme: 'dark',
      time: 'utc',
    });
    expect(parse({}, {})).toMatchObject({ theme: 'auto' });
  });

  test('of top apply on a terminal only, and flags override them', async () => {
    const setup = createSetup();
    setup.write({ 'top.by': 'token', 'top.sort': 'usd', 'top.rows': '3', 'top.usd-field': 'usd' });
    const open = (isStdoutTty: boolean, flags: TopFlags) => {
      const io = createFakeIo({ isStdoutTty, env: setup.env });
      return parseTopFlags(undefined, addTopDefaults(flags, io), io);
    };
    const dollars = [[{ kind: 'member', name: 'usd' }]];
    expect(await open(true, { once: true })).toMatchObject({
      by: [{ text: 'token' }],
      sort: 'usd',
      rows: 3,
      dollars,
    });
    expect(await open(true, { once: true, by: 'chain' })).toMatchObject({
      by: [{ text: 'chain' }],
      sort: 'usd',
    });
    expect(await open(false, { once: true })).toMatchObject({
      by: [{ text: 'type' }, { text: 'chain' }],
      sort: 'events',
      rows: 20,
    });
  });

  test('without a stored color, the built-in default applies', () => {
    expect([...SETTINGS.keys()]).toEqual(expect.arrayContaining(['color', 'format', 'fields', 'time']));
    const io = createFakeIo();
    expect(findColorMode({}, io, true)).toEqual({ value: 'auto', source: 'default' });
    expect(wantsColor({}, io, false)).toBe(false);
  });

  const testInPty = hasPty() ? test : test.skip;
  testInPty('apply on a real terminal, which shows the stored columns', async () => {
    const { run, env } = createSetup();
    await run(set('fields', 'type,chain'));
    const pty = startCliInPty(['stream', 'tail', '--simulate', '-n', '1'], { env });
    const { code, output } = await pty.exit;
    expect(code).toBe(0);
    expect(output).toMatch(/TYPE|type +chain/);
  });
});

describe('F7: --preset', () => {
  const events = ['{"type":"a","usd":5}', '{"type":"b","usd":5000000}', '{"type":"c","usd":7000000}'];
  const replay = ['stream', 'replay', '-', '--speed', 'max'];
  const stdin = events.map((event) => `${event}\n`).join('');

  test('applies in a pipe, too, and combines with other filters: all must match', async () => {
    const { run } = createSetup();
    await run(set('preset.whales', 'usd > 1M'));
    await run(set('preset.b-or-a', 'type in (a, b)'));
    expect((await run([...replay, '--preset', 'whales'], { stdin })).stdout).toBe(
      `${events[1]}\n${events[2]}\n`,
    );
    const all = [...replay, '--preset', 'whales', '--preset', 'b-or-a', '--where', 'usd != 1'];
    expect((await run(all, { stdin })).stdout).toBe(`${events[1]}\n`);
  });

  test.each([
    ['whale', 'no preset "whale"\n  did you mean whales?\n  presets: whales'],
    ['x', 'no preset "x"\n  presets: whales'],
  ])('an unknown preset is a usage error: %s', async (name, message) => {
    const { run, write } = createSetup();
    write({ 'preset.whales': 'usd > 1M' });
    const { code, stderr } = await run([...replay, '--preset', name], { stdin });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('if no preset is stored, the error says how to store one', async () => {
    const { code, stderr } = await createSetup().run([...replay, '--preset', 'x'], { stdin });
    expect(code).toBe(2);
    expect(stderr).toContain("atlantis config set preset.x 'amount_usd > 1M'");
  });
});

describe('row 143 (F7): a settings file that cannot be trusted', () => {
  const USES = [
    ['config', 'list'],
    ['profile', 'show'],
    ['stream', 'replay', '-', '--preset', 'whales'],
  ];
  const all = (options: readonly string[][]) => options.map((args) => [args.join(' '), args] as const);
  const WHALES = { 'preset.whales': 'usd > 1M' };

  test.each(all([...USES, set('time', 'utc')]))(
    'writable by other users: exit 10: %s',
    async (_title, args) => {
      const { run, write, path } = createSetup();
      write(WHALES, 0o666);
      const { code, stderr } = await run(args);
      expect(code).toBe(10);
      expect(stderr).toContain(`other users can write to the settings file: ${path}`);
      expect(stderr).toContain('chmod go-w');
    },
  );

  const testAsRoot = process.getuid?.() === 0 ? test : test.skip;
  testAsRoot.each(all(USES))('of another user: exit 10: %s', async (_title, args) => {
    const { run, write, path } = createSetup();
    write(WHALES);
    chownSync(path, 12_345, 12_345);
    const { code, stderr } = await run(args);
    expect(code).toBe(10);
    expect(stderr).toContain(`the settings file belongs to another user (uid 12345): ${path}`);
  });

  test.each(all([...USES, set('time', 'utc')]))('a symbolic link: exit 10: %s', async (_title, args) => {
    const { run, write, path, folder } = createSetup();
    write(WHALES);
    const other = join(folder, '..', 'other');
    writeFileSync(other, readFileSync(path));
    const linked = createSetup();
    mkdirSync(linked.folder, { mode: 0o700 });
    symlinkSync(other, linked.path);
    const { code, stderr } = await run(args, { env: linked.env });
    expect(code).toBe(10);
    expect(stderr).toContain('the settings file is a symbolic link');
  });

  test.each([
    ['', 'it is empty'],
    ['{', 'it is not valid JSON at'],
    ['{"version":2,"settings":{}}', '"version" is not 1'],
    ['{"version":1}', '"settings" is not an object'],
    ['{"version":1,"settings":{"time":5}}', 'a value in "settings" is not a string'],
  ])('damaged: exit 10, and the file is unchanged: %j', async (content, why) => {
    const { run, folder, path } = createSetup();
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(path, content, { mode: 0o600 });
    for (const args of [['config', 'list'], set('time', 'utc')]) {
      const { code, stderr } = await run(args);
      expect(code).toBe(10);
      expect(stderr).toContain(`the settings file is damaged: ${why}`);
    }
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  test('with an invalid value: exit 10 with the command that repairs it', async () => {
    const { run, write, path } = createSetup();
    write({ time: 'noon', color: 'pink' });
    const { code, stderr } = await run(['config', 'list']);
    expect(code).toBe(10);
    expect(stderr).toContain(`the setting color in ${path} is not valid: invalid color "pink"`);
    expect(stderr).toContain('atlantis config set color <value>');
    expect((await run(set('color', 'auto'))).code).toBe(0);
    expect((await run(['config', 'unset', 'time'])).code).toBe(0);
    expect((await run(['config', 'list'])).code).toBe(0);
  });

  test('a directory that other users can write to matters only if it has a settings file', async () => {
    const { run, folder } = createSetup();
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    expect((await run(['config', 'list'])).code).toBe(0);
    writeFileSync(join(folder, 'config.json'), '{"version":1,"settings":{}}', { mode: 0o600 });
    const { code, stderr } = await run(['config', 'list']);
    expect(code).toBe(10);
    expect(stderr).toContain('other users can write to the profile directory');
  });

  test('a settings file in the working directory is not read', async () => {
    const { run, write, folder } = createSetup();
    write({ time: 'utc' });
    const elsewhere = createSetup();
    const { stdout } = await run(['config', 'list', '--json'], { cwd: folder, env: elsewhere.env });
    expect(JSON.parse(stdout).time).toEqual({ value: 'local', source: 'default' });
  });

  test.each([
    set('fields', CANARY_KEY),
    set('preset.x', `key = ${CANARY_KEY}`),
    set(CANARY_KEY, 'x'),
    set(`preset.${CANARY_KEY}`, 'x = 1'),
  ])('row 142: a key as a setting is refused and not stored: %#', async (...args) => {
    const { run, path } = createSetup();
    const { code, stderr } = await run(args);
    expect([code, existsSync(path)]).toEqual([2, false]);
    expect(findKeyIn(stderr)).toEqual([]);
    expect(stderr).toContain('the key is now in the history of your shell');
  });
});
