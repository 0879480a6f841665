// Keys from files, also in the encodings of Windows programs.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { type Exit, runCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';

const WAYS = ['--key-file', 'ATLANTIS_API_KEY_FILE'] as const;
const COMMANDS = ['stream tail --limit 1', 'stream check'] as const;
const OTHER_UID = 65_534;

const readText = ({ stdout, stderr }: Exit): string => (stdout + stderr).replace(/\s+/g, ' ');

async function run(command: string, way: string, path: string, url: string, more = {}): Promise<Exit> {
  const args = [
    ...command.split(' '),
    '--url',
    url,
    '--verbose',
    ...(way === '--key-file' ? [way, path] : []),
  ];
  const env = { ANOTHER_SECRET: CANARY_KEY, ...(way === '--key-file' ? {} : { [way]: path }) };
  const exit = await runCli(args, { env: { ...env, ...more } });
  expect(findKeyIn(exit.stdout + exit.stderr)).toEqual([]);
  return exit;
}

/** Creates a key file that is reached through links, as Kubernetes mounts a secret. */
function makeMount(content: string): string {
  const mount = makeTempFolder();
  mkdirSync(join(mount, '..2026_01_01'));
  writeFileSync(join(mount, '..2026_01_01', 'api-key'), content, { mode: 0o444 });
  symlinkSync('..2026_01_01', join(mount, '..data'));
  symlinkSync('..data/api-key', join(mount, 'api-key'));
  return join(mount, 'api-key');
}

const cases = WAYS.flatMap((way) => COMMANDS.map((command) => ({ way, command })));

describe('row 74 (P1): a key file', () => {
  test.each(cases)(
    'works through links, and with a line break at its end: $way, $command',
    async ({ way, command }) => {
      await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
      const exit = await run(command, way, makeMount(`${CANARY_KEY}\r\n`), server.url);
      expect([exit.code, exit.signal]).toEqual([0, null]);
      expect(server.attempts[0]?.request?.headers['x-api-key']).toBe(CANARY_KEY);
    },
  );

  test('works if it belongs to another user, and with any mode', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const path = makeMount(CANARY_KEY);
    chmodSync(path, 0o666);
    if (process.getuid?.() === 0) chownSync(path, OTHER_UID, OTHER_UID);
    expect((await run('stream tail --limit 1', '--key-file', path, server.url)).code).toBe(0);
  });

  const bad: readonly (readonly [string, (path: string) => unknown, RegExp])[] = [
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), /is a pipe or a device.*--key-stdin/],
    ['a device', (path) => symlinkSync('/dev/zero', path), /is a pipe or a device/],
    ['a directory', (path) => mkdirSync(path), /is a directory.*pass the path of a file in it/],
    ['1 MiB', (path) => writeFileSync(path, CANARY_KEY.repeat(30_000)), /is too large for a key/],
    ['empty', (path) => writeFileSync(path, '\n'), /cannot be used: it is empty/],
    ['missing', () => {}, /cannot be read: it does not exist/],
    ['two lines', (path) => writeFileSync(path, `${CANARY_KEY}\nmore`), /contains a line break/],
  ];
  test.each(
    bad.flatMap(([what, make, words]) =>
      cases.map(({ way, command }) => [what, way, command, make, words] as const),
    ),
  )('%s is exit 3 without a connection: %s, %s', async (_what, way, command, make, words) => {
    await using server = await startScriptedServer(streamHandler());
    const path = join(makeTempFolder(), 'api-key');
    make(path);
    const exit = await run(command, way, path, server.url);
    expect([exit.code, exit.signal]).toEqual([3, null]);
    expect(readText(exit)).toMatch(words);
    expect(server.attempts).toHaveLength(0);
  });

  test.each([
    ['--key-file and --key-stdin', ['--key-file', '/k', '--key-stdin'], {}],
    [
      'ATLANTIS_API_KEY and ATLANTIS_API_KEY_FILE',
      [],
      { ATLANTIS_API_KEY: CANARY_KEY, ATLANTIS_API_KEY_FILE: '/k' },
    ],
  ])('%s cannot be combined', async (_what, args, env) => {
    const words = ['stream', 'tail', '--url', 'http://127.0.0.1:1', '--verbose', ...args];
    const exit = await runCli(words, { env: { ANOTHER_SECRET: CANARY_KEY, ...env } });
    expect(exit.code).toBe(2);
    expect(readText(exit)).toContain('cannot be combined');
  });

  test.each([
    [
      '--key-file before the environment',
      ['--key-file', 'FILE'],
      { ATLANTIS_API_KEY: 'x', ATLANTIS_API_KEY_FILE: '/x' },
    ],
    ['--key-file before ATLANTIS_API_KEY_FILE', ['--key-file', 'FILE'], { ATLANTIS_API_KEY_FILE: '/x' }],
    ['an empty variable counts as unset', [], { ATLANTIS_API_KEY: CANARY_KEY, ATLANTIS_API_KEY_FILE: '' }],
  ])('§ 1: %s', async (_what, args, env) => {
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const path = makeMount(CANARY_KEY);
    const words = args.map((word) => (word === 'FILE' ? path : word));
    const tail = ['stream', 'tail', '--limit', '1', '--verbose', '--url', server.url, ...words];
    expect((await runCli(tail, { env: { ANOTHER_SECRET: CANARY_KEY, ...env } })).code).toBe(0);
  });

  test('profile show names the file and the prefix', async () => {
    const path = makeMount(CANARY_KEY);
    const env = { ATLANTIS_API_KEY_FILE: path, ANOTHER_SECRET: CANARY_KEY };
    const { stdout } = await runCli(['profile', 'show', '--json', '--verbose'], { env });
    expect(JSON.parse(stdout)).toMatchObject({
      key: { value: `${CANARY_KEY.slice(0, 16)}…`, source: `${path} (ATLANTIS_API_KEY_FILE)` },
    });
  });
});

