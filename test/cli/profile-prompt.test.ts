// Prompts on a real terminal, made by script(1): the key is not echoed, and the terminal is restored.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY as KEY, CANARY_PREFIX as PREFIX } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { hasPty, type Pty, startCliInPty, startInPty } from '../helpers/pty.ts';
import { type Child, COMMAND, quote, startShell } from '../helpers/run-cli.ts';
import { untilWritten } from '../helpers/watch.ts';

const URL = 'https://api.atlantis.example';

const hasScript = spawnSync('script', ['--version']).status === 0;
const describeWithScript = hasScript ? describe : describe.skip;

/** Runs shell commands on a terminal of their own; stdin of the child is the keyboard, stdout the screen. */
function startOnTerminal(commands: string): { child: Child; folder: string; type: (text: string) => void } {
  const folder = join(makeTempFolder(), 'config');
  const inner = `stty -a > ${folder}.before; ${commands}; echo "status $?"; stty -a > ${folder}.after; echo over`;
  const { child } = startShell('exec script -qec "$INNER" /dev/null', {
    // `profile add` must prompt although the environment has a key, which is for other commands.
    key: KEY,
    env: { ATLANTIS_CONFIG_DIR: folder, INNER: inner, SHELL: '/bin/sh', TERM: 'xterm' },
    stdin: 'pipe',
  });
  return { child, folder, type: (text) => void child.stdin.write(text) };
}

/** Fails unless the settings of the terminal are the same as before. */
function expectRestored(folder: string): void {
  const settings = readFileSync(`${folder}.before`, 'utf8');
  expect(settings).toContain(' echo ');
  expect(readFileSync(`${folder}.after`, 'utf8')).toBe(settings);
}

const readStore = (folder: string) => JSON.parse(readFileSync(join(folder, 'profiles.json'), 'utf8'));

describeWithScript('on a terminal (needs script)', () => {
  test('P1: profile add asks for URL and key, and never shows the key', async () => {
    const { child, folder, type } = startOnTerminal('atlantis profile add main');
    await child.waitForStdout('Base URL: ');
    type(`${URL}\n`);
    await child.waitForStdout('API key (not shown): ');
    type(`${KEY}\r`);
    const screen = await child.waitForStdout('over');
    expect(screen).toContain('status 0');
    expect(screen).toContain(`${PREFIX}…, active`);
    expect(screen).not.toContain(KEY.slice(16));
    expect(readStore(folder).profiles.main).toEqual({ url: URL, key: KEY });
    expectRestored(folder);
  });

  test('P1: a hidden line can be edited: characters and the whole line can be erased, cursor keys are ignored', async () => {
    const { child, folder, type } = startOnTerminal(`atlantis profile add main --url ${URL}`);
    await child.waitForStdout('not shown');
    type('wrong\x15');
    type(`\x1b[A\x1b[3~ ${KEY}zz\x7f\b`);
    type('\r');
    expect(await child.waitForStdout('over')).toContain('status 0');
    expect(readStore(folder).profiles.main.key).toBe(KEY);
  });

  test.each<[string, string, string]>([
    ['Ctrl-C', '\x03', 'status 130'],
    ['Ctrl-D', '\x04', 'status 2'],
    ['no key', `x${KEY}\r`, 'status 3'],
    ['row 55: several lines', `${KEY}\r${KEY}\r`, 'status 3'],
  ])('after %s nothing is stored and the terminal is restored', async (_what, typed, status) => {
    const { child, folder, type } = startOnTerminal(`atlantis profile add main --url ${URL} --verbose`);
    await child.waitForStdout('not shown');
    type(typed.slice(0, -1) === '' ? typed : `ak_live_canary\x15${typed}`);
    const screen = await child.waitForStdout('over');
    expect(screen).toContain(status);
    expect(screen).not.toContain('canary');
    expect(screen).not.toContain(KEY);
    expect(existsSync(folder)).toBe(false);
    expectRestored(folder);
  });

  test('after Ctrl-C at the prompt for the URL the terminal is restored', async () => {
    const { child, folder, type } = startOnTerminal('trap : INT; atlantis profile add main');
    await child.waitForStdout('Base URL: ');
    type('\x03');
    expect(await child.waitForStdout('over')).toContain('status 130');
    expectRestored(folder);
  });

  test('after a signal from another process the terminal is restored, and the command ends by that signal', async () => {
    const { child, folder } = startOnTerminal(
      `sh -c 'echo pid $$; exec atlantis profile add main --url ${URL}'`,
    );
    const screen = await child.waitForStdout('not shown');
    process.kill(Number(/pid (\d+)/.exec(screen)?.[1]), 'SIGTERM');
    expect(await child.waitForStdout('over')).toContain('status 143');
    expectRestored(folder);
  });

  test.each([
    ['the prompt could not be seen', '2>/dev/null'],
    ['there is no keyboard', '</dev/null'],
  ])('if %s, the command does not prompt: exit 2', async (_what, redirection) => {
    const { child, folder } = startOnTerminal(`atlantis profile add main --url ${URL} ${redirection}`);
    expect(await child.waitForStdout('over')).toContain('status 2');
    expect(existsSync(folder)).toBe(false);
  });

  test('--key-stdin on a terminal, which would show the key, is exit 2', async () => {
    const { child } = startOnTerminal(`atlantis profile add main --url ${URL} --key-stdin`);
    expect(await child.waitForStdout('over')).toMatch(/--key-stdin reads a pipe(.|\s)*status 2/);
  });

  test.each<[string, string, boolean]>([
    ['y', 'y\n', true],
    ['n', 'n\n', false],
    ['only Enter', '\n', false],
  ])('profile remove removes only after a confirmation: %s', async (_what, typed, isGone) => {
    const add = `echo ${KEY} | atlantis profile add main --url ${URL} --key-stdin`;
    const { child, folder, type } = startOnTerminal(`${add}; atlantis profile remove main`);
    await child.waitForStdout(`Remove profile main and its key ${PREFIX}…? [y/N] `);
    type(typed);
    expect(await child.waitForStdout('over')).toContain('status 0');
    expect('main' in readStore(folder).profiles).toBe(!isGone);
  });
});

