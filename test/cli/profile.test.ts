// The profile commands with an empty home and no terminal.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { findKeyIn, CANARY_KEY as KEY, CANARY_PREFIX as PREFIX } from '../helpers/canary.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { type CliOptions, type Exit, runCli } from '../helpers/run-cli.ts';

const URL = 'https://api.atlantis.example';

/** Creates a configuration folder, and functions that run the command with it. */
function createSetup() {
  const folder = join(makeTempFolder(), 'config');
  const run = (args: string, options: CliOptions = {}): Promise<Exit> =>
    runCli([...args.split(' '), ...(args.includes('--quiet') ? [] : ['--verbose'])], {
      ...options,
      env: { ATLANTIS_CONFIG_DIR: folder, ...options.env },
    });
  const add = (name: string, more = ''): Promise<Exit> =>
    run(`profile add ${name} --url ${URL} --key-stdin${more}`, { stdin: `${KEY}\n` });
  /** Writes a store with one profile, without running the command. */
  const seed = (profiles: object = { main: { url: URL, key: KEY } }): void => {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'profiles.json'), JSON.stringify({ version: 1, current: 'main', profiles }), {
      mode: 0o600,
    });
  };
  const read = () => JSON.parse(readFileSync(join(folder, 'profiles.json'), 'utf8'));
  return { folder, path: join(folder, 'profiles.json'), run, add, seed, read };
}

const done = { code: 0, signal: null };

describe('the life of a profile', () => {
  test('F1: it is added, listed, shown, made active, renamed and removed', async () => {
    const { folder, path, run, add, read } = createSetup();
    expect(await run('profile list')).toMatchObject({ ...done, stdout: '' });
    expect(await run('profile list --json')).toMatchObject({ ...done, stdout: '[]\n', stderr: '' });
    expect(existsSync(folder)).toBe(false);

    expect(await add('main')).toEqual({
      ...done,
      stdout: '',
      stderr: `atlantis: profile main stored: ${URL}, key ${PREFIX}…, active\n`,
    });
    const second = await run(
      'profile add vault --url wss://b.example:8443/eu/v1/stream --key-command op read op://a/b --json',
    );
    expect(second.code).toBe(0);
    const vault = {
      name: 'vault',
      current: false,
      url: 'https://b.example:8443/eu',
      key_source: 'command',
      key_command: 'op',
    };
    expect(JSON.parse(second.stdout)).toEqual(vault);
    expect(read()).toEqual({
      version: 1,
      current: 'main',
      profiles: {
        main: { url: URL, key: KEY },
        vault: { url: 'https://b.example:8443/eu', keyCommand: ['op', 'read', 'op://a/b'] },
      },
    });

    expect((await run('profile list')).stdout.split('\n')).toEqual([
      '  NAME   URL                           KEY                SOURCE',
      `* main   https://api.atlantis.example  ${PREFIX}…  stored`,
      '  vault  https://b.example:8443/eu     op                 command',
      '',
    ]);
    expect(JSON.parse((await run('profile list --json')).stdout)).toEqual([
      { name: 'main', current: true, url: URL, key_source: 'stored', key_prefix: PREFIX },
      vault,
    ]);

    expect(await run('profile use vault')).toMatchObject(done);
    expect(await run('profile rename vault prod')).toMatchObject(done);
    expect(read().current).toBe('prod');
    expect((await run('profile remove prod --yes')).stderr).toContain('no profile is active now');
    expect(read()).toEqual({ version: 1, profiles: { main: { url: URL, key: KEY } } });
    await run('profile use main');
    const last = 'atlantis: profile main removed\n';
    expect(await run('profile remove main --yes')).toMatchObject({ ...done, stderr: last });
    expect(await run('profile path')).toMatchObject({ ...done, stdout: `${path}\n` });
    expect(JSON.parse((await run('profile path --json')).stdout)).toEqual({ path });
    expect(readdirSync(folder)).toEqual(['profiles.json']);
  });

  test('O2: --json escapes control characters of a stored key command, so that it is safe on a terminal', async () => {
    const { run, seed } = createSetup();
    seed({ main: { url: URL, keyCommand: ['/opt/\u061c\u202e\u009b31m\u2028get'] } });
    const { stdout } = await run('profile list --json');
    expect(stdout).toContain('/opt/\\u061c\\u202e\\u009b31m\\u2028get');
    expect(JSON.parse(stdout)[0].key_command).toBe('/opt/\u061c\u202e\u009b31m\u2028get');
  });

  test('a taken name needs --force, which does not change the active profile', async () => {
    const { run, add, read } = createSetup();
    await add('main');
    await add('second');
    const again = await run(`profile add second --url https://new.example --key-stdin`, { stdin: KEY });
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') });
    expect(read().profiles.second.url).toBe(URL);
    const forced = await run(`profile add second --url https://new.example --key-stdin --force`, {
      stdin: KEY,
    });
    expect(forced.code).toBe(0);
    expect(read().profiles.second.url).toBe('https://new.example');
    expect(read().current).toBe('main');
  });

  test('a key command can be one JSON array, for arguments that look like flags', async () => {
    const { folder, read } = createSetup();
    const args = ['profile', 'add', 'p', '--url', URL, '--key-command', '["pass","show","--x","a b"]'];
    expect(await runCli(args, { env: { ATLANTIS_CONFIG_DIR: folder } })).toMatchObject(done);
    expect(read().profiles.p.keyCommand).toEqual(['pass', 'show', '--x', 'a b']);
  });

  test('the path of a key command may contain a space', async () => {
    const { folder, read } = createSetup();
    const path = 'C:\\Program Files\\op.exe';
    const args = ['profile', 'add', 'p', '--url', URL, '--key-command', path];
    expect(await runCli(args, { env: { ATLANTIS_CONFIG_DIR: folder } })).toMatchObject(done);
    expect(read().profiles.p.keyCommand).toEqual([path]);
  });

  test('P2: a key command with its arguments in a single word is refused and not repeated', async () => {
    const { folder } = createSetup();
    const args = ['profile', 'add', 'p', '--url', URL, '--key-command', 'vault read -token=hunter2-secret'];
    const { code, stdout, stderr } = await runCli(args, { env: { ATLANTIS_CONFIG_DIR: folder } });
    expect([code, stdout, stderr.includes('hunter2')]).toEqual([2, '', false]);
    expect(stderr).toContain('separately');
  });

  test('--quiet prints no message, --log-format json prints it as JSON', async () => {
    const { run, add } = createSetup();
    expect(await add('main', ' --quiet')).toEqual({ ...done, stdout: '', stderr: '' });
    const { stderr } = await run('profile use main --log-format json');
    expect(JSON.parse(stderr)).toMatchObject({
      level: 'info',
      event: 'profile',
      message: 'profile main is now active',
    });
  });
});

