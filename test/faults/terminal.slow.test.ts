// A terminal that accepts no output, after Ctrl-S or because its window hangs: pings continue, and signals work.
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { hasPty, type Pty, startCliInPty } from '../helpers/pty.ts';
import { startScriptedServer } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { numberedEvents, SOON_MS } from './start-tail.ts';

(hasPty() ? describe : describe.skip)('a terminal that accepts no output (needs python3)', () => {
  /** Starts a tail of an endless stream, stops its terminal, and waits until the server can send nothing more. */
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
    // The condition is checked at every ping, so this also requires that pings continue.
    await server.waitUntil(() => performance.now() - sentAtMs > 500 || undefined, 'a standstill');
    return { server, pty };
  }

  test('K3, row 10 on a terminal: pings continue, the connection is not given up, and nothing is lost', async () => {
    const { server, pty } = await startStopped((one) => one.pause());
    const attempt = await server.waitForAttempt(1);
    const before = attempt.frames.length;
    await server.waitUntil(() => attempt.frames.length > before + 15 || undefined, 'pings over 1.5 s');
    const seen = pty.output.length;
    pty.pause(false);
    await pty.waitFor((text) => text.length > seen + 1_000_000);
    // SIGTERM instead of Ctrl-C, which would make the terminal discard its output.
    process.kill(await pty.readPid(), 'SIGTERM');
    const { output, signal } = await pty.exit;
    expect(signal).toBe('SIGTERM');
    expect(output).toMatch(/\d events in /);
    expect(server.attempts).toHaveLength(1);
    const numbers = [...output.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  test('S1, R2: SIGTERM ends the run, which tries to write the rest for 2 s', async () => {
    const { server, pty } = await startStopped((one) => one.pause());
    const pid = await pty.readPid();
    const sentAtMs = performance.now();
    process.kill(pid, 'SIGTERM');
    expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGTERM', core: false });
    expect(performance.now() - sentAtMs).toBeLessThan(2_000 + SOON_MS);
    expect(server.attempts[0]?.closeFrame?.code).toBe(1000);
  });

  test('S1, R2: a second SIGTERM after more than a second ends the run at once', async () => {
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

  test('S1, R2: Ctrl-C after Ctrl-S ends the run by SIGINT', async () => {
    const { pty } = await startStopped((one) => one.send('\x13'));
    pty.send('\x03');
    expect(await pty.exit).toMatchObject({ code: null, signal: 'SIGINT', core: false });
  });
});