const PROMPTS: readonly (readonly [string, readonly string[], string])[] = [
  ['for the key', ['profile', 'add', 'main', '--url', URL], 'API key (not shown): '],
  ['for the URL', ['profile', 'add', 'main'], 'Base URL: '],
];

(hasPty() ? describe : describe.skip)(
  'a terminal that hangs up, or a prompt in the background (needs python3)',
  () => {
    test.each(PROMPTS)(
      'the terminal hangs up at the prompt %s: killed by SIGHUP, no abort, no core',
      async (_what, args, words) => {
        const env = { ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config') };
        const pty = startCliInPty([...args, '--verbose'], { env, key: KEY });
        await pty.waitFor(words);
        pty.hangUp();
        expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGHUP', core: false });
        expect(existsSync(env.ATLANTIS_CONFIG_DIR)).toBe(false);
      },
    );

    test.each(PROMPTS)(
      'the terminal hangs up at the prompt %s without a SIGHUP: killed by SIGHUP all the same',
      async (_what, args, words) => {
        const folder = makeTempFolder();
        const status = join(folder, 'status');
        const command = [process.execPath, COMMAND, ...args, '--verbose'].map(quote).join(' ');
        // In its own session the command gets no SIGHUP; the outer shell only keeps the terminal open.
        const inner = `${command}; echo $? > ${quote(status)}`;
        const outer = `setsid sh -c ${quote(inner)} <&3 & exec sleep 60`;
        const pty = startInPty(['sh', '-c', `exec 3<&0; ${outer}`], {
          env: { ATLANTIS_CONFIG_DIR: join(folder, 'config') },
          key: KEY,
        });
        await pty.waitFor(words);
        pty.hangUp();
        expect(await untilWritten(status)).toBe('129\n');
      },
    );

    // bash always sets the terminal modes itself; a plain sh, such as dash, keeps the modes that it finds.
    const BASH = ['bash', '--norc', '--noprofile', '-i'];
    const SH = ['sh', '-i'];
    const typeCtrlZ = (pty: Pty, _pid: number): void => pty.send('ak_live_half\x1a');
    const stopFromElsewhere = (_pty: Pty, pid: number): unknown => process.kill(pid, 'SIGTSTP');
    test.each([
      ['Ctrl-Z', BASH, typeCtrlZ],
      ['Ctrl-Z', SH, typeCtrlZ],
      ['SIGTSTP from elsewhere', BASH, stopFromElsewhere],
      ['SIGTSTP from elsewhere', SH, stopFromElsewhere],
      ['SIGSTOP from elsewhere', BASH, (_pty: Pty, pid: number): unknown => process.kill(pid, 'SIGSTOP')],
    ])(
      '%s in %j: the shell gets a restored terminal; after fg the command prompts for the key again, without echo',
      async (_what, shell, stop) => {
        const folder = makeTempFolder();
        const pty = startInPty(shell, {
          env: { ATLANTIS_CONFIG_DIR: join(folder, 'config'), PS1: '$ ' },
          key: KEY,
        });
        const count = (words: string | RegExp) => (text: string) => text.split(words).length - 1;
        const command = [process.execPath, COMMAND, 'profile', 'add', 'main', '--url', URL]
          .map(quote)
          .join(' ');
        pty.send(`sh -c 'echo $$ > ${folder}/pid; exec "$@"' sh ${command}\r`);
        await pty.waitFor((text) => count(/not shown\): /)(text) === 1);
        stop(pty, Number(readFileSync(join(folder, 'pid'), 'utf8')));
        await pty.waitFor('Stopped');
        pty.send('stty -a | tr " " "\\n" | grep -x -e echo -e icanon | tr "\\n" ,\r');
        await pty.waitFor('icanon,echo,');
        pty.send('fg\r');
        await pty.waitFor((text) => count(/not shown\): /)(text) === 2);
        pty.send(`${KEY}\r`);
        await pty.waitFor('main stored');
        pty.send('exit\r');
        const { output } = await pty.exit;
        expect(output).not.toContain('half');
        expect(readStore(join(folder, 'config')).profiles.main.key).toBe(KEY);
      },
    );
  },
);
