// The screen of `top` on a real terminal, which is drawn in the alternate screen and restored at every end.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { makeHostile } from '../helpers/hostile.ts';
import { hasPty, type Pty, type PtyOptions, startInPty } from '../helpers/pty.ts';
import { COMMAND, quote } from '../helpers/run-cli.ts';
import {
  type Script,
  type ScriptedServer,
  startScriptedServer,
  streamHandler,
} from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { expectNoKey } from './start-tail.ts';
import { makeFault } from './strike.ts';

const ENTER = '\x1b[?1049h';
const LEAVE = '\x1b[?1049l';
const SHOW_CURSOR = '\x1b[?25h';
const WRAP = '\x1b[?7h';

async function* endlessEvents(make = (n: number) => `{"type":"t${n % 2}","chain":"tron","amount_usd":${n}}`) {
  for (let n = 0; ; n++) {
    yield make(n);
    await pauseFor(5);
  }
}

const serve = (script: Script = streamHandler({ events: endlessEvents() })): Promise<ScriptedServer> =>
  startScriptedServer(script);

/** Starts `top` in a shell that prints the mode of the terminal before and after it, and its exit code. */
function startTop(
  url: string,
  args: readonly string[] = [],
  options: PtyOptions & { nodeArgs?: readonly string[] } = {},
): Pty {
  const { nodeArgs = [], ...rest } = options;
  const words = [process.execPath, ...nodeArgs, COMMAND, 'stream', 'top', '--url', url, '--verbose', ...args];
  // The shell ignores SIGINT, which Ctrl-C sends to the whole process group.
  const script = `trap : INT; stty -g; ${words.map(quote).join(' ')}; echo "code $?"; stty -g`;
  return startInPty(['sh', '-c', script], { key: CANARY_KEY, ...rest });
}

