// A host name with two addresses: one answers late, the other one is unreachable.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeTempFolder } from '../helpers/cleanup.ts';
import { canUnshare, type Namespace, startInNamespace } from '../helpers/netns.ts';
import { streamHandler } from '../helpers/scripted-server.ts';
import { startTail } from '../helpers/tail.ts';
import { pauseFor } from '../helpers/watch.ts';

const NAME = 'sink.atlantis.test';
/** Longer than Node waits for an address by default, shorter than the time until the second SYN. */
const LATE_MS = 400;

const ONCE = ['--connect-timeout', '10s'];

/** Starts a namespace in which NAME resolves to 127.0.0.1 and to an IPv6 address without a route. */
async function startDualStack(): Promise<Namespace> {
  const namespace = await startInNamespace();
  const hosts = join(makeTempFolder(), 'hosts');
  writeFileSync(hosts, `127.0.0.1 ${NAME} localhost\n2001:db8::1 ${NAME}\n`);
  await namespace.run(`mount --bind '${hosts}' /etc/hosts`);
  return namespace;
}

/** Loses the first SYN, so that connecting takes a second. */
async function connectLate(namespace: Namespace): Promise<void> {
  const isConnecting = "grep -q ':[0-9A-F]* 02 ' /proc/net/tcp";
  await namespace.run(`for i in $(seq 500); do ${isConnecting} && exit 0; sleep 0.02; done; exit 1`);
  await pauseFor(LATE_MS);
  await namespace.blackHole(false);
}

const describeInside = canUnshare() ? describe : describe.skip;
describeInside(
  'row 92 (C1): an address that answers late is reached at the first attempt (needs unshare, ip, tc)',
  () => {
    test('row 92: an HTTP sink', async () => {
      const namespace = await startDualStack();
      const endpoint = await namespace.startScriptedServer(async (peer) => {
        await peer.readRequest();
        await peer.respond(200);
      });
      await namespace.blackHole(true);
      const args = ['--to', `http://${NAME}:${endpoint.port}`, '--allow-http', '--simulate', '--limit', '1'];
      // The simulator is on the same loopback, so the relay also reaches it only when packets pass again.
      const relay = startTail('', [...args, '--connect-timeout', '10s'], {
        command: 'relay',
        prefix: namespace.prefix,
      });
      await connectLate(namespace);
      const exit = await relay.finish();
      // The first attempt was successful.
      expect(exit.stderr).not.toContain('retrying');
      expect(exit.code).toBe(0);
      expect(endpoint.attempts.length).toBeGreaterThan(0);
    });

    test.each(['tail', 'check'])('row 92: a proxy, for %s', async (command) => {
      const namespace = await startDualStack();
      const proxy = await namespace.startScriptedServer(async (peer) => {
        await peer.readRequest();
        await peer.respond(403);
      });
      await namespace.blackHole(true);
      const run = startTail(
        'https://stream.atlantis.test',
        command === 'tail' ? [...ONCE, '--no-reconnect'] : ONCE,
        {
          command,
          env: { HTTPS_PROXY: `http://${NAME}:${proxy.port}` },
          prefix: namespace.prefix,
        },
      );
      await connectLate(namespace);
      const exit = await run.finish();
      expect(exit.stdout + exit.stderr).toContain('refused the tunnel');
      expect(exit.code).toBe(5);
    });

    test('row 92: the stream', async () => {
      const namespace = await startDualStack();
      const server = await namespace.startScriptedServer((peer) => peer.sendRaw('SSH-2.0-x\r\n'));
      await namespace.blackHole(true);
      const tail = startTail(`https://${NAME}:${server.port}`, [...ONCE, '--no-reconnect'], {
        prefix: namespace.prefix,
      });
      await connectLate(namespace);
      // The server has no TLS, but it was reached.
      expect((await tail.finish()).code).toBe(8);
      expect(server.attempts).toHaveLength(1);
    });

    test('row 92: NATS', async () => {
      const namespace = await startDualStack();
      const server = await namespace.startScriptedServer(async (peer) => {
        await peer.sendRaw('INFO {"max_payload":1048576}\r\n');
        await peer.untilClosed();
      });
      await namespace.blackHole(true);
      const args = ['--from', `tls://${NAME}:${server.port}/S`, '--no-reconnect', '--connect-timeout', '10s'];
      const tail = startTail('', args, { prefix: namespace.prefix });
      await connectLate(namespace);
      const exit = await tail.finish();
      expect(exit.stderr).toContain('does not offer TLS');
      expect(exit.code).toBe(11);
    });
  },
);

describeInside('C8: several connections (needs unshare, ip, tc)', () => {
  test('C8: each connection prefers an address that the others do not use', async () => {
    const namespace = await startInNamespace();
    const hosts = join(makeTempFolder(), 'hosts');
    writeFileSync(hosts, '127.0.0.1 localhost\n127.0.0.2 localhost\n');
    await namespace.run(`mount --bind '${hosts}' /etc/hosts`);
    const server = await namespace.startScriptedServer(streamHandler({ events: ['{"n":1}'] }), {
      host: '0.0.0.0',
    });
    const args = ['--connections', '2'];
    const tail = startTail(`http://localhost:${server.port}`, args, { prefix: namespace.prefix });
    const isConnected = (address: string): string =>
      `ss -Htn state established | grep -q '${address}:${server.port} '`;
    const areBoth = ['127.0.0.1', '127.0.0.2'].map(isConnected).join(' && ');
    await namespace.run(`for i in $(seq 500); do ${areBoth} && exit 0; sleep 0.02; done; exit 1`);
    tail.child.kill('SIGTERM');
    await tail.finish();
  });
});

describeInside('C1: a name server that does not answer (needs unshare, ip, tc)', () => {
  test('row 16 (C1): check ends at the connect timeout', async () => {
    const namespace = await startInNamespace();
    await namespace.blackHoleNames();
    const startedAtMs = performance.now();
    const exit = await startTail('https://stream.atlantis.test', ['--connect-timeout', '700ms'], {
      command: 'check',
      prefix: namespace.prefix,
    }).finish();
    expect(exit.code).toBe(7);
    // Without the timeout, the lookup would take ten seconds.
    expect(performance.now() - startedAtMs).toBeLessThan(6_000);
  });
});
