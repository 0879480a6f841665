// Every command, with the canary key in every place from which it can read one: the key is in none of its output and in
// no argv of a process that it starts (contract P4). `test/helpers/secrecy.ts` also searches stdout, stderr and the
// files of all other tests.
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CANARY_KEY, findKeyIn } from '../helpers/canary.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { type Child, type Exit, runCli, startCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { hasStrace, readTrace, traceInto } from '../helpers/strace.ts';

/**
 * For each command: its arguments, and the exit code. FOLDER is replaced by a folder, PORT and SINK by the ports of a
 * stream and of an HTTP server. The store has the profiles `main`, with the canary key, and `command`, whose key
 * command prints it; stdin has the key, too.
 */
const RUNS: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  'stream tail': [
    ['--limit 1', 0],
    ['-p command --limit 1 --format pretty --log-format json', 0],
    ['--key-stdin --limit 1 --record FOLDER/events.ndjson --ready-file FOLDER/ready', 0],
    ['-p command-that-fails', 3],
    ['--simulate --limit 1', 0],
  ],
  'stream top': [
    ['--once --limit 1', 0],
    ['-p command --once --json --limit 1 --log-format json', 0],
    ['-p command-that-fails --once', 3],
    ['FOLDER/recording.ndjson --once --by type', 0],
  ],
  'stream check': [
    ['--junit FOLDER/check.xml', 0],
    ['-p command --json', 0],
    ['--key-stdin --expect type=never --within 10ms', 124],
    ['-p command-that-fails --json', 3],
  ],
  'stream simulate': [
    ['--port 0', 143],
    ['--port 99999', 2],
  ],
  'stream relay': [
    ['--to http://127.0.0.1:SINK/in --limit 1 --spool FOLDER/spool --dead-letter FOLDER/dead', 0],
    ['--to http://127.0.0.1:SINK/in -p command-that-fails', 3],
  ],
  'stream replay': [
    ['FOLDER/recording.ndjson --speed max --json', 0],
    ['FOLDER/missing.ndjson', 2],
  ],
  'profile add': [
    ['more --url http://127.0.0.1:PORT --key-stdin --check --json', 0],
    ['more --url http://127.0.0.1:PORT --key-command cat FOLDER/profiles.json --check', 0],
    ['main --url https://a.example --key-stdin', 2],
  ],
  'profile list': [
    ['', 0],
    ['--json', 0],
  ],
  'profile show': [
    ['main', 0],
    ['-p command --json', 0],
  ],
  'profile use': [
    ['command', 0],
    ['nowhere', 2],
  ],
  'profile rename': [['main other', 0]],
  'profile remove': [
    ['main --yes', 0],
    ['main', 2],
  ],
  'profile path': [['--json', 0]],
  'config set': [
    ['time utc', 0],
    ['time noon', 2],
  ],
  'config list': [['--json', 0]],
  'config unset': [['time', 2]],
  version: [['', 0]],
  completion: [
    ['bash', 0],
    ['csh', 2],
  ],
};

/** Runs a command under strace until it ends or serves, and returns the arguments of every program that it started. */
async function runTraced(command: string, args: string) {
  await using server = await startScriptedServer(streamHandler({ events: ['{"type":"first"}'] }));
  const sink = await startSink();
  const folder = makeTempFolder();
  const url = `http://127.0.0.1:${server.port}`;
  writeFileSync(
    join(folder, 'recording.ndjson'),
    '{"received_at":"2026-01-01T00:00:00.000Z","seq":1,"connection":1,"event":{"type":"first"}}\n',
  );
  const keyFile = join(folder, 'profiles.json');
  writeFileSync(keyFile, CANARY_KEY);
  const config = join(folder, 'config');
  mkdirSync(config, { mode: 0o700 });
  const profiles = {
    main: { url, key: CANARY_KEY },
    command: { url, keyCommand: ['cat', keyFile] },
    'command-that-fails': { url, keyCommand: ['sh', '-c', 'cat "$0" "$0" >&2; cat "$0"; exit 7', keyFile] },
  };
  const store = JSON.stringify({ version: 1, current: 'main', profiles });
  writeFileSync(join(config, 'profiles.json'), store, { mode: 0o600 });
  const log = join(folder, 'strace');
  const words = args
    .replaceAll('FOLDER', folder)
    .replace('PORT', String(server.port))
    .replace('SINK', String(sink))
    .split(' ');
  const child = startCli([...command.split(' '), ...words.filter((word) => word !== ''), '--verbose'], {
    stdin: CANARY_KEY,
    cwd: folder,
    env: {
      ATLANTIS_CONFIG_DIR: config,
      TMPDIR: folder,
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: join(folder, 'summary'),
      // The variable is read, although the proxy is not used for a loopback address.
      HTTPS_PROXY: `http://user:${CANARY_KEY}@proxy.example:3128`,
    },
    prefix: hasStrace() ? traceInto(log, 'execve', '-s', '100000') : [],
  });
  const exit = await endOf(child);
  const started = hasStrace() ? readTrace(log).join('\n') : '';
  return { exit, started, found: findKeyIn(exit.stdout + exit.stderr + started) };
}

