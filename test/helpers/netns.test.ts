// Self-test of the network namespace, with small clients in place of the command.
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { untilDead } from './child.ts';
import { makeTempFolder, runCleanups } from './cleanup.ts';
import { canUnshare, startInNamespace } from './netns.ts';
import { pauseFor, Watch } from './watch.ts';

/** Connects to the port in argv, sends a head and prints what comes. */
function clientScript(): string {
  const file = join(makeTempFolder(), 'client.cjs');
  writeFileSync(
    file,
    `const socket = require('net').connect(process.argv[2], '127.0.0.1');
     socket.write('GET / HTTP/1.1\\r\\n\\r\\n');
     socket.pipe(process.stdout);
     socket.on('error', (error) => console.error(error.code));`,
  );
  return file;
}

(canUnshare() ? describe : describe.skip)('startInNamespace (needs unshare, ip, tc)', () => {
  test('its server can be reached inside and not outside; the script of the server runs in the test process', async () => {
    const namespace = await startInNamespace();
    const paths: string[] = [];
    const server = await namespace.startScriptedServer(async (peer) => {
      paths.push((await peer.readRequest()).path);
      await peer.sendRaw(`hello ${process.pid}\n`);
      peer.end();
    });
    const inside = await namespace.startCli([String(server.port)], { script: clientScript() }).exit;
    expect(inside).toMatchObject({ code: 0, stdout: `hello ${process.pid}\n`, stderr: '' });
    expect(paths).toEqual(['/']);
    const outside = await new Promise((resolve) => {
      createConnection(server.port, '127.0.0.1').on('error', ({ message }) => resolve(message));
    });
    expect(outside).toMatch('ECONNREFUSED');
    expect(server.attempts).toHaveLength(1);
  });

  test('during a black hole nothing arrives; afterwards everything does', async () => {
    const namespace = await startInNamespace();
    const blackened = new Watch();
    let isBlack = false;
    const server = await namespace.startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw('before\n');
      await blackened.until(() => isBlack || undefined, 'the black hole');
      await peer.sendRaw('during\n');
    });
    const client = namespace.startCli([String(server.port)], { script: clientScript() });
    await client.waitForStdout('before');
    await namespace.blackHole(true);
    isBlack = true;
    blackened.notify();
    await pauseFor(400);
    expect(client.stdoutText).toBe('before\n');
    await namespace.blackHole(false);
    await client.waitForStdout('during');
  });

  test('limitRate slows a link down', async () => {
    const namespace = await startInNamespace();
    const server = await namespace.startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw('x'.repeat(20_000));
      peer.end();
    });
    await namespace.limitRate(160);
    const startedAtMs = performance.now();
    const exit = await namespace.startCli([String(server.port)], { script: clientScript() }).exit;
    expect(exit.stdout).toHaveLength(20_000);
    expect(performance.now() - startedAtMs).toBeGreaterThan(700);
    await namespace.limitRate(undefined);
  });

  test('name lookups can be made to hang, and the working directory is kept', async () => {
    const namespace = await startInNamespace();
    await namespace.blackHoleNames();
    const file = join(makeTempFolder(), 'lookup.cjs');
    writeFileSync(
      file,
      `console.log(process.cwd());
       require('dns').lookup('name.example', () => console.log('answered'));`,
    );
    const lookup = namespace.startCli([], { script: file, cwd: '/usr' });
    expect(await lookup.waitForLines(1)).toEqual(['/usr']);
    await pauseFor(300);
    expect(lookup.stdoutText).toBe('/usr\n');
    lookup.kill('SIGTERM');
    expect((await lookup.exit).signal).toBe('SIGTERM');
  });

  test('the namespace is gone after the test', async () => {
    const namespace = await startInNamespace();
    const pid = Number((await namespace.run('echo $PPID')).stdout) && Number(namespace.prefix[6]);
    await runCleanups('test');
    await untilDead(pid);
    await expect(namespace.run('true')).rejects.toThrow('namespace');
  });
});
