// The profile store under real faults: many writers, full disks, limits, read-only homes; strace traces some runs.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY as KEY } from '../helpers/canary.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { quote, runCli, runShell } from '../helpers/run-cli.ts';
import { hasStrace, readTrace, traceInto } from '../helpers/strace.ts';

const URL = 'https://api.atlantis.example';
const succeeds = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const testWithStrace = hasStrace() ? test : test.skip;
const testWithMounts = succeeds('unshare', '-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt') ? test : test.skip;
const testAsUser = process.getuid?.() === 0 && succeeds('setpriv', '--version') ? test : test.skip;

/** Creates a folder with a profile store. */
function createStore(profiles: object = { main: { url: URL, key: KEY } }): { folder: string; path: string } {
  const folder = join(makeTempFolder(), 'config');
  const path = join(folder, 'profiles.json');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(path, JSON.stringify({ version: 1, current: 'main', profiles }), { mode: 0o600 });
  return { folder, path };
}

test('F2, row 50: 20 concurrent adds store 20 profiles in a valid file with mode 0600, and leave no other files', async () => {
  const folder = join(makeTempFolder(), 'config');
  const exits = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      runCli(['profile', 'add', `p${index}`, '--url', URL, '--key-stdin', '--verbose'], {
        stdin: KEY,
        env: { ATLANTIS_CONFIG_DIR: folder },
      }),
    ),
  );
  expect(exits.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual(Array(20).fill(0));
  expect(readdirSync(folder)).toEqual(['profiles.json']);
  const path = join(folder, 'profiles.json');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const { current, profiles } = JSON.parse(readFileSync(path, 'utf8'));
  expect(Object.keys(profiles)).toHaveLength(20);
  expect(profiles).toHaveProperty(current);
}, 60_000);

describe('F2: a full disk (needs a tmpfs)', () => {
  testWithMounts(
    'the store is the old or the new version, never a part; exit 9 means the old version',
    async () => {
      const { path } = createStore();
      // The store has more than three pages; before each write, the disk is filled until `free` pages are left.
      const script = `
      mount -t tmpfs -o size=128k none /mnt && mkdir -m 700 /mnt/c && cp ${quote(path)} /mnt/c/ || exit 99
      export ATLANTIS_CONFIG_DIR=/mnt/c
      long=$(printf '%03000d' 0)
      for n in 1 2 3 4; do echo "ak_live_$long" | atlantis profile add "p$n" --url ${URL} --key-stdin -q || exit 98; done
      for free in 0 1 2 3 4 5 6 7 8; do
        rm -f /mnt/fill /mnt/old; cat /mnt/c/profiles.json > "$HOME/profiles.json"
        head -c 200000 /dev/zero > /mnt/fill 2>/dev/null
        truncate -s $(( $(stat -c %s /mnt/fill) - free * 4096 )) /mnt/fill
        echo ${KEY} | atlantis profile add "extra$free" --url ${URL} --key-stdin -q 2>"$HOME/err"; code=$?
        if cmp -s "$HOME/profiles.json" /mnt/c/profiles.json; then kept=old; else kept=other; fi
        rm -f /mnt/fill
        whole=$(jq -r '.profiles | has("extra'$free'")' /mnt/c/profiles.json)
        echo "$code $kept $whole $(ls -A /mnt/c | tr '\\n' ' ')| $(head -1 "$HOME/err")"
      done`;
      const { code, stdout, stderr } = await runShell(`unshare -rm bash -c ${quote(script)}`);
      expect([code, stderr]).toEqual([0, '']);
      const rows = stdout.trim().split('\n');
      expect(rows).toHaveLength(9);
      for (const row of rows) {
        if (row.startsWith('0 ')) expect(row).toMatch(/^0 other true profiles\.json \| ?$/);
        else
          expect(row).toMatch(
            /^9 old false profiles\.json \| atlantis: error: the profile store c.*(no space left|ENOSPC)/,
          );
      }
      expect(rows.filter((row) => row.startsWith('9 ')).length).toBeGreaterThan(2);
      expect(rows.at(-1)).toMatch(/^0 /);
    },
  );

  test('ulimit -f: exit 9 instead of an end by SIGXFSZ, and the store is unchanged', async () => {
    const { folder, path } = createStore({ main: { url: URL, key: `ak_live_${'0'.repeat(3000)}` } });
    const before = readFileSync(path);
    const { code, stderr } = await runShell(
      `ulimit -f 2; echo ${KEY} | atlantis profile add more --url ${URL}/${'x'.repeat(2000)} --key-stdin`,
      { env: { ATLANTIS_CONFIG_DIR: folder } },
    );
    expect(code).toBe(9);
    expect(stderr).toContain('is unchanged');
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder)).toEqual(['profiles.json']);
  });
});