/** Fails unless screen and mode of the terminal are restored; returns the exit code and the text on the screen. */
async function endOf(
  pty: Pty,
): Promise<{ readonly code: number; readonly screen: string; readonly output: string }> {
  const { output } = await pty.exit;
  expectNoKey(output);
  const left = output.lastIndexOf(LEAVE);
  expect(left).toBeGreaterThan(output.lastIndexOf(ENTER));
  expect(output.lastIndexOf('\x1b[?25l')).toBeLessThan(output.lastIndexOf(SHOW_CURSOR));
  expect(output.lastIndexOf('\x1b[?7l')).toBeLessThan(output.lastIndexOf(WRAP));
  const screen = output.slice(left + LEAVE.length);
  expect(screen.replace(/\x1b\[\d*m/g, '')).not.toContain('\x1b');
  const [before = ''] = /^[0-9a-f:]+$/m.exec(output.replaceAll('\r', '')) ?? [];
  const [, code = '', after = ''] = /code (\d+)\n([0-9a-f:]+)\n$/.exec(output.replaceAll('\r', '')) ?? [];
  expect([before.length > 10, after]).toEqual([true, before]);
  return { code: Number(code), screen, output };
}

/** Resolves after a table with events was drawn. */
const untilDrawn = (pty: Pty): Promise<string> => pty.waitFor(/>EVENTS[\s\S]*2Kt1 +tron +\d/, 15_000);

(hasPty() ? describe : describe.skip)('the screen of top (needs python3)', () => {
  test('L3: q quits: exit 0, and the last table, the messages and the summary are on the restored screen', async () => {
    await using server = await serve();
    const pty = startTop(server.url, ['--color', 'never']);
    await untilDrawn(pty);
    pty.send('q');
    const { code, screen } = await endOf(pty);
    expect(code).toBe(0);
    expect(screen).toMatch(
      /atlantis: connected to [\s\S]*0 gaps\r\n\d+ events[\s\S]*>EVENTS[\s\S]*t0 +tron[\s\S]*\d+ events in /,
    );
  });

  test('row 60 (S3): SIGUSR1 opens no debugger, and top continues', async () => {
    await using server = await serve();
    const pty = startTop(server.url, ['--color', 'never']);
    await untilDrawn(pty);
    process.kill(await findNode(pty), 'SIGUSR1');
    await pauseFor(300);
    pty.send('q');
    const { code, output } = await endOf(pty);
    expect([code, output]).toEqual([0, expect.not.stringMatching(/debugger/i)]);
  });

  const ENDS: readonly (readonly [string, number, (pty: Pty, pid: number) => void, RegExp])[] = [
    ['Ctrl-C', 130, (pty) => pty.send('\x03'), /stopped by SIGINT/],
    ['SIGTERM', 143, (_pty, pid) => void process.kill(pid, 'SIGTERM'), /stopped by SIGTERM/],
    ['SIGHUP', 129, (_pty, pid) => void process.kill(pid, 'SIGHUP'), /stopped by SIGHUP/],
  ];

  test.each(ENDS)('row 145: %s: exit %i, and the screen is restored', async (_name, code, end, words) => {
    await using server = await serve();
    const pty = startTop(server.url);
    await untilDrawn(pty);
    end(pty, await findNode(pty));
    const found = await endOf(pty);
    expect(found.code).toBe(code);
    expect(found.screen).toMatch(words);
    expect(found.screen).toMatch(/\d+ events in /);
  });

  test('row 145: a bug: exit 1, and its message is on the restored screen', async () => {
    const fault = makeFault('throw new Error("boom");');
    await using server = await serve();
    const pty = startTop(server.url, [], { nodeArgs: fault.options.nodeArgs ?? [] });
    await untilDrawn(pty);
    fault.strike();
    const { code, screen } = await endOf(pty);
    expect(code).toBe(1);
    expect(screen).toContain('a bug in atlantis: boom');
  });

  test('row 145: a refused key: exit 3, and its message is on the restored screen', async () => {
    await using server = await serve(async (peer, index) => {
      if (index === 0) {
        await streamHandler({ events: Array.from({ length: 9 }, () => '{"type":"t1","chain":"tron"}') })(
          peer,
          index,
        );
        await pauseFor(400);
        peer.reset();
        return;
      }
      await peer.respond(401, {}, '{"error":{"code":"unauthorized","message":"no such key"}}');
    });
    const { code, screen } = await endOf(startTop(server.url, ['--retry-min', '10ms']));
    expect(code).toBe(3);
    expect(screen).toMatch(/HTTP 401 unauthorized[\s\S]*disconnected[\s\S]*1 gap \(one still open\)/);
  });

  test('row 145: SIGTSTP restores the screen, and continuing draws the table again', async () => {
    await using server = await serve();
    const pty = startTop(server.url);
    await untilDrawn(pty);
    const before = pty.output.length;
    process.kill(await findNode(pty), 'SIGTSTP');
    // Without job control the kernel does not stop the process, so it continues at once.
    await pty.waitFor((text) => {
      const later = text.slice(before);
      return later.includes(LEAVE) && later.indexOf(ENTER) > later.indexOf(LEAVE);
    });
    pty.send('q');
    expect((await endOf(pty)).code).toBe(0);
  });

  test('row 139: in the background of a shell, top draws nothing and reads no keys until it is in the foreground', async () => {
    let sent = 0;
    await using server = await serve(
      streamHandler({
        events: endlessEvents((n) => {
          sent = n;
          return `{"type":"t${n % 2}","chain":"tron","amount_usd":${n}}`;
        }),
      }),
    );
    const words = [
      process.execPath,
      COMMAND,
      'stream',
      'top',
      '--url',
      server.url,
      '--color',
      'never',
      '--verbose',
    ];
    const script = `set -m; ${words.map(quote).join(' ')} & read line; echo "read <$line>"; fg; echo "code $?"`;
    const pty = startInPty(['bash', '-c', script], { key: CANARY_KEY });
    // More events than arrive during one frame.
    while (sent < 300) await pauseFor(20);
    expect(pty.output).not.toContain('\x1b[');
    pty.send('quit p\r');
    expect(await pty.waitFor(/read <quit p>/)).not.toContain(ENTER);
    await untilDrawn(pty);
    pty.send('q');
    const { output } = await pty.exit;
    expect(output.indexOf(ENTER)).toBeGreaterThan(output.indexOf('read <'));
    expect(output.slice(output.lastIndexOf(LEAVE))).toMatch(/>EVENTS[\s\S]*code 0/);
  });

  test('L3: the table is drawn in place at most four times a second, also during key presses, and fits a resized window', async () => {
    await using server = await serve();
    const pty = startTop(server.url, [], { columns: 100 });
    const frames = (text = pty.output): number => text.split('\x1b[H\x1b[2K').length - 1;
    await untilDrawn(pty);
    const [sinceMs, first] = [performance.now(), frames()];
    for (let left = 40; left > 0; left--) {
      pty.send('i');
      await pauseFor(20);
    }
    await pty.waitFor((text) => frames(text) >= first + 8);
    const drawn = frames() - first;
    expect(drawn).toBeLessThanOrEqual(4 * ((performance.now() - sinceMs) / 1_000) + 2);
    pty.resize(40, 12);
    await pty.waitFor((text) => (text.split('\x1b[H\x1b[2K').at(-1) ?? '').length < 600);
    const length = pty.output.length;
    await pty.waitFor((text) => frames(text.slice(length)) >= 3);
    pty.send('q');
    const { output } = await endOf(pty);
    const [, ...pictures] = output.slice(length, output.lastIndexOf(LEAVE)).split('\x1b[H\x1b[2K');
    for (const picture of pictures.slice(0, -1)) {
      const lines = picture
        .split('\n')
        .map((line) => line.replaceAll('\r', '').replace(/\x1b\[[\d;?]*[A-Za-z]/g, ''));
      expect(lines.length).toBeLessThanOrEqual(12);
      for (const line of lines) expect([line, line.length <= 40]).toEqual([line, true]);
    }
  });

  test.each([40, 80])('row 140: at %i columns a warning and its hint are shown in full', async (columns) => {
    await using server = await serve();
    const pty = startTop(server.url, ['--color', 'never', '--where', 'amount_usd = "$5"'], { columns });
    const words = 'amount_usd is a number, such as 0 write a plain number, without quotes: 1000, 1_000, 1.5M';
    await pty.waitFor((text) =>
      text
        .replace(/\x1b\[\w+/g, '')
        .replace(/\s+/g, ' ')
        .includes(words),
    );
    pty.send('q');
    expect((await endOf(pty)).code).toBe(0);
  });

  test('L3: keys change the order of the rows, reverse it, and pause', async () => {
    await using server = await serve();
    const pty = startTop(server.url, ['--color', 'never'], { columns: 120 });
    await untilDrawn(pty);
    pty.send('u');
    await pty.waitFor('>USD/MIN');
    pty.send('i');
    await pty.waitFor('<USD/MIN');
    pty.send('\x1b[A');
    pty.send('t');
    await pty.waitFor('<LAST');
    pty.send('p');
    const shown = await pty.waitFor(/ paused/);
    pty.send('p');
    await pty.waitFor((text) => /live(?![\s\S]*paused)/.test(text.slice(shown.length)));
    pty.send('q');
    expect((await endOf(pty)).code).toBe(0);
  });

  test('row 146 (O2): hostile events have no effect on the screen, also on a Linux console without color', async () => {
    await using server = await serve(
      streamHandler({
        events: endlessEvents((n) =>
          JSON.stringify(
            n % 2 ? { type: 't1', chain: 'tron' } : { type: makeHostile(), chain: makeHostile() },
          ),
        ),
      }),
    );
    const pty = startTop(server.url, [], { env: { TERM: 'linux', NO_COLOR: '1' }, columns: 90 });
    await untilDrawn(pty);
    await pty.waitFor(/\b\d\d\d events/);
    pty.send('q');
    const { output } = await endOf(pty);
    const drawn = output.slice(output.indexOf(ENTER), output.lastIndexOf(LEAVE));
    const own = /\x1b\[(?:\?1049h|\?25[lh]|\?7[lh]|H|2J|2K|J|0m)/g;
    expect(drawn.replace(own, '').replace(/\r+\n/g, '')).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  });

  test('on a terminal without escape sequences top is exit 2, and the hint is --once', async () => {
    await using server = await serve();
    const refused = await startInPty([process.execPath, COMMAND, 'stream', 'top', '--url', server.url], {
      env: { TERM: 'dumb' },
      key: CANARY_KEY,
    }).exit;
    expect([refused.code, refused.output]).toEqual([2, expect.stringContaining('add --once')]);
  });
});

/** The process id of the command, which the shell started. */
async function findNode(pty: Pty): Promise<number> {
  const shell = await pty.readPid();
  return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'latin1').trim().split(' ')[0]);
}