describe('§ 1: show prints every value and its source', () => {
  test('a flag overrides the environment, which overrides the profile', async () => {
    const { run, add, path } = createSetup();
    await add('main');
    await run(`profile add other --url https://other.example --key-command op`);
    const show = async (args: string, env: Record<string, string> = {}) =>
      JSON.parse((await run(`profile show --json${args}`, { env })).stdout);

    expect(await show('')).toMatchObject({
      store: { value: path, source: 'ATLANTIS_CONFIG_DIR' },
      profile: { value: 'main', source: 'the active profile' },
      url: { value: URL, source: 'profile "main"' },
      stream: { value: 'wss://api.atlantis.example/v1/stream' },
      key: { value: `${PREFIX}…`, source: 'profile "main"' },
      proxy: { value: null, source: 'not set' },
    });
    expect(await show('', { ATLANTIS_PROFILE: 'other' })).toMatchObject({
      profile: { value: 'other', source: 'ATLANTIS_PROFILE' },
      key: { value: 'command op' },
    });
    expect(await show(' main', { ATLANTIS_PROFILE: 'other' })).toMatchObject({
      profile: { value: 'main', source: '--profile' },
    });
    const env = {
      ATLANTIS_URL: 'https://env.example',
      ATLANTIS_API_KEY: 'ak_live_ffeeddccbbaa99887766554433221100',
      HTTPS_PROXY: 'http://user:canary-password@proxy.example:3128',
    };
    expect(await show('', env)).toMatchObject({
      url: { value: 'https://env.example', source: 'ATLANTIS_URL' },
      key: { value: 'ak_live_ffeeddcc…', source: 'ATLANTIS_API_KEY' },
      proxy: { value: expect.stringContaining('***@proxy.example:3128'), source: 'HTTPS_PROXY' },
    });
    expect(await show(' --url https://flag.example', env)).toMatchObject({
      url: { value: 'https://flag.example', source: '--url' },
    });
    const human = await run('profile show', { env });
    expect(human.stdout).toMatch(/^url +https:\/\/env\.example +ATLANTIS_URL$/m);
    expect(human.stdout + human.stderr).not.toContain('canary');
  });

  test('a value without any source is shown as not set', async () => {
    const { run } = createSetup();
    const { code, stdout } = await run('profile show');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^key +- +not set$/m);
  });
});