/** Runs the command under strace; returns every call that can create, change or remove a file. */
async function traceWrites(args: string[], env: Record<string, string>, stdin = ''): Promise<string[]> {
  const log = join(makeTempFolder(), 'strace');
  const calls =
    'open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,chmod,fchmod,fchmodat,truncate,ftruncate,utimensat,chown,fchownat,mknod,mknodat';
  await runCli(args, { env, stdin, prefix: traceInto(log, calls) });
  return readTrace(log)
    .filter((line) => !/\bopen(?:at)?\(/.test(line) || /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND/.test(line))
    .filter((line) => line.includes('(') && !/"\/dev\/(?:null|tty|pts)|\/proc\/self/.test(line));
}

describe('traced by strace', () => {
  testWithStrace.each([
    ['profile list'],
    ['profile list --json'],
    ['profile show'],
    ['profile path'],
    ['profile remove main'],
    ['profile add main --url http://evil'],
    ['stream tail --no-reconnect'],
    ['stream tail --no-reconnect -p command'],
    ['stream check'],
    ['completion bash'],
    ['__complete bash -- profile use '],
    ['--help'],
  ])('F3: %s writes nothing', async (args) => {
    const { folder, path } = createStore({
      main: { url: 'http://127.0.0.1:1', key: KEY },
      command: { url: 'http://127.0.0.1:1', keyCommand: ['echo', KEY] },
    });
    chmodSync(path, 0o644);
    const before = statSync(path, { bigint: true });
    expect(await traceWrites(args.split(' '), { ATLANTIS_CONFIG_DIR: folder })).toEqual([]);
    expect(statSync(path, { bigint: true })).toMatchObject({
      mtimeNs: before.mtimeNs,
      ctimeNs: before.ctimeNs,
    });
  });

  testWithStrace.each([
    ['a damaged store', (path: string) => writeFileSync(path, '{')],
    [
      'a link',
      (path: string) => {
        const elsewhere = join(makeTempFolder(), 'profiles.json');
        renameSync(path, elsewhere);
        symlinkSync(elsewhere, path);
      },
    ],
    ['a newer store', (path: string) => writeFileSync(path, '{"version":2}')],
    ['a world-writable directory', (path: string) => chmodSync(join(path, '..'), 0o777)],
  ])('F4: next to %s nothing is written, not even a lock', async (_what, spoil) => {
    const { folder, path } = createStore();
    spoil(path);
    for (const args of ['profile use main', 'profile rename main x', 'profile remove main --yes']) {
      const calls = await traceWrites(args.split(' '), { ATLANTIS_CONFIG_DIR: folder });
      expect(calls.filter((line) => !line.includes(' = -1 '))).toEqual([]);
    }
  });

  // Not for the executable, which is a single file.
  (process.env['TEST_BINARY'] === undefined ? testWithStrace : test.skip)(
    'F3: commands that only read the store do not load the code that writes it',
    async () => {
      const { folder } = createStore({ main: { url: 'http://127.0.0.1:1', key: KEY } });
      const log = join(makeTempFolder(), 'strace');
      const loaded = async (args: string): Promise<string[]> => {
        const prefix = traceInto(log, 'open,openat');
        await runCli(args.split(' '), { env: { ATLANTIS_CONFIG_DIR: folder }, prefix });
        return [
          ...readTrace(log)
            .join('\n')
            .matchAll(/\/dist\/([\w.-]+\.cjs)"/g),
        ].map(([, name = '']) => name);
      };
      expect(await loaded('profile use main')).toContain('profiles.write.cjs');
      for (const args of ['stream tail --no-reconnect', 'stream check', 'profile list', 'profile show']) {
        const names = await loaded(args);
        expect(names).toContain('main.cjs');
        expect(names).not.toContain('profiles.write.cjs');
      }
    },
  );

  testWithStrace(
    'F1: files with a key are created with mode 0600, in a directory created with mode 0700',
    async () => {
      const folder = join(makeTempFolder(), 'new', 'config');
      const args = ['profile', 'add', 'main', '--url', URL, '--key-stdin'];
      const lines = await traceWrites(args, { ATLANTIS_CONFIG_DIR: folder }, KEY);
      const inFolder = lines.filter((line) => line.includes(folder));
      const created = inFolder.filter((line) => line.includes('O_CREAT'));
      expect(created.length).toBeGreaterThan(0);
      for (const line of created) expect(line).toMatch(/, 0600\) += /);
      const directories = inFolder.filter((line) => /\bmkdir(?:at)?\(.* = 0$/.test(line));
      expect(directories.length).toBeGreaterThan(0);
      for (const line of directories) expect(line).toMatch(/, 0700\) += 0$/);
      // No other place is written.
      expect(lines.filter((line) => !line.includes(join(folder, '..')))).toEqual([]);
    },
  );

  testWithStrace(
    'F2: the new store is synced before the rename, and the folder after the rename',
    async () => {
      const { folder, path } = createStore();
      const log = join(makeTempFolder(), 'strace');
      await runCli(['profile', 'use', 'main'], {
        env: { ATLANTIS_CONFIG_DIR: folder },
        prefix: traceInto(log, 'fsync,fdatasync,rename,renameat,renameat2', '-y'),
      });
      const calls = readTrace(log);
      const renamed = calls.findIndex((line) => line.includes(`"${path}")`) && line.includes('.staging-'));
      const flushes = (line: string, what: string): boolean =>
        /\bf(?:data)?sync\(/.test(line) && line.includes(what);
      expect(
        calls.slice(0, renamed).some((line) => /\.staging-[0-9a-f]{12}>/.test(line) && flushes(line, folder)),
      ).toBe(true);
      expect(calls.slice(renamed).some((line) => flushes(line, `<${folder}>`))).toBe(true);
    },
  );

  testWithStrace('P1, P4: the key is in neither argv nor the environment of a child', async () => {
    const secrets = join(makeTempFolder(), 'key.txt');
    writeFileSync(secrets, KEY);
    registerCleanup(() => rmSync(secrets));
    const { folder } = createStore({ main: { url: 'http://127.0.0.1:1', keyCommand: ['cat', secrets] } });
    const log = join(makeTempFolder(), 'strace');
    const other = 'ak_live_ffeeddccbbaa99887766554433221100';
    await runCli(['stream', 'tail', '--no-reconnect', '--verbose'], {
      env: { ATLANTIS_CONFIG_DIR: folder },
      prefix: traceInto(log, 'execve', '-v', '-s', '10000'),
    });
    const own = readTrace(log).join('\n');
    expect(own).toMatch(/execve\("[^"]*\/cat", \["cat", /);
    expect(own).not.toContain(KEY);
    // If the run has its own key, the key command does not start.
    const { stderr } = await runCli(['stream', 'tail', '--no-reconnect', '--verbose'], {
      key: other,
      env: { ATLANTIS_CONFIG_DIR: folder },
      prefix: traceInto(log, 'execve'),
    });
    expect(readFileSync(log, 'utf8')).not.toContain('/cat"');
    expect(stderr).not.toContain(other);
  });
});

describe('F5: nothing is read from the working directory', () => {
  const TRAP = 'ak_live_7a907a907a907a907a907a907a907a90';
  const env = `ATLANTIS_API_KEY=${TRAP}\nATLANTIS_URL=http://127.0.0.1:2\nATLANTIS_PROFILE=trap\n`;
  const trap = { version: 1, current: 'trap', profiles: { trap: { url: 'http://127.0.0.1:2', key: TRAP } } };

  /** Runs the command in a folder with every file that a tool might read, and returns which of them were opened. */
  async function runInTrap(args: string, home: Record<string, string | undefined>) {
    const cwd = makeTempFolder();
    for (const folder of ['.', 'atlantis', '.atlantis', '.config/atlantis', 'config/atlantis']) {
      mkdirSync(join(cwd, folder), { recursive: true });
      for (const name of ['profiles.json', 'config.json', 'atlantis.json', '.atlantisrc']) {
        writeFileSync(join(cwd, folder, name), JSON.stringify(trap), { mode: 0o600 });
      }
    }
    for (const name of ['.env', '.env.local', '.envrc']) writeFileSync(join(cwd, name), env);
    const log = join(makeTempFolder(), 'strace');
    const prefix = hasStrace() ? traceInto(log, 'open,openat,readlink') : [];
    const exit = await runCli(args.split(' '), { cwd, env: home, prefix, stdin: '' });
    const opened = hasStrace() ? readTrace(log) : [];
    // True for a relative path or one below the folder.
    const isInside = (line: string): boolean => /\((?:AT_FDCWD, )?"[^/]/.test(line) || line.includes(cwd);
    return { exit, opened: opened.filter(isInside) };
  }

  test.each([
    ['with another home', {}],
    ['no home', { HOME: undefined }],
    ['an empty home', { HOME: '' }],
    ['a home that is relative', { HOME: '.' }],
    ['folders that are relative', { XDG_CONFIG_HOME: 'config', APPDATA: '.', HOME: '' }],
    ['empty variables', { XDG_CONFIG_HOME: '', ATLANTIS_CONFIG_DIR: '', HOME: '' }],
  ])('%s', async (_what, home) => {
    const listed = await runInTrap('profile list --json', home);
    expect(listed).toMatchObject({ exit: { code: 0, stdout: '[]\n' }, opened: [] });
    const tail = await runInTrap('stream tail', home);
    expect(tail).toMatchObject({ exit: { code: 2 }, opened: [] });
    expect(tail.exit.stderr).toContain('no URL');
  });
});

describe('F3, row 53: with the key in the environment', () => {
  const env = { ATLANTIS_URL: 'http://127.0.0.1:1', ATLANTIS_API_KEY: KEY };
  const args = ['stream', 'tail', '--no-reconnect', '--verbose'];

  test.each<[string, Record<string, string | undefined>]>([
    ['unset', { HOME: undefined }],
    ['empty', { HOME: '' }],
    ['missing', { HOME: '/nonexistent' }],
    ['not a directory', { HOME: '/dev/null' }],
  ])('a home that is %s does not keep the command from connecting', async (_what, home) => {
    expect(await runCli(args, { env: { ...env, ...home } })).toMatchObject({ code: 7, stdout: '' });
    expect(existsSync('/nonexistent')).toBe(false);
  });

  test('a damaged store does not keep the command from connecting', async () => {
    const { folder, path } = createStore();
    writeFileSync(path, '{');
    expect(await runCli(args, { env: { ...env, ATLANTIS_CONFIG_DIR: folder } })).toMatchObject({ code: 7 });
  });

  testWithMounts('row 91: a read-only store can be read, and writing is exit 10', async () => {
    const { folder } = createStore({ main: { url: 'http://127.0.0.1:1', key: KEY } });
    const script = `
      mount --bind ${quote(folder)} /mnt && mount -o remount,ro,bind /mnt || exit 99
      export ATLANTIS_CONFIG_DIR=/mnt
      atlantis stream tail --no-reconnect --verbose; echo $?
      atlantis profile list --json | jq length
      atlantis profile use main 2>&1; echo $?`;
    const { stdout } = await runShell(`unshare -rm bash -c ${quote(script)}`, {
      env: { ATLANTIS_CONFIG_DIR: folder },
    });
    expect(stdout).toMatch(
      /^7\n1\natlantis: error: the profile store could not be locked .*: the file system is read-only \(EROFS\): .*\n10\n$/s,
    );
  });

  testAsUser(
    'an unreadable directory does not keep the command from connecting, but profile list is exit 10',
    async () => {
      const { folder } = createStore();
      chmodSync(join(folder, '..'), 0o700);
      const prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      const options = { env: { ...env, ATLANTIS_CONFIG_DIR: folder }, prefix };
      expect(await runCli(args, options)).toMatchObject({ code: 7 });
      expect(await runCli(['profile', 'list', '--verbose'], options)).toMatchObject({ code: 10 });
    },
  );
});