describe('row 76 (P2): byte order marks and UTF-16, as Windows programs write them', () => {
  const store = (folder: string, profile: object): string => {
    mkdirSync(folder, { mode: 0o700 });
    return JSON.stringify({ version: 1, current: 'main', profiles: { main: profile } });
  };
  /** The sources of a key: each encodes the key, and returns the arguments, stdin and environment of a run. */
  const SOURCES: Readonly<
    Record<
      string,
      (encode: (text: string) => Buffer, url: string) => { args?: string[]; stdin?: Buffer; env?: object }
    >
  > = {
    '--key-stdin': (encode) => ({ args: ['--key-stdin'], stdin: encode(`${CANARY_KEY}\r\n`) }),
    '--key-file'(encode) {
      const path = join(makeTempFolder(), 'api-key');
      writeFileSync(path, encode(`${CANARY_KEY}\r\n`));
      return { args: ['--key-file', path] };
    },
    'a key command'(encode, url) {
      const path = join(makeTempFolder(), 'api-key');
      writeFileSync(path, encode(`${CANARY_KEY}\r\n`));
      const folder = join(makeTempFolder(), 'config');
      const text = store(folder, { url, keyCommand: ['cat', path] });
      writeFileSync(join(folder, 'profiles.json'), text, { mode: 0o600 });
      return { env: { ATLANTIS_CONFIG_DIR: folder } };
    },
    'the store'(encode, url) {
      const folder = join(makeTempFolder(), 'config');
      const text = encode(store(folder, { url, key: CANARY_KEY }));
      writeFileSync(join(folder, 'profiles.json'), text, { mode: 0o600 });
      return { env: { ATLANTIS_CONFIG_DIR: folder } };
    },
  };
  const rows = COMMANDS.flatMap((command) => Object.keys(SOURCES).map((source) => ({ command, source })));
  const start = (
    command: string,
    source: string,
    encode: (text: string) => Buffer,
    url: string,
  ): Promise<Exit> => {
    const { args = [], stdin, env } = SOURCES[source]?.(encode, url.replace('ws:', 'http:')) ?? {};
    const words = [...command.split(' '), '--verbose', '--url', url.replace('ws:', 'http:'), ...args];
    return runCli(words, { env: { ANOTHER_SECRET: CANARY_KEY, ...env }, ...(stdin && { stdin }) });
  };

  test.each(rows)(
    'a byte order mark before the key is ignored: $source, $command',
    async ({ command, source }) => {
      await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
      const exit = await start(command, source, (text) => Buffer.from(`\ufeff${text}`), server.url);
      expect([exit.code, exit.stderr.includes('byte order')]).toEqual([0, false]);
      expect(server.attempts[0]?.request?.headers['x-api-key']).toBe(CANARY_KEY);
    },
  );

  test('a byte order mark before the key is ignored: ATLANTIS_API_KEY', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['{}'] }));
    const env = { ATLANTIS_API_KEY: `\ufeff${CANARY_KEY}` };
    const { code } = await runCli(['stream', 'tail', '--limit', '1', '--verbose', '--url', server.url], {
      env,
    });
    expect(code).toBe(0);
  });

  test('a byte order mark before the key is ignored: profile add --key-stdin', async () => {
    const env = { ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config'), ANOTHER_SECRET: CANARY_KEY };
    const add = [
      'profile',
      'add',
      'main',
      '--url',
      'https://a.example',
      '--key-stdin',
      '--json',
      '--verbose',
    ];
    const { stdout } = await runCli(add, { env, stdin: Buffer.from(`\ufeff${CANARY_KEY}`) });
    expect(JSON.parse(stdout)).toMatchObject({ key_prefix: CANARY_KEY.slice(0, 16) });
  });

  const UTF16 = [
    ['with a byte order mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['big-endian', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['without a byte order mark', (text: string) => Buffer.from(text, 'utf16le')],
  ] as const;
  test.each(rows.flatMap((row) => UTF16.map(([kind, encode]) => ({ ...row, kind, encode }))))(
    'a key in UTF-16 ($kind) is refused, and the error says UTF-16: $source, $command',
    async ({ command, source, encode }) => {
      await using server = await startScriptedServer(streamHandler());
      const exit = await start(command, source, encode, server.url);
      expect(exit.code).toBe(source === 'the store' ? 10 : 3);
      expect(readText(exit)).toMatch(/UTF-16 text/);
      expect(findKeyIn(exit.stdout + exit.stderr)).toEqual([]);
      expect(server.attempts).toHaveLength(0);
    },
  );

  test.each([
    ['--ca-cert', 2],
    ['a script', 2],
  ])('another file in UTF-16 is refused, and the error says UTF-16: %s', async (what, code) => {
    const path = join(makeTempFolder(), 'file');
    writeFileSync(path, Buffer.from('\ufeff{}', 'utf16le'));
    const args =
      what === 'a script'
        ? ['stream', 'simulate', '--port', '0', '--script', path]
        : ['stream', 'tail', '--url', 'https://a.example', '--ca-cert', path];
    const exit = await runCli([...args, '--verbose'], { env: { ATLANTIS_API_KEY: CANARY_KEY } });
    expect(exit.code).toBe(code);
    expect(readText(exit)).toContain('UTF-16 text instead of UTF-8');
  });
});
