// The handshake with a SOCKS 5 proxy, byte by byte. Real proxies: test/faults/socks.test.ts.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { requestTunnel } from '../../../src/connection/dial/socks-tunnel.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** Starts a proxy that sends one answer, in hex, after each chunk; a full stop means that it ends the connection. */
async function startProxy(answers: readonly string[]): Promise<{ socket: Socket; received: string[] }> {
  const received: string[] = [];
  const left = [...answers];
  const server = createServer((peer) => {
    peer.on('error', () => {});
    peer.on('data', (chunk) => {
      received.push(chunk.toString('hex'));
      const answer = left.shift();
      if (answer === undefined) return;
      peer.write(Buffer.from(answer.replace('.', ''), 'hex'));
      if (answer.endsWith('.')) peer.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  open.push({ close: () => socket.destroy() }, server);
  return { socket, received };
}

const GRANTED = '05000001000000000000';

async function ask(
  answers: readonly string[],
  { login = '', host = 'a.example' } = {},
): Promise<{ socket: Socket; received: string[] }> {
  const proxy = await startProxy(answers);
  await requestTunnel(proxy.socket, new URL(`socks5h://${login}127.0.0.1:1080`), {
    host,
    port: 443,
    isSecure: true,
  });
  return proxy;
}

describe('row 99 (C6): what a SOCKS proxy receives', () => {
  test.each([
    ['a.example', `0309${Buffer.from('a.example').toString('hex')}`],
    ['192.0.2.1', '01c0000201'],
    ['2001:db8::8:800:200c:417a', '0420010db80000000000080800200c417a'],
    ['::1', '0400000000000000000000000000000001'],
    ['::', '0400000000000000000000000000000000'],
    ['1:2:3:4:5:6:7:8', '0400010002000300040005000600070008'],
    ['fe80::1%lo', '04fe800000000000000000000000000001'],
    ['::ffff:192.0.2.128', '0400000000000000000000ffffc0000280'],
  ])('row 99: the destination %s in binary form', async (host, address) => {
    const { received } = await ask(['0500', GRANTED], { host });
    expect(received).toEqual(['050100', `050100${address}01bb`]);
  });

  test('row 99: the login only if the proxy chooses that method', async () => {
    const login = 'us:p%C3%A4@';
    const asked = await ask(['0502', '0100', GRANTED], { login });
    expect(asked.received.slice(0, 2)).toEqual(['05020002', '0102757303' + '70c3a4']);
    const notAsked = await ask(['0500', GRANTED], { login });
    expect(notAsked.received).toHaveLength(2);
  });
});

describe('row 99 (C6): an answer of a SOCKS proxy', () => {
  test.each([
    ['an IPv4 address', GRANTED],
    ['an IPv6 address', `05000004${'00'.repeat(18)}`],
    ['a name', `0500000303${'61'.repeat(3)}0050`],
  ])('row 99: with %s: bytes after the answer belong to the tunnel', async (_what, granted) => {
    const { socket } = await ask(['0500', `${granted}${Buffer.from('HELLO').toString('hex')}`]);
    const [chunk] = await once(socket, 'data');
    expect(String(chunk)).toBe('HELLO');
    expect(socket.listenerCount('error') + socket.listenerCount('readable')).toBe(0);
  });

  test.each<[string, string[], string, string, boolean]>([
    [
      'its rules',
      ['0500', '05020001000000000000'],
      '',
      'SOCKS reply 2: connection not allowed by ruleset',
      true,
    ],
    ['the network', ['0500', '05040001000000000000'], '', 'SOCKS reply 4: host unreachable', false],
    ['an unknown reply', ['0500', '05630001'], '', 'SOCKS reply 99: unknown', false],
    ['a login is required', ['05ff'], '', 'it requires a user name and password', true],
    ['a login that was not offered', ['0502'], '', 'it requires a user name and password', true],
    ['a login is not accepted', ['05ff'], 'u:p@', 'it does not accept a user name and password', true],
    ['a wrong login', ['0502', '0101'], 'u:p@', 'it did not accept the user name and password', true],
    ['an HTTP proxy', [Buffer.from('HTTP/1.1 400').toString('hex')], '', 'its answer is not SOCKS 5', false],
    ['another version in the second answer', ['0500', '04000001'], '', 'its answer is not SOCKS 5', false],
    ['the connection ends', ['.'], '', 'it closed the connection', false],
    [
      'the connection ends in the middle of an answer',
      ['0500', '0500.'],
      '',
      'it closed the connection',
      false,
    ],
  ])('row 99: a failure is reported by name: %s', async (_what, answers, login, message, isRefusal) => {
    const proxy = await startProxy(answers);
    const asked = requestTunnel(proxy.socket, new URL(`socks5h://${login}127.0.0.1:1080`), {
      host: 'a.example',
      port: 443,
      isSecure: true,
    });
    const error = await asked.catch((one: unknown) => one);
    expect(error).toMatchObject({ message });
    expect((error as { code?: string }).code).toBe(isRefusal ? 'ESOCKSREFUSED' : undefined);
  });

  test('row 99: if the connection is destroyed before an answer, the request fails with that error', async () => {
    const { socket } = await startProxy([]);
    const asked = requestTunnel(socket, new URL('socks5h://127.0.0.1'), {
      host: 'a',
      port: 1,
      isSecure: true,
    });
    socket.destroy(new Error('reset'));
    await expect(asked).rejects.toThrow('reset');
  });
});
