// Closed terminal windows, nohup, and signals that arrive in pairs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder, registerCleanup } from '../helpers/cleanup.ts';
import { findClosedPort } from '../helpers/closed-port.ts';
import { startHttpEndpoint, stayMute } from '../helpers/http-endpoint.ts';
import { hasPty, type Pty, startCliInPty, startInPty } from '../helpers/pty.ts';
import { COMMAND, spawnCli } from '../helpers/run-cli.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pauseFor, untilTrue } from '../helpers/watch.ts';
import { readRecipe } from '../recipes/recipe-page.ts';
import { endOf, lastRecord, numberedEvents, SOON_MS, spawnTail, startBlocked } from './start-tail.ts';
import { SIGNALS } from './states.ts';

const onTerminal = hasPty() ? describe : describe.skip;

/** Sends an event every 5 ms as long as the client is connected. */
async function* endlessEvents(): AsyncGenerator<string> {
  for (const event of numberedEvents()) {
    yield event;
    await pauseFor(5);
  }
}

const serve = (): Promise<ScriptedServer> => startScriptedServer(streamHandler({ events: endlessEvents() }));

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It does not exist yet, or no longer.
  }
};

const countLines = (path: string): number => read(path).split('\n').length - 1;

/** The id of the process that has this word in its command line (proc(5)). */
const findProcess = (word: string): number =>
  Number(readdirSync('/proc').find((id) => /^\d+$/.test(id) && read(`/proc/${id}/cmdline`).includes(word)));

