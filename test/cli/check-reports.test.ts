// The reports of `stream check` for people and CI systems, none of which contains a key.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { AWKWARD_KEY, CANARY_KEY, CANARY_PREFIX, findKeyIn } from '../helpers/canary.ts';
import { readReport, runCheck } from '../helpers/check.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { hasPty, startCliInPty } from '../helpers/pty.ts';
import { type CliOptions, quote, runCli, runShell } from '../helpers/run-cli.ts';
import { type ScriptedServer, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { findJunitFaults, hasXmllint, readXPath } from '../helpers/xmllint.ts';

const testXml = hasXmllint() ? test : test.skip;
const hasMounts = (): boolean =>
  spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
const testPty = hasPty() ? test : test.skip;

const run = (server: ScriptedServer, args: readonly string[] = [], options: CliOptions = {}) =>
  runCli(['stream', 'check', '--url', server.url, ...args], { key: CANARY_KEY, ...options });

/** A server that refuses, with the key in every part of its answer. */
function startIndiscreet(key: string): Promise<ScriptedServer> {
  return startScriptedServer(async (peer) => {
    const base64 = Buffer.from(key).toString('base64');
    const message = `no ${key} ${encodeURIComponent(key)} ${base64} ##[error]x <b>|\n::warning::y\x1b[31m`;
    const body = JSON.stringify({ error: { code: 'bad_request', message } });
    await peer.respond(400, { 'X-Request-Id': 'r-1' }, body);
  });
}

describe('the text report', () => {
  test('without a terminal: a plain line for each step and one at the end, nothing on stderr', async () => {
    const server = await startScriptedServer(streamHandler());
    const { stdout, stderr, code } = await run(server);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(11);
    expect(lines[0]).toMatch(/^ok {6}settings {3}\S+ \(--url\), key ak_live_ca9a12e5… .* \(\d.* ms\)$/);
    expect(lines[10]).toMatch(/^PASSED in .* s: 6 passed, 4 skipped$/);
    expect(stdout).not.toMatch(/\x1b/);
    expect([stderr, code]).toEqual(['', 0]);
  });

  test('a failed step has a line below it that says what to do', async () => {
    const server = await startScriptedServer((peer) => peer.respond(404));
    const { stdout, code } = await run(server);
    expect(stdout).toMatch(
      /\nfailed {2}upgrade +the response did not come from Atlantis .*\n {18,}check the URL/,
    );
    expect(stdout).toMatch(
      /\nFAILED at "upgrade" after .*: \d passed, 1 failed, \d skipped \(exit code 5\)\n$/,
    );
    expect(code).toBe(5);
  });

  test('--log-format json also reports the failure on stderr', async () => {
    const server = await startScriptedServer((peer) => peer.respond(404));
    const { stderr } = await run(server, ['--log-format', 'json']);
    expect(JSON.parse(stderr)).toMatchObject({
      event: 'error',
      step: 'upgrade',
      cause: 'not-atlantis',
      exit_code: 5,
    });
  });

  testPty('on a terminal: color, and a spinner that is erased at the end', async () => {
    const server = await startScriptedServer(async (peer) => {
      peer.answerPings();
      peer.answerClose();
      await peer.accept();
      await new Promise((resolve) => setTimeout(resolve, 500));
      await peer.welcome();
    });
    const pty = startCliInPty(['stream', 'check', '--url', server.url], { key: CANARY_KEY, columns: 200 });
    await pty.waitFor('checking: welcome');
    const { output, code } = await pty.exit;
    expect(code).toBe(0);
    expect(output).toContain('\x1b[32mok     \x1b[39m welcome');
    expect(output.slice(output.lastIndexOf('keepalive'))).not.toContain('checking');
  });

  /** The final lines on the screen, without overwritten and erased text. */
  const readScreen = (output: string): string[] =>
    output.split('\r\n').map((line) => {
      let shown: string[] = [];
      let column = 0;
      for (const [piece] of line.matchAll(/\x1b\[[?\d]*[A-Za-z]|[^\x1b]/gu)) {
        if (piece === '\x1b[1G' || piece === '\r') column = 0;
        else if (piece === '\x1b[0K' || piece === '\x1b[0J') shown = shown.slice(0, column);
        else if (!piece.startsWith('\x1b')) {
          shown[column] = piece;
          column += 1;
        }
      }
      return Array.from(shown, (character) => character ?? ' ').join('');
    });
  const LINE = /^(?:ok {6}|failed {2}|skipped )\S|^(?:PASSED|FAILED at) |^ {2,}\S|^$/;

  testPty.each([
    ['that is wide', 200],
    ['that is narrow', 44],
  ])('O3: on a terminal %s nothing of the spinner is left before a line', async (_name, columns) => {
    const pauseFor = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const server = await startScriptedServer(async (peer) => {
      peer.answerClose();
      await peer.readRequest();
      await pauseFor(300);
      await peer.accept();
      await pauseFor(300);
      await peer.welcome();
      for (let pings = 0; pings < 3; pings += 1) {
        await peer.nextText();
        await pauseFor(150);
        await peer.sendText('pong');
      }
      await peer.nextText();
    });
    const url = server.url.replace('127.0.0.1', 'localhost');
    const args = ['stream', 'check', '--url', url, '--expect', 'type=x', '--within', '1500ms'];
    const { output, code } = await startCliInPty(args, { key: CANARY_KEY, columns }).exit;
    expect(code).toBe(124);
    for (const step of ['upgrade', 'welcome', 'keepalive', 'events'])
      expect(output).toContain(`checking: ${step}`);
    for (const line of readScreen(output)) expect(line).toMatch(LINE);
  });

  testPty('O3: a frame that Ctrl-S interrupts leaves nothing in the lines either', async () => {
    const server = await startScriptedServer(async (peer) => {
      peer.answerPings();
      peer.answerClose();
      await peer.accept();
      await isStopped;
      await peer.welcome();
    });
    let goOn: () => void = () => {};
    const isStopped = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const pty = startCliInPty(['stream', 'check', '--url', server.url], { key: CANARY_KEY, columns: 200 });
    await pty.waitFor('checking: welcome');
    pty.send('\x13');
    // Long enough for the next frame, which waits together with the sequence that erases it.
    await new Promise((resolve) => setTimeout(resolve, 300));
    goOn();
    const attempt = await server.waitForAttempt(1);
    await server.waitUntil(() => attempt.closeFrame, 'the goodbye');
    pty.send('\x11');
    const { output, code } = await pty.exit;
    expect(code).toBe(0);
    const lines = readScreen(output);
    for (const line of lines) expect(line).toMatch(LINE);
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 2).join(' ')).slice(-6, -1)).toEqual([
      expect.stringMatching(/^ok welcome/),
      expect.stringMatching(/^ok identity/),
      expect.stringMatching(/^ok keepalive/),
      expect.stringMatching(/^skipped events/),
      expect.stringMatching(/^PASSED in/),
    ]);
  });

  testPty.each([
    ['no key', [], 3, 'no API key'],
    ['a key that would be shown while it is typed', ['--key-stdin'], 2, 'a pipe or a file, not a terminal'],
  ])('P1: no prompt on a terminal: %s', async (_name, args, code, words) => {
    const server = await startScriptedServer(streamHandler());
    const pty = startCliInPty(['stream', 'check', '--url', server.url, ...args], { columns: 200 });
    const exit = await pty.exit;
    expect(exit.code).toBe(code);
    expect(exit.output).toMatch(new RegExp(`failed .*settings .*${words}`));
    expect(server.attempts).toHaveLength(0);
  });

  testPty('on a terminal in CI, or with --color never: no spinner, no color', async () => {
    const server = await startScriptedServer(streamHandler());
    const args = ['stream', 'check', '--url', server.url, '--color', 'never'];
    const { output } = await startCliInPty(args, { key: CANARY_KEY, env: { CI: 'true' } }).exit;
    expect(output).toContain('PASSED in');
    expect(output).not.toMatch(/\x1b|checking/);
  });

  test('O7: a closed stdout does not change the result', async () => {
    const server = await startScriptedServer((peer) => peer.respond(404));
    const { pipeStatus, stderr } = await runShell(`atlantis stream check --url ${server.url} | true`, {
      key: CANARY_KEY,
    });
    expect([pipeStatus[0], stderr]).toEqual([5, '']);
  });
});