describe('refusals', () => {
  test.each<[string, string, string]>([
    ['nothing given', 'profile add main', '--url <url> and --key-stdin'],
    ['no key', `profile add main --url ${URL}`, 'pass --key-stdin (or --key-command'],
    ['no URL', 'profile add main --key-stdin', 'pass --url'],
    ['two keys', `profile add main --url ${URL} --key-stdin --key-command op`, 'cannot be combined'],
    ['a bad command', `profile add main --url ${URL} --key-command []`, '--key-command'],
    ['a command in one word', `profile add main --url ${URL} --key-command cat\u00a0key`, 'separately'],
    ['a bad name', `profile add a/b --url ${URL} --key-stdin`, 'invalid profile name "a/b"'],
    ['a name of 65', `profile add ${'a'.repeat(65)} --url ${URL} --key-stdin`, 'invalid profile name'],
    ['a key for a name', `profile add ${KEY} --url ${URL} --key-stdin`, 'instead of a profile name'],
    ['a key as a word', `profile add main ${KEY}`, 'a key was given as an argument'],
    ['a flag for the key', `profile add main --key ${KEY}`, 'unknown flag --key'],
    ['a bad URL', 'profile add main --url http://evil --key-stdin', '--url: "http://evil"'],
    ['profile remove without --yes', 'profile remove main', 'pass --yes'],
    ['a missing profile', 'profile use nowhere', 'profiles: main'],
    ['a missing profile', 'profile rename nowhere x', 'profiles: main'],
    ['a missing profile', 'profile remove nowhere --yes', 'profiles: main'],
    ['a missing profile', 'profile show nowhere', 'profiles: main'],
    ['a taken name', 'profile rename main main', 'already'],
    ['an unknown command', 'profile lst', 'did you mean list?'],
  ])('without a terminal, exit 2 and the store is unchanged: %s', async (_what, args, words) => {
    const { run, seed, read } = createSetup();
    seed();
    const before = read();
    const { code, stdout, stderr } = await run(args, { stdin: KEY });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(words);
    expect(stderr).not.toContain(KEY);
    expect(read()).toEqual(before);
  });

  test('profile list shows the base of a URL that was edited by hand, or that it is invalid', async () => {
    const { path, run, seed } = createSetup();
    seed();
    const profiles = {
      stream: { url: 'wss://b.example/eu/v1/stream', key: KEY },
      foreign: { url: 'ftp://\u001b[31m\u202ec.example', key: KEY },
    };
    writeFileSync(path, JSON.stringify({ version: 1, profiles }));
    const urls = JSON.parse((await run('profile list --json')).stdout).map(
      ({ url }: { url: unknown }) => url,
    );
    expect(urls).toEqual(['https://b.example/eu', null]);
    const { stdout } = await run('profile list');
    expect(stdout).toMatch(/ {2}foreign {2}\(invalid URL\) /);
    expect(stdout).not.toMatch(/\x1b|\u202e|c\.example/);
  });

  test('F2: renaming to the name of another profile is exit 2, and both keep their keys', async () => {
    const { run, add, read } = createSetup();
    await add('main');
    await run(`profile add other --url ${URL} --key-command op`);
    const before = read();
    const { code, stderr } = await run('profile rename other main');
    expect(stderr).toContain('profile "main" already exists');
    expect(code).toBe(2);
    expect(read()).toEqual(before);
  });

  test.each([
    ['empty', ''],
    ['blank', ' \n'],
    ['a no-break space inside', `${KEY}\u00a0ff`],
    ['10 KB', `${KEY}${'0'.repeat(10_240)}`],
    ['no key', KEY.slice('ak_'.length)],
  ])(
    'row 55, P2: a key on stdin that is %s: exit 3, the key is not repeated, and nothing is stored',
    async (_what, stdin) => {
      const { folder, run } = createSetup();
      // The valid key in the environment must not be used instead.
      const { code, stdout, stderr } = await run(`profile add main --url ${URL} --key-stdin`, {
        stdin,
        key: KEY,
      });
      expect(code).toBe(3);
      expect(findKeyIn(stdout + stderr)).toEqual([]);
      expect(existsSync(folder)).toBe(false);
    },
  );

  test('row 55: a key file ending in CRLF works', async () => {
    const { run, read } = createSetup();
    await run(`profile add main --url ${URL} --key-stdin`, { stdin: `${KEY}\r\n` });
    expect(read().profiles.main.key).toBe(KEY);
  });

  test('values of the environment are not stored in a profile', async () => {
    const { folder, run } = createSetup();
    const env = { ATLANTIS_API_KEY: KEY, ATLANTIS_URL: URL };
    expect(await run('profile add main', { env })).toMatchObject({ code: 2 });
    expect(existsSync(folder)).toBe(false);
  });

  test('without a home, writing is exit 10, and profile list prints nothing', async () => {
    const listed = await runCli(['profile', 'list'], { env: { HOME: '/nonexistent' } });
    expect(listed).toMatchObject({ code: 0, stdout: '' });
    const args = ['profile', 'add', 'main', '--url', URL, '--key-stdin'];
    const added = await runCli(args, { stdin: KEY, env: { HOME: '' } });
    expect(added).toMatchObject({ code: 10, stderr: expect.stringContaining('ATLANTIS_CONFIG_DIR') });
  });

  test('a user ID that the system does not know, as in many containers, needs ATLANTIS_CONFIG_DIR', async () => {
    const { run, read } = createSetup();
    const unknown = join(makeTempFolder(), 'unknown.cjs');
    writeFileSync(unknown, "require('node:os').homedir = () => { throw new Error('ENOENT'); };");
    const options = { nodeArgs: ['--require', unknown], stdin: KEY };
    const args = `profile add main --url ${URL} --key-stdin`;
    expect(await run(args, options)).toMatchObject({ code: 0 });
    expect(Object.keys(read().profiles)).toEqual(['main']);
    const env = { ATLANTIS_CONFIG_DIR: undefined };
    const homeless = await run(args, { ...options, env });
    expect(homeless).toMatchObject({ code: 10, stderr: expect.stringContaining('no home directory') });
  });
});

