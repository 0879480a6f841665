// 100,000 hostile strings in every kind of output on a real terminal, which receives only printable characters, line
// ends and our own escape sequences (contract O2).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeTempFolder } from '../helpers/cleanup.ts';
import {
  assertSafe,
  assertSafeLines,
  COLORS,
  countHostile,
  DRAWING,
  makeHostile,
  makeHostileEvent,
  makeRecordedLine,
} from '../helpers/hostile.ts';
import { hasPty, type PtyOptions, startCliInPty } from '../helpers/pty.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';

/** The number of events in a run; each has about twelve hostile strings. */
const EVENTS_A_RUN = 900;
const OURS = [COLORS, DRAWING];
const describeOnPty = hasPty() ? describe : describe.skip;

/** Runs the command on a terminal; returns its exit code and everything that the terminal received. */
async function show(args: readonly string[], options: PtyOptions = {}): Promise<[number | null, string]> {
  const pty = startCliInPty([...args, '--color', 'always'], { key: CANARY_KEY, limitMs: 90_000, ...options });
  const { code, output } = await pty.exit;
  return [code, output.replaceAll('\r\n', '\n')];
}

/** A hostile string without the characters that an argument cannot contain: NUL and surrogates. */
const makeArgument = (): string => makeHostile().replace(/[\0\p{Cs}]/gu, '');

describeOnPty('O2: hostile strings have no effect on a real terminal (needs python3)', () => {
  test.each<[string, readonly string[], number]>([
    ['pretty', [], 80],
    ['pretty at 40 columns', [], 40],
    ['pretty at 20 columns', [], 20],
    ['pretty at 160 columns', ['--time', 'relative'], 160],
    ['pretty --wide', ['--wide'], 100],
    ['columns', ['--fields', 'type,text,list,from.label'], 80],
    ['columns --wide', ['--fields', 'type,text,list', '--wide'], 80],
    ['NDJSON', ['--json'], 80],
    ['envelopes', ['--envelope'], 80],
  ])(
    'in events, as %s',
    async (name, args, columns) => {
      const events = Array.from({ length: EVENTS_A_RUN }, makeHostileEvent);
      const reason = makeArgument()
        .slice(0, 20)
        .replace(/\p{Cs}/gu, '');
      await using server = await startScriptedServer(
        streamHandler({ events, finish: (peer) => peer.sendClose(4_001, reason) }),
      );
      const [code, shown] = await show(['stream', 'tail', '--url', server.url, '--no-reconnect', ...args], {
        columns,
      });
      expect(code).toBeGreaterThan(1);
      expect(shown.replace(COLORS, '').replace(/\s+/g, ' ')).toContain(` ${EVENTS_A_RUN} events in `);
      if (name === 'NDJSON' || name === 'envelopes') assertSafeLines(shown, OURS);
      else assertSafe(shown, OURS);
    },
    120_000,
  );

  test.each([['pretty'], ['ndjson']])(
    'in a recording with damaged lines, as %s',
    async (format) => {
      const lines = Array.from({ length: EVENTS_A_RUN }, (_unused, i) =>
        i % 100 === 99 ? makeHostile().replace(/[\r\n]/g, '') : makeRecordedLine(i, makeHostileEvent()),
      );
      const path = join(makeTempFolder(), 'hostile.ndjson');
      writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
      const args = ['stream', 'replay', path, '--speed', 'max', '--format', format];
      const [code, shown] = await show(args);
      expect([code, shown.includes(` ${(EVENTS_A_RUN / 100) * 99} events in `)]).toEqual([0, true]);
      (format === 'pretty' ? assertSafe : assertSafeLines)(shown, OURS);
    },
    120_000,
  );

  test.each([
    ['tail', ['tail', '--no-reconnect']],
    ['check', ['check']],
  ])(
    'in a refusal, reported by %s',
    async (_name, [command = '', ...args]) => {
      for (let i = 0; i < 3; i++) {
        const texts = Array.from({ length: 200 }, makeHostile);
        await using server = await startScriptedServer(async (peer) => {
          await peer.readRequest();
          const error = { code: texts.slice(0, 3).join(''), message: texts.join('') };
          await peer.respond(401, { 'Content-Type': 'application/json' }, JSON.stringify({ error }));
        });
        const [code, shown] = await show(['stream', command, '--url', server.url, ...args]);
        expect(code).toBe(3);
        assertSafe(shown, OURS);
      }
    },
    60_000,
  );

  test('in the report of a check whose expectation is not met', async () => {
    await using server = await startScriptedServer(
      streamHandler({ events: Array.from({ length: 100 }, makeHostileEvent) }),
    );
    const expected = `text=${makeArgument().replace(/^["\s]+/, 'x')}x`;
    const args = ['stream', 'check', '--url', server.url, '--expect', expected, '--within', '300ms'];
    const [code, shown] = await show(args);
    expect(code).toBe(124);
    assertSafe(shown, OURS);
  }, 30_000);

  test.each([[['profile', 'list']], [['profile', 'show', 'main']]])(
    'in the profile store, shown by %j',
    async (args) => {
      const home = makeTempFolder();
      const argv = Array.from({ length: 100 }, makeArgument);
      const url = 'https://api.atlantis.example';
      const folder = join(home, 'atlantis');
      mkdirSync(folder, { mode: 0o700 });
      const profiles = { main: { url, keyCommand: ['x', ...argv] } };
      writeFileSync(
        join(folder, 'profiles.json'),
        JSON.stringify({ version: 1, current: 'main', profiles }),
        {
          mode: 0o600,
        },
      );
      const [, shown] = await show(args, {
        env: { ATLANTIS_CONFIG_DIR: folder, ATLANTIS_API_KEY: undefined },
      });
      expect(shown).toContain('main');
      assertSafe(shown, OURS);
    },
  );

  test('in invalid arguments', async () => {
    const words = (): (readonly string[])[] => [
      ['stream', 'tail', '--where', makeArgument()],
      ['stream', 'tail', '--simulate', '--fields', `${makeArgument()},`],
      ['stream', 'tail', '--type', `[${makeArgument().replaceAll(']', '')}`, '--simulate'],
      ['stream', 'tail', '--format', makeArgument()],
      ['stream', 'tail', '--url', makeArgument()],
      ['stream', `x${makeArgument()}`],
      ['stream', 'tail', `--x${makeArgument()}`],
      ['stream', 'replay', `/no/${makeArgument()}`],
    ];
    for (const args of words()) {
      const [code, shown] = await show(args);
      expect([args, code]).toEqual([args, 2]);
      assertSafe(shown, OURS);
    }
  }, 60_000);

  afterAll(() => {
    expect(countHostile()).toBeGreaterThan(100_000);
  });
});
