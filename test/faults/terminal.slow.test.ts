// A stopped terminal, by Ctrl-S or a window that hangs: pings continue and signals are handled.
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { hasPty, type Pty, startCliInPty } from '../helpers/pty.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { numberedEvents, SOON_MS } from './start-tail.ts';

(hasPty() ? describe : describe.skip)('a terminal that takes no more output (needs python3)', () => {
  /** A tail of an endless stream on a terminal that `stop` stops; resolves when nothing is transferred any more. */
  async function startStopped(stop: (pty: Pty) => void) {
    let sentAtMs = performance.now();
    const server = await startScriptedServer(async (peer) => {
      peer.answerPings();
      peer.answerClose();
      await peer.accept();
      await peer.welcome();
      for (const event of numberedEvents(500)) {
        await peer.sendText(event);
        sentAtMs = performance.now();
      }
    });
    const args = ['--ping-interval', '100ms', '--pong-timeout', '1s', '--json'];
    const pty = startCliInPty(['stream', 'tail', '--verbose', '--url', server.url, ...args], {
      key: CANARY_KEY,
    });
    await pty.waitFor('"n":20');
    stop(pty);
    // Checked at every ping, so this also waits for pings that continue.
    await server.waitUntil(() => performance.now() - sentAtMs > 500 || undefined, 'a standstill');
    return { server, pty };
  }

  test('K3, row 10 on a terminal: pings continue, the connection stays, nothing is lost', async () => {
    const { server, pty } = await startStopped((one) => one.pause());
    const attempt = await server.waitForAttempt(1);
    const before = attempt.frames.length;
    await server.waitUntil(() => attempt.frames.length > before + 15 || undefined, 'pings over 1.5 s');
    const seen = pty.output.length;
    pty.pause(false);
    await pty.waitFor((text) => text.length > seen + 1_000_000);
    // Not Ctrl-C, which makes the terminal discard its output.
    process.kill(await pty.readPid(), 'SIGTERM');
    const { output, signal } = await pty.exit;
    expect(signal).toBe('SIGTERM');
    expect(output).toMatch(/\d events in /);
    expect(server.attempts).toHaveLength(1);
    const numbers = [...output.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  test('S1, R2: SIGTERM ends it after 2 s of trying to write the rest', async () => {
    const { server, pty } = await startStopped((one) => one.pause());
    const pid = await pty.readPid();
    const sentAtMs = performance.now();
    process.kill(pid, 'SIGTERM');
    expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGTERM', core: false });
    expect(performance.now() - sentAtMs).toBeLessThan(2_000 + SOON_MS);
    expect(server.attempts[0]?.closeFrame?.code).toBe(1000);
  });

  test('S1, R2: a second SIGTERM after more than a second ends it at once', async () => {
    const { server, pty } = await startStopped((one) => one.pause());
    const pid = await pty.readPid();
    process.kill(pid, 'SIGTERM');
    await server.waitUntil(() => server.attempts[0]?.closeFrame, 'the goodbye');
    await pauseFor(1_050);
    const sentAtMs = performance.now();
    process.kill(pid, 'SIGTERM');
    expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGTERM', core: false });
    expect(performance.now() - sentAtMs).toBeLessThan(SOON_MS);
  });

  test('S1, R2: Ctrl-S, then Ctrl-C', async () => {
    const { pty } = await startStopped((one) => one.send('\x13'));
    pty.send('\x03');
    expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGINT', core: false });
  });
});