describe('F4, row 52: a damaged store', () => {
  test('every command is exit 10, except profile add, which moves the store aside', async () => {
    const { folder, path, run, add } = createSetup();
    await add('main');
    const damaged = readFileSync(path, 'utf8').slice(0, -30);
    writeFileSync(path, damaged);
    for (const args of ['list', 'show', 'use main', 'rename main x', 'remove main --yes']) {
      const { code, stdout, stderr } = await run(`profile ${args}`);
      expect([args, code]).toEqual([args, 10]);
      expect(stderr).toMatch(/damaged: it is not valid JSON at line \d+, column \d+: /);
      expect(stdout + stderr).not.toContain(KEY.slice(16, 24));
      expect(readFileSync(path, 'utf8')).toBe(damaged);
    }
    expect((await run('stream tail')).code).toBe(10);
    const { code, stderr } = await add('fresh');
    expect(code).toBe(0);
    const [aside = ''] = readdirSync(folder).filter((name) => name !== 'profiles.json');
    expect(stderr).toContain(`moved to ${join(folder, aside)}`);
    expect(readFileSync(join(folder, aside), 'utf8')).toBe(damaged);
    expect((await run('profile list --json')).stdout).toContain('"fresh"');
  });
});

describe('where a key may be sent', () => {
  /** Listens on a port and counts connections. */
  async function countConnections(): Promise<{ port: number; count: () => number }> {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    registerCleanup(() => server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { port: address.port, count: () => connections };
  }

  test.each(['flag', 'environment'])(
    'P3, row 57: a stored key is not sent to another origin given by %s: exit 2, no connection',
    async (way) => {
      const { run, add } = createSetup();
      await add('main');
      const { port, count } = await countConnections();
      const url = `http://127.0.0.1:${port}`;
      const { code, stdout, stderr } = await (way === 'flag'
        ? run(`stream tail --url ${url}`)
        : run('stream tail', { env: { ATLANTIS_URL: url } }));
      expect(code).toBe(2);
      expect(stderr).toContain('belongs to https://api.atlantis.example');
      expect(stdout + stderr).not.toContain(KEY);
      expect(count()).toBe(0);
    },
  );

  test('P3: a key given for this run may be sent to any origin', async () => {
    const { run, seed } = createSetup();
    seed();
    const { port, count } = await countConnections();
    const { code } = await run(`stream tail --no-reconnect --url http://127.0.0.1:${port}`, { key: KEY });
    expect(code).toBe(7);
    expect(count()).toBeGreaterThan(0);
  });

  test('P1: a profile with a key command works; if the command fails, exit 3 with its name and status', async () => {
    const { run } = createSetup();
    const { port, count } = await countConnections();
    await run(`profile add good --url http://127.0.0.1:${port} --key-command echo ${KEY}`);
    await run(`profile add bad --url http://127.0.0.1:${port} --key-command ls /nonexistent-canary`);
    expect(await run('stream tail --no-reconnect -p good')).toMatchObject({ code: 7 });
    const before = count();
    expect(before).toBeGreaterThan(0);
    const failed = await run('stream tail -p bad');
    expect(failed.code).toBe(3);
    expect(failed.stderr).toMatch(/the key command ls failed with exit status [12]/);
    expect(failed.stdout + failed.stderr).not.toContain('canary');
    expect(count()).toBe(before);
  });

  test('P1: a key command does not get the stdin of the run', async () => {
    const { run } = createSetup();
    const { port, count } = await countConnections();
    await run(`profile add main --url http://127.0.0.1:${port} --key-command cat`);
    const { code, stderr } = await run('stream tail --no-reconnect', { stdin: KEY });
    expect(stderr).toContain('the key from the key command cat cannot be used: it is empty');
    expect([code, count()]).toEqual([3, 0]);
  });
});
