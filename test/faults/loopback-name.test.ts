// The name localhost, if it resolves to an address of another machine.
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { CANARY_KEY } from '../helpers/canary.ts';
import { runCli } from '../helpers/run-cli.ts';
import { startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pickRecords, runTail } from '../helpers/tail.ts';
import { preload } from './start-tail.ts';

/** An address of this machine that is not loopback. */
const OTHER = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

const LOOKUP = `
  const dns = require('node:dns');
  const { lookup } = dns;
  dns.lookup = (name, options, callback = options) => {
    if (name !== 'localhost') lookup(name, options, callback);
    else if (options.all) callback(null, [{ address: '${OTHER}', family: 4 }]);
    else callback(null, '${OTHER}', 4);
  };`;

const describeWithAddress = OTHER === undefined ? describe.skip : describe;
describeWithAddress('row 101 (C5): localhost resolves to another machine (needs a second address)', () => {
  const hosts = { localhost: [OTHER ?? ''] };

  test.each(['tail', 'check'])('row 101: %s: exit 11, and no connection', async (command) => {
    const server = await startScriptedServer(streamHandler({}), { host: '0.0.0.0' });
    const url = `http://localhost:${server.port}`;
    const exit = await runTail(url, [], { command, hosts, log: 'json' });
    expect(pickRecords(exit, 'error')).toMatchObject([{ cause: 'not-loopback', exit_code: 11 }]);
    expect(pickRecords(exit, 'error')[0]?.message).toContain(`localhost resolves to ${OTHER}`);
    expect(server.attempts).toHaveLength(0);
    expect(exit.code).toBe(11);
  });

  test('row 101: an HTTP sink: exit 11, and no connection', async () => {
    const endpoint = await startScriptedServer(async () => {}, { host: '0.0.0.0' });
    const args = ['--simulate', '--to', `http://localhost:${endpoint.port}`];
    const exit = await runTail('', args, { command: 'relay', hosts });
    expect(exit.stderr).toMatch(/localhost:\d+ is not this machine/);
    expect(exit.code).toBe(11);
    expect(endpoint.attempts).toHaveLength(0);
  });

  test('row 101 (C7): an HTTP sink without certificate checks: exit 11, and no connection', async () => {
    const endpoint = await startScriptedServer(async () => {}, { host: '0.0.0.0' });
    const to = ['--to', `https://localhost:${endpoint.port}`];
    const args = ['stream', 'relay', '--url', 'https://127.0.0.1:9', ...to, '--verbose'];
    const { nodeArgs } = preload(LOOKUP);
    // Not runTail, because Node prints a warning about this variable.
    const exit = await runCli(args, {
      env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      nodeArgs,
      key: CANARY_KEY,
    });
    expect(exit.stderr).toMatch(/localhost:\d+ is not this machine/);
    expect(exit.code).toBe(11);
    expect(endpoint.attempts).toHaveLength(0);
  });

  test('row 101: --metrics-listen: the message says that other machines can read the pages', async () => {
    const args = [
      'stream',
      'tail',
      '--simulate',
      '--metrics-listen',
      'localhost:0',
      '--limit',
      '1',
      '--verbose',
    ];
    const { nodeArgs } = preload(LOOKUP);
    const exit = await runCli(args, { nodeArgs, key: CANARY_KEY });
    expect(exit.code).toBe(0);
    expect(exit.stderr).toMatch(/http:\/\/localhost:\d+\/metrics.*; other machines can read them/);
  });

  test('row 101: if localhost also resolves to a loopback address, that address is used', async () => {
    const server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const both = { localhost: [OTHER ?? '', '127.0.0.1'] };
    const exit = await runTail(`http://localhost:${server.port}`, ['--limit', '1'], { hosts: both });
    expect(exit.code).toBe(0);
  });

  test('row 101 (C7): a tail without certificate checks: exit 11, and no connection', async () => {
    const server = await startScriptedServer(streamHandler({}), { host: '0.0.0.0' });
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    const args = ['stream', 'tail', '--url', `https://localhost:${server.port}`, '--verbose'];
    const { nodeArgs } = preload(LOOKUP);
    // Not runTail, because Node prints a warning about this variable.
    const exit = await runCli(args, { env, nodeArgs, key: CANARY_KEY });
    expect(exit.stderr).toMatch(/localhost:\d+ is not this machine/);
    expect(exit.code).toBe(11);
    expect(server.attempts).toHaveLength(0);
  });
});
