// Terminals with and without Unicode, with and without cursor movement, and a status line that fails.
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { startHttpEndpoint } from '../helpers/http-endpoint.ts';
import { hasPty, type Pty, type PtyExit, startCliInPty } from '../helpers/pty.ts';
import { openSimulator } from '../simulator/stream-client.ts';
import { preload } from './start-tail.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const TAIL = ['stream', 'tail', '--simulate', '--limit', '3', '--time', 'none'];
const AN_EVENT = /large_transfer|address_activity/g;
const BRAILLE = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/;
/** Output for a terminal without Unicode: ASCII, line ends and escape sequences. */
const ASCII = /^[\x07-\x0d\x1b -~]*$/;

/** A script, loaded before our code, that makes the platform look like Windows. */
const ON_WINDOWS = `Object.defineProperty(process, 'platform', { value: 'win32' });`;

/** Makes Node load a script before the command. */
const loadFirst = (script: string): Environment => ({ NODE_OPTIONS: preload(script).nodeArgs.join(' ') });

const start = (args: readonly string[], env: Environment): Pty =>
  startCliInPty([...args, '--verbose'], { columns: 100, rows: 30, key: CANARY_KEY, env });

const run = (args: readonly string[], env: Environment): Promise<PtyExit> => start(args, env).exit;

/** Fails unless the output has an ellipsis with Unicode, or only ASCII without it. */
function expectSigns({ output }: PtyExit, hasUnicode: boolean): void {
  expect(output).not.toContain('a bug in atlantis');
  if (hasUnicode) expect(output).toContain('…');
  else expect(output).toMatch(ASCII);
}

/** Terminals: the environment, whether they have Unicode, and whether they can redraw a line. */
const TERMINALS: readonly (readonly [string, () => Environment, boolean, boolean])[] = [
  ['TERM=linux', () => ({ TERM: 'linux' }), false, true],
  ['TERM=xterm-256color', () => ({ TERM: 'xterm-256color' }), true, true],
  ['TERM=dumb', () => ({ TERM: 'dumb' }), true, false],
  ['no TERM', () => ({ TERM: undefined }), true, false],
  ['a console of Windows', () => ({ TERM: undefined, ...loadFirst(ON_WINDOWS) }), false, true],
  ['Windows Terminal', () => ({ TERM: undefined, WT_SESSION: '1', ...loadFirst(ON_WINDOWS) }), true, true],
];

(hasPty() ? describe : describe.skip)('row 59: on a terminal of 100 × 30 (needs python3)', () => {
  describe.each(TERMINALS)('%s', (_name, makeEnvironment, hasUnicode, isDrawn) => {
    test('tail prints events, and a status line if the terminal can redraw it', async () => {
      const exit = await run(TAIL, makeEnvironment());
      expectSigns(exit, hasUnicode);
      expect(exit).toMatchObject({ code: 0, output: expect.stringContaining('3 events in') });
      expect(/ (?:\x1b\[\d+m)?[-\\|/⠋⠙⠹⠸](?:\x1b\[\d+m)? connecting/.test(exit.output)).toBe(isDrawn);
      expect(BRAILLE.test(exit.output)).toBe(hasUnicode && isDrawn);
      expect(/(?:●|\*)(?:\x1b\[\d+m)* (?:\x1b\[\d+m)*live/.test(exit.output)).toBe(isDrawn);
      expect(exit.output.includes('\x1b')).toBe(isDrawn);
    });

    test('check passes, with the right symbols', async () => {
      const { url } = await openSimulator({});
      const exit = await run(['stream', 'check', '--url', url], makeEnvironment());
      expectSigns(exit, hasUnicode);
      expect(exit).toMatchObject({ code: 0, output: expect.stringMatching(/key ak_live_\w{8}(?:…|\.{3}) /) });
    });

    test('relay delivers, with the right symbols', async () => {
      const { url } = await openSimulator({});
      const endpoint = await startHttpEndpoint();
      const args = ['stream', 'relay', '--url', url, '--to', endpoint.url, '--limit', '3'];
      const exit = await run(args, makeEnvironment());
      expectSigns(exit, hasUnicode);
      expect([exit.code, endpoint.accepted.length]).toEqual([0, 3]);
    });
  });

  test('TERM=linux: the prompts and tables of `profile` commands are ASCII', async () => {
    const env = { TERM: 'linux', ATLANTIS_CONFIG_DIR: join(makeTempFolder(), 'config') };
    const prompt = start(['profile', 'add', 'main'], env);
    await prompt.waitFor('Base URL: ');
    prompt.send('https://api.atlantis.example\r');
    await prompt.waitFor('API key (not shown): ');
    prompt.send(`${CANARY_KEY}\r`);
    const shown = `${CANARY_KEY.slice(0, 16)}...`;
    const exits = [
      await prompt.exit,
      await run(['profile', 'list'], env),
      await run(['profile', 'show'], env),
    ];
    for (const exit of exits) {
      expectSigns(exit, false);
      expect(exit).toMatchObject({ code: 0, output: expect.stringContaining(shown) });
    }
    const removal = start(['profile', 'remove', 'main'], env);
    expect(await removal.waitFor('[y/N] ')).toContain(`its key ${shown}?`);
    removal.send('y\r');
    expectSigns(await removal.exit, false);
  });

  test('TERM=linux: the caret is under the error in an invalid expression', async () => {
    const filter = ['--where', `${'x.'.repeat(50)}x => 5`];
    const exit = await run(['stream', 'tail', '--simulate', ...filter], { TERM: 'linux' });
    expectSigns(exit, false);
    const [, shown = '', pointer = ''] = exit.output.split('\r\n');
    expect(exit.code).toBe(2);
    expect(shown).toMatch(/^ {2}\.{4}x\.x/);
    expect(pointer.indexOf('^')).toBe(shown.indexOf('=>') + 1);
  });

  test('TERM=linux: JSON output still has Unicode', async () => {
    const env = { ATLANTIS_URL: 'https://api.atlantis.example' };
    const show = (term: string): Promise<PtyExit> =>
      run(['profile', 'show', '--json'], { ...env, TERM: term });
    expect((await show('linux')).output).toContain('…');
    const log = ['--log-format', 'json'];
    expect((await run([...TAIL, ...log], { TERM: 'linux' })).output).toMatch(/"message":"connected .*…"/);
  });

  describe('a status line that fails disappears, and the run continues', () => {
    const failLoading = (bundle: string): string => `
      const Module = require('node:module');
      const load = Module._load;
      Module._load = function (name, ...others) {
        if (name.includes('${bundle}')) throw new Error('cannot be loaded');
        return load.call(this, name, ...others);
      };`;
    const failCalling = (name: string): string => `
      require('node:tty').WriteStream.prototype.${name} = () => { throw new Error('cannot be called'); };`;

    test.each([
      ['ora cannot be loaded', failLoading('ui.spinner'), false],
      ['its text cannot be loaded', failLoading('ui.stream-progress'), false],
      ['the cursor cannot be moved', failCalling('cursorTo'), true],
      ['a line cannot be erased', failCalling('clearScreenDown'), true],
    ])('%s', async (_what, script, mayBegin) => {
      const { code, output } = await run(TAIL, loadFirst(script));
      expect(output).not.toContain('a bug in atlantis');
      expect([code, output.match(AN_EVENT)?.length]).toEqual([0, 3]);
      expect(output).toContain('3 events in');
      if (!mayBegin) expect(output).not.toMatch(/\x1b\[\d*[A-HJK]/);
    });
  });
});