const PROMPT = /[#$] $/;

/** Starts a shell on a terminal. `$TAIL` is a tail command; `$OUT` and `$ERR` are files for its output. */
function startShell(shell: string, server: ScriptedServer): { pty: Pty; out: string; err: string } {
  const folder = makeTempFolder();
  const words = [process.execPath, COMMAND, 'stream', 'tail', '--verbose', '--json', '--url', server.url];
  const [out, err] = [join(folder, 'out'), join(folder, 'err')];
  const env = { TAIL: words.join(' '), OUT: out, ERR: err };
  const args = shell === 'bash' ? ['--norc', '-i'] : ['-i'];
  return { pty: startInPty([shell, ...args], { key: CANARY_KEY, env }), out, err };
}

/** Types the command, waits for events, and returns the process id of the tail. */
async function startInBackground(pty: Pty, typed: string, out: string): Promise<number> {
  await pty.waitFor(PROMPT);
  pty.send(`${typed} echo "pid=$!"\r`);
  const [, id = ''] = /pid=(\d+)/.exec(await pty.waitFor(/pid=\d+/)) ?? [];
  registerCleanup(() => {
    if (existsSync(`/proc/${id}`)) process.kill(Number(id), 'SIGKILL');
  });
  await untilTrue(() => countLines(out) > 3, 'events');
  return Number(id);
}

onTerminal('row 80 (S4): the terminal of a background run is closed (needs python3)', () => {
  const REDIRECTED = '>"$OUT" 2>"$ERR"';

  test.each([
    ['bash', `nohup $TAIL ${REDIRECTED} &`],
    ['dash', `nohup $TAIL ${REDIRECTED} &`],
    ['bash', `(trap "" HUP; $TAIL ${REDIRECTED} </dev/null & echo $! >"$OUT.pid"; wait) &`],
    ['bash', `nohup $TAIL ${REDIRECTED} </dev/null &`],
  ])('%s: `%s` continues, and SIGTERM ends it cleanly', async (shell, typed) => {
    await using server = await serve();
    const { pty, out, err } = startShell(shell, server);
    const started = await startInBackground(pty, typed, out);
    const id = Number(read(`${out}.pid`)) || started;
    pty.hangUp();
    await pty.exit;
    const before = countLines(out);
    await untilTrue(() => countLines(out) > before + 20, 'events after the hang-up');
    process.kill(id, 'SIGHUP');
    await untilTrue(() => countLines(out) > before + 40, 'events after another SIGHUP');
    process.kill(id, 'SIGTERM');
    await untilTrue(() => read(err).includes(' gap'), 'the summary');
    expect(read(err)).toContain('atlantis: stopped by SIGTERM\n');
    expect(server.attempts).toHaveLength(1);
  });

  /** A command of docs/recipes.md, with the tail and the files of the test. */
  const readLine = (name: 'nohup' | 'setsid'): string =>
    readRecipe(name)
      .trim()
      .replace('atlantis stream tail', '$TAIL')
      .replace('events.ndjson', '"$OUT.ndjson"')
      .replace('/dev/null', '"$OUT"')
      .replace('tail.log', '"$ERR"');

  test.each(['nohup', 'setsid'] as const)(
    'the command with %s in docs/recipes.md continues',
    async (name) => {
      await using server = await serve();
      const { pty, out, err } = startShell('bash', server);
      await pty.waitFor(PROMPT);
      pty.send(`${readLine(name)}\r`);
      await untilTrue(() => countLines(out) > 3, 'events');
      pty.hangUp();
      await pty.exit;
      const before = countLines(out);
      await untilTrue(() => countLines(out) > before + 20, 'events after the hang-up');
      process.kill(findProcess(server.url), 'SIGTERM');
      await untilTrue(() => read(err).includes('stopped by SIGTERM'), 'the end');
    },
  );

  test('without nohup, setsid or trap the run ends by SIGHUP, with its summary', async () => {
    await using server = await serve();
    const { pty, out, err } = startShell('bash', server);
    await startInBackground(pty, `$TAIL ${REDIRECTED} &`, out);
    pty.hangUp();
    await untilTrue(() => read(err).includes(' gap'), 'the summary');
    expect(read(err)).toContain('atlantis: stopped by SIGHUP\n');
  });
});

/** The lines of a compressed recording. */
const readRecording = (path: string): Record<string, unknown>[] =>
  gunzipSync(readFileSync(path))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** The delay between two signals. After a shorter one the kernel may deliver both at once, in another order. */
const PAIR_MS = 50;

describe('row 81 (S1): a second signal shortly after the first one does not cut the end short', () => {
  test.each([
    ['SIGHUP', 'SIGHUP'],
    ['SIGTERM', 'SIGHUP'],
    ['SIGINT', 'SIGTERM'],
  ] as const)('%s, then %s: every printed event is recorded', async (first, second) => {
    await using server = await serve();
    const path = join(makeTempFolder(), 'events.ndjson.gz');
    const child = spawnTail(server.url, ['--json', '--record', path]);
    await child.waitForLines(20);
    child.kill(first);
    await pauseFor(PAIR_MS);
    child.kill(second);
    const { signal, stdout, stderr } = await endOf(child);
    const lines = readRecording(path);
    expect(signal).toBe(first);
    expect(stderr).toContain(`atlantis: stopped by ${first}\n`);
    expect(stderr).toMatch(/\d+ events in /);
    expect(lines.filter((line) => 'event' in line)).toHaveLength(stdout.split('\n').length - 1);
    expect(lines.at(-1)).toMatchObject({ lifecycle: 'end', reason: 'signal', signal: first });
  });

  test('a relay without a spool still reports how many messages were lost', async () => {
    await using server = await serve();
    const endpoint = await startHttpEndpoint(stayMute);
    const words = ['stream', 'relay', '--verbose', '--url', server.url, '--to', `${endpoint.url}/hook`];
    const child = spawnCli(words, { key: CANARY_KEY });
    await endpoint.waitForRequests(1);
    child.kill('SIGTERM');
    await pauseFor(PAIR_MS);
    child.kill('SIGHUP');
    const { signal, stderr } = await endOf(child);
    expect([signal, stderr]).toEqual(['SIGTERM', expect.stringMatching(/lost \d+ undelivered messages?/)]);
  });

  test('the simulator still removes its certificate', async () => {
    const child = spawnCli(['stream', 'simulate', '--port', '0', '--tls', '--json']);
    const { ca_cert: path } = JSON.parse(await child.waitForStdout('\n'));
    expect(existsSync(path)).toBe(true);
    child.kill('SIGTERM');
    await pauseFor(PAIR_MS);
    child.kill('SIGHUP');
    expect(await child.exit).toMatchObject({
      signal: 'SIGTERM',
      stderr: expect.stringContaining('stopped by SIGTERM'),
    });
    expect(existsSync(path)).toBe(false);
  });

  (hasPty() ? test : test.skip)(
    'a closed window, after which shell and kernel each send SIGHUP: every printed event is recorded (needs python3)',
    async () => {
      await using server = await serve();
      const path = join(makeTempFolder(), 'events.ndjson.gz');
      const { pty, out, err } = startShell('bash', server);
      await pty.waitFor(PROMPT);
      pty.send(`$TAIL --record ${path} >"$OUT" 2>"$ERR"\r`);
      await untilTrue(() => countLines(out) > 20, 'events');
      pty.hangUp();
      await untilTrue(() => read(err).includes(' gap'), 'the summary');
      expect(read(err)).toContain('atlantis: stopped by SIGHUP\n');
      await untilTrue(() => !existsSync(`${path}.lock`), 'the end');
      const lines = readRecording(path);
      expect(lines.filter((line) => 'event' in line)).toHaveLength(countLines(out));
      expect(lines.at(-1)).toMatchObject({ lifecycle: 'end', signal: 'SIGHUP' });
    },
  );
});

describe('row 82 (S1): stderr names the signal', () => {
  test('row 82: of a relay that waits for its sink', async () => {
    await using server = await startScriptedServer(streamHandler({ events: [] }));
    const url = `http://127.0.0.1:${await findClosedPort()}/`;
    const child = spawnCli(['stream', 'relay', '--url', server.url, '--verbose', '--to', url], {
      key: CANARY_KEY,
    });
    await child.waitForStderr('retrying');
    child.kill('SIGTERM');
    const { signal, stderr } = await endOf(child);
    expect([signal, stderr]).toEqual([
      'SIGTERM',
      expect.stringMatching(/stopped by SIGTERM\n[\s\S]*0 events in/),
    ]);
  });

  test('row 82: of a check', async () => {
    await using server = await startScriptedServer(streamHandler({ events: [] }));
    const child = spawnCli(['stream', 'check', '--verbose', '--url', server.url, '--expect', 'a=b'], {
      key: CANARY_KEY,
    });
    await child.waitForStdout('keepalive');
    child.kill('SIGTERM');
    expect((await endOf(child)).stderr).toContain('stopped by SIGTERM');
  });

  test.each(SIGNALS)('%s, in text and in JSON', async (name) => {
    await using server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const stop = async (...args: readonly string[]): Promise<string> => {
      const child = spawnTail(server.url, args);
      await child.waitForLines(1);
      child.kill(name);
      return (await endOf(child)).stderr;
    };
    expect(await stop()).toContain(` atlantis: stopped by ${name}\n`);
    expect(lastRecord(await stop('--log-format', 'json'), 'signal')).toMatchObject({
      level: 'info',
      message: `stopped by ${name}`,
      signal: name,
    });
  });
});

onTerminal('row 46 (S1): Ctrl-C twice while draining is blocked (needs python3)', () => {
  test('the run ends at once, by SIGINT', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.accept();
      await peer.welcome();
      await peer.sendText('{"n":1}');
    });
    // The server does not answer the close, so the run waits half a second.
    const words = ['stream', 'tail', '--verbose', '--json', '--url', server.url];
    const pty = startCliInPty(words, { key: CANARY_KEY });
    await pty.waitFor('"n":1');
    pty.send('\x03');
    await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the close');
    await pauseFor(120);
    const sentAtMs = performance.now();
    pty.send('\x03');
    const { signal, output } = await pty.exit;
    expect([signal, output]).toEqual(['SIGINT', expect.not.stringContaining('stopped by')]);
    expect(performance.now() - sentAtMs).toBeLessThan(SOON_MS);
  });
});

test('row 46 (S1): a signal more than a second after the first one ends it at once', async () => {
  await using server = await startScriptedServer(streamHandler({ events: numberedEvents(2_000) }));
  const child = await startBlocked(server.url);
  const sentAtMs = performance.now();
  child.kill('SIGTERM');
  await pauseFor(1_050);
  child.kill('SIGHUP');
  expect(await child.ended).toEqual({ code: null, signal: 'SIGHUP' });
  expect(performance.now() - sentAtMs).toBeLessThan(2_000);
});