describe('H4: the JUnit report', () => {
  testXml(
    'of a passed and of a failed check is valid against the strict schema (needs xmllint)',
    async () => {
      const folder = makeTempFolder();
      const file = join(folder, 'check.xml');
      const server = await startScriptedServer(streamHandler());
      expect((await run(server, ['--junit', file])).code).toBe(0);
      expect(findJunitFaults(readFileSync(file, 'utf8'))).toBe('');
      server.setScript((peer) => peer.respond(403, {}, '\0\x08<&]]>'));
      expect((await run(server, ['--junit', file])).code).toBe(5);
      const xml = readFileSync(file, 'utf8');
      expect(findJunitFaults(xml)).toBe('');
      expect(readXPath(xml, '//testcase[failure]/@name')).toBe('upgrade');
      expect(readXPath(xml, '//property[@name="exit_code"]/@value')).toBe('5');
      expect(readdirSync(folder)).toEqual(['check.xml']);
    },
  );

  test('is written directly to a path that is not a regular file', async () => {
    const { stdout, code } = await run(await startScriptedServer(streamHandler()), [
      '--junit',
      '/dev/stdout',
    ]);
    expect(stdout).toContain('</testsuites>');
    expect([code, existsSync('/dev/stdout')]).toEqual([0, true]);
  });

  test('exits 9 if it cannot be written at the end, unless the check itself failed', async () => {
    const pipe = join(makeTempFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const server = await startScriptedServer(streamHandler());
    const passed = await run(server, ['--junit', pipe]);
    expect(passed.stderr).toBe(
      `atlantis: error: the JUnit report "${pipe}" could not be written: no program is reading from it (ENXIO)\n  start the program that reads from it first\n`,
    );
    expect(passed.code).toBe(9);
    server.setScript((peer) => peer.respond(404));
    const failed = await run(server, ['--junit', pipe]);
    expect(failed.stderr).toContain('could not be written: no program is reading from it (ENXIO)');
    expect(failed.code).toBe(5);
  });
});

describe('a full disk', () => {
  const toFull = (server: ScriptedServer, args: string, junit: string) =>
    runShell(`exec atlantis stream check --url ${server.url} --junit ${junit} ${args} > /dev/full`, {
      key: CANARY_KEY,
    });
  const said =
    'atlantis: error: stdout could not be written: the disk is full (ENOSPC)\n  free some space on the disk\n';

  test.each(['', '--json'])(
    'for stdout: exit 9, reported once, and the other reports are written: %s',
    async (args) => {
      const junit = join(makeTempFolder(), 'check.xml');
      const server = await startScriptedServer(streamHandler());
      expect(await toFull(server, args, junit)).toMatchObject({ code: 9, stderr: said });
      expect(readFileSync(junit, 'utf8')).toContain('</testsuites>');
      server.setScript((peer) => peer.respond(404));
      const failed = await toFull(server, args, junit);
      expect([failed.code, failed.stderr.includes(said)]).toEqual([5, true]);
      expect(readFileSync(junit, 'utf8')).toContain('<failure');
    },
  );

  (hasMounts() ? test : test.skip)(
    'for the JUnit file: exit 9, the old file stays, and no temporary file is left (needs unshare)',
    async () => {
      const server = await startScriptedServer(streamHandler());
      const script = `
        mount -t tmpfs -o size=16k none /mnt && echo old > /mnt/check.xml || exit 99
        head -c 100000 /dev/zero > /mnt/fill 2>/dev/null
        atlantis stream check --url ${server.url} --junit /mnt/check.xml > /dev/null; code=$?
        echo "$code $(cat /mnt/check.xml) $(ls -A /mnt | tr '\\n' ' ')"`;
      const { stdout, stderr } = await runShell(`unshare -rm bash -c ${quote(script)}`, { key: CANARY_KEY });
      expect(stdout).toBe('9 old check.xml fill \n');
      expect(stderr).toBe(
        'atlantis: error: the JUnit report "/mnt/check.xml" could not be written: the disk is full (ENOSPC)\n  free some space on the disk\n',
      );
    },
  );
});

test('--json and --junit together: both reports are complete and agree', async () => {
  const junit = join(makeTempFolder(), 'check.xml');
  const server = await startScriptedServer((peer) => peer.respond(404));
  const exit = await runCheck(server.url, ['--junit', junit]);
  const xml = readFileSync(junit, 'utf8');
  for (const { name, attribute } of [
    { name: exit.report.started_at.slice(0, 19), attribute: 'timestamp' },
    { name: '10', attribute: 'tests' },
    { name: '1', attribute: 'failures' },
  ]) {
    expect(xml).toContain(` ${attribute}="${name}"`);
  }
  expect(xml).toContain(`type="${exit.failed?.error?.cause}"`);
});

describe('GitHub Actions', () => {
  const onGitHub = (file: string) => ({
    env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: file, CI: 'true' },
  });

  test('a failure becomes an annotation and a row that is appended to the step summary', async () => {
    const file = join(makeTempFolder(), 'summary.md');
    writeFileSync(file, 'from before\n');
    const server = await startScriptedServer((peer) => peer.respond(404));
    const { stderr, code } = await run(server, [], onGitHub(file));
    expect(stderr).toMatch(
      /^::error title=atlantis stream check%3A upgrade failed::the response .*%0Acheck the URL[^\n]*\n$/,
    );
    const summary = readFileSync(file, 'utf8');
    expect(summary).toMatch(/^from before\n### atlantis stream check: failed \(exit code 5\)\n\n\| step \|/);
    expect(summary.match(/^\| .* \|$/gm)).toHaveLength(11);
    expect(code).toBe(5);
  });

  test('a passed check has no annotation; a summary that cannot be written is a warning', async () => {
    const server = await startScriptedServer(streamHandler());
    const { stderr, code } = await run(server, [], onGitHub('/missing/summary.md'));
    expect(stderr).toBe(
      'atlantis: warning: the step summary "/missing/summary.md" could not be written: the directory does not exist (ENOENT)\n  create the directory first: mkdir -p /missing\n',
    );
    expect(code).toBe(0);
  });

  test('a summary that is a pipe without a reader does not block the check', async () => {
    const pipe = join(makeTempFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const { stderr, code } = await run(await startScriptedServer(streamHandler()), [], onGitHub(pipe));
    expect(stderr).toBe(
      `atlantis: warning: the step summary "${pipe}" could not be written: no program is reading from it (ENXIO)\n  start the program that reads from it first\n`,
    );
    expect(code).toBe(0);
  });

  test('text of the server does not become a workflow command', async () => {
    const server = await startIndiscreet(CANARY_KEY);
    const file = join(makeTempFolder(), 'summary.md');
    for (const args of [[], ['--json'], ['--log-format', 'json']]) {
      const { stdout, stderr } = await run(server, args, onGitHub(file));
      for (const line of `${stdout}${stderr}`
        .split('\n')
        .filter((one) => !one.startsWith('::error title='))) {
        expect(line).not.toMatch(/##\[|^\s*::/);
      }
    }
    expect(readFileSync(file, 'utf8')).not.toMatch(/<b>|##\[|\n::/);
  });

  test('without GITHUB_ACTIONS there is neither an annotation nor a summary', async () => {
    const file = join(makeTempFolder(), 'summary.md');
    const server = await startScriptedServer((peer) => peer.respond(404));
    const { stderr } = await run(server, [], { env: { GITHUB_STEP_SUMMARY: file } });
    expect([stderr, existsSync(file)]).toEqual(['', false]);
  });
});

describe('P4: no report contains the key', () => {
  test.each([
    ['a usual key', CANARY_KEY],
    ['a key with special characters', AWKWARD_KEY],
  ])('%s', async (_name, key) => {
    const server = await startIndiscreet(key);
    const folder = makeTempFolder();
    const [junit, summary] = [join(folder, 'check.xml'), join(folder, 'summary.md')];
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    const texts: string[] = [];
    for (const args of [['--junit', junit, '--verbose'], ['--json'], ['--log-format', 'json']]) {
      const { stdout, stderr } = await run(server, args, { key, env });
      texts.push(stdout, stderr);
      if (args[0] === '--json') readReport(stdout);
    }
    texts.push(readFileSync(junit, 'utf8'), readFileSync(summary, 'utf8'));
    for (const text of texts) expect(findKeyIn(text, key)).toEqual([]);
    expect(texts.join('')).toContain(CANARY_PREFIX);
  });

  test('even if an expectation contains the key; the expectation is shown as text', async () => {
    const server = await startScriptedServer(streamHandler());
    const folder = makeTempFolder();
    const [junit, summary] = [join(folder, 'check.xml'), join(folder, 'summary.md')];
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    const args = ['--expect', `note=${CANARY_KEY}\u202e##[error]`, '--within', '100ms', '--junit', junit];
    const { report, stdout, stderr } = await runCheck(server.url, args, { env });
    expect(report.expectations[0]?.expression).toBe(`note=${CANARY_PREFIX}…\\u202e\\u0023#[error]`);
    for (const text of [stdout, stderr, readFileSync(junit, 'utf8'), readFileSync(summary, 'utf8')]) {
      expect(findKeyIn(text)).toEqual([]);
      expect(text).not.toMatch(/\u202e|##\[/);
    }
  });

  test('even if a header, the welcome or an event contains the key', async () => {
    const server = await startScriptedServer(async (peer) => {
      peer.answerPings();
      peer.answerClose();
      await peer.accept({ headers: { 'X-Request-Id': CANARY_KEY } });
      await peer.sendText(JSON.stringify({ type: 'welcome', key: CANARY_KEY }));
      await peer.sendText(JSON.stringify({ type: CANARY_KEY }));
    });
    const exit = await runCheck(server.url, ['--expect', 'type=x', '--within', '300ms']);
    expect(exit.code).toBe(124);
    expect(exit.step('upgrade').summary).toContain(`${CANARY_PREFIX}…`);
  });
});