/** Starts an HTTP server that accepts every request, and returns its port. */
async function startSink(): Promise<number> {
  const sink = createServer((request, response) => {
    request.resume().on('end', () => response.end());
  });
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  registerCleanup(() => sink.close());
  const address = sink.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** Stops a server once it is ready. Under strace, an end by SIGTERM is reported as exit code 143. */
async function endOf(child: Child): Promise<Exit> {
  const ready = child.waitForStdout('ready').then(
    () => process.kill(findCommand(child.pid), 'SIGTERM'),
    () => undefined,
  );
  const exit = await child.exit;
  await ready;
  return exit.signal === 'SIGTERM' ? { ...exit, code: 143 } : exit;
}

/** The id of the command: the child of strace, or the process itself. */
function findCommand(pid: number): number {
  if (!hasStrace()) return pid;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

const rows = Object.entries(RUNS).flatMap(([command, runs]) =>
  runs.map(([args, code]) => ({ command, args, code })),
);

test.each(rows)('P4: the key leaks nowhere: $command $args', async ({ command, args, code }) => {
  const { exit, started, found } = await runTraced(command, args);
  expect(exit).toMatchObject({ code });
  expect(found).toEqual([]);
  if (hasStrace()) expect(started).toContain('execve(');
  if (hasStrace() && /-p command|--key-command/.test(args) && !command.startsWith('profile show')) {
    expect(started).toMatch(/execve\("[^"]*\/(?:cat|sh)", \[/);
  }
});

/** Help, and errors about a key that is given in place of a name, a value or a URL. KEY is the key. */
const WORDS: readonly (readonly [string, number])[] = [
  ['', 2],
  ['help', 0],
  ['help environment', 0],
  ['stream check --help', 0],
  ['--version', 0],
  ['KEY', 2],
  ['help KEY', 2],
  ['stream KEY', 2],
  ['stream tail KEY', 2],
  ['stream tail --key KEY', 2],
  ['stream tail --api-key=KEY', 2],
  ['stream tail --where x==KEY', 2],
  ['stream tail --limit KEY', 2],
  ['stream check --url https://api.atlantis.example/?key=KEY', 2],
  ['stream check --url https://KEY@api.atlantis.example --json', 2],
  ['stream check --url http://127.0.0.1:9 --ca-cert KEY', 2],
  ['stream check --expect a=1 --max-lag 1s --lag-field KEY..', 2],
  ['stream check --url http://127.0.0.1:9 --junit no/KEY', 9],
  ['stream relay --to KEY', 2],
  ['stream replay KEY', 2],
  ['stream simulate --script KEY', 2],
  ['completion KEY', 2],
  ['profile add KEY --url https://api.atlantis.example --key-stdin', 2],
  ['profile add x --url KEY --key-stdin', 2],
  ['profile show KEY', 2],
  ['config set fields KEY', 2],
  ['config set preset.KEY x=1', 2],
  ['config unset KEY', 2],
  ['profile use KEY', 2],
  ['profile rename KEY x', 2],
  ['profile rename x KEY', 2],
  ['profile remove KEY --yes', 2],
];

test.each(WORDS)('P4: a key as an argument is not repeated: "%s"', async (text, code) => {
  const words = text.replace('KEY', CANARY_KEY).split(' ');
  const given = [...words.filter((word) => word !== ''), '--verbose'];
  const exit = await runCli(given, { key: CANARY_KEY, stdin: CANARY_KEY });
  expect(exit).toMatchObject({ code });
  expect(findKeyIn(exit.stdout + exit.stderr)).toEqual([]);
});

describe('the table of this test', () => {
  const listed: string[] = [];

  /** Adds all commands below `path` that have no subcommands, as the help lists them. */
  async function list(path: readonly string[]): Promise<void> {
    const { stdout } = await runCli([...path, '--help']);
    const [, text = ''] = /\nCommands:\n([\s\S]*?)(?:\n\n|$)/.exec(stdout) ?? [];
    const names = [...text.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name);
    if (names.length === 0) listed.push(path.join(' '));
    for (const name of names) if (name !== 'help') await list([...path, name]);
  }

  beforeAll(() => list([]));

  test('has every command that --help lists', () => {
    expect(listed.sort()).toEqual(Object.keys(RUNS).sort());
  });
});
