// Self-test of the real components: each is reached through and answers as it should.
import { createConnection } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import { hasOpenssl, makeCertificates } from './certificates.ts';
import { canUnshare, startInNamespace } from './netns.ts';
import {
  findWebSocketsPython,
  hasNginx,
  hasTinyproxy,
  startNginx,
  startPythonServer,
  startTinyproxy,
} from './real-components.ts';
import { startScriptedServer, streamHandler } from './scripted-server.ts';
import { tunnelTo } from './tunnel.ts';

const KEY = `ak_live_${'beef0001'.repeat(4)}`;
const WELCOME = { type: 'welcome', key: KEY.slice(0, 16) };

/** The messages up to `count` of them, then a close by the client; or the error. */
function follow(url: string, count: number, options: WebSocket.ClientOptions = {}): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const messages: unknown[] = [];
    const client = new WebSocket(url, { headers: { 'X-API-Key': KEY }, ...options });
    client.on('error', reject);
    client.on('message', (data) => {
      const text = data.toString();
      messages.push(text === 'pong' ? text : JSON.parse(text));
      if (messages.length === count - 1) client.send('ping');
      if (messages.length === count) client.close();
    });
    client.on('close', () => resolve(messages));
  });
}

/** What a proxy answers to a CONNECT with these header lines, up to the empty line. */
function askToConnect(port: number, target: string, lines = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1').on('error', reject);
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${lines}\r\n`);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (!text.includes('\r\n\r\n')) return;
      resolve(text);
      socket.destroy();
    });
  });
}

(hasNginx() && hasOpenssl() ? describe : describe.skip)('startNginx (needs nginx, openssl)', () => {
  const certificates = makeCertificates();

  test('terminates TLS and passes the upgrade on', async () => {
    await using server = await startScriptedServer(streamHandler({ events: ['{"n":1}'] }));
    const nginx = await startNginx({ targetPort: server.port, identity: certificates.good });
    const { ca } = certificates;
    expect(await follow(`${nginx.url}/v1/stream`, 3, { ca })).toEqual([WELCOME, { n: 1 }, 'pong']);
    expect(server.attempts[0]?.request?.path).toBe('/v1/stream');
    expect(nginx.readLog()).toContain('GET /v1/stream');
  });

  test('passes the upgrade on without TLS; a service that is down is 502', async () => {
    const server = await startScriptedServer(streamHandler());
    const nginx = await startNginx({ targetPort: server.port, location: 'proxy_read_timeout 1s;' });
    expect(await follow(nginx.url, 2)).toEqual([WELCOME, 'pong']);
    await server.close();
    await expect(follow(nginx.url, 1)).rejects.toThrow('502');
  });
});

(hasTinyproxy() ? describe : describe.skip)('startTinyproxy (needs tinyproxy)', () => {
  test('tunnels through an upstream proxy, here a scripted one that resolves every name', async () => {
    await using server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await peer.sendRaw('hello');
    });
    await using tunnel = await startScriptedServer(tunnelTo(server.port));
    const proxy = await startTinyproxy({ upstreamPort: tunnel.port });
    expect(await askToConnect(proxy.port, 'stream.example:443')).toMatch(/^HTTP\/1.[01] 200 /);
    expect(tunnel.attempts[0]?.request?.path).toBe('stream.example:443');
    expect(proxy.readLog()).toContain('stream.example:443');
  });

  test('asks for credentials', async () => {
    const proxy = await startTinyproxy({ basicAuth: 'user:secret' });
    expect(await askToConnect(proxy.port, '127.0.0.1:1')).toMatch(/^HTTP\/1.[01] 407 /);
    const header = `Proxy-Authorization: Basic ${Buffer.from('user:secret').toString('base64')}\r\n`;
    expect(await askToConnect(proxy.port, '127.0.0.1:1', header)).not.toMatch(/^HTTP\/1.[01] 407 /);
  });

  (canUnshare() ? test : test.skip)('runs in a namespace (needs unshare)', async () => {
    const namespace = await startInNamespace();
    const proxy = await startTinyproxy({ prefix: namespace.prefix });
    expect(proxy.port).toBeGreaterThan(0);
    await expect(askToConnect(proxy.port, '127.0.0.1:1')).rejects.toThrow('ECONNREFUSED');
  });
});

describe('tunnelTo', () => {
  (hasOpenssl() ? test : test.skip)('carries TLS to the target (needs openssl)', async () => {
    const certificates = makeCertificates();
    await using server = await startScriptedServer(streamHandler(), { tls: certificates.good });
    await using tunnel = await startScriptedServer(tunnelTo(server.port));
    const socket = createConnection(tunnel.port, '127.0.0.1');
    socket.write('CONNECT localhost:443 HTTP/1.1\r\n\r\n');
    const text = await new Promise<string>((resolve) => {
      socket.once('data', () => {
        const secure = connectTls({ socket, servername: 'localhost', ca: certificates.ca });
        secure.write(`GET / HTTP/1.1\r\nX-API-Key: ${KEY}\r\n\r\n`);
        secure.once('data', (data) => resolve(data.toString()));
      });
    });
    expect(text).toMatch(/^HTTP\/1.1 101/);
    socket.destroy();
  });

  test('refuses any method but CONNECT', async () => {
    await using tunnel = await startScriptedServer(tunnelTo(1));
    await expect(follow(tunnel.url, 1)).rejects.toThrow('405');
  });
});

(findWebSocketsPython() ? describe : describe.skip)('startPythonServer (needs python3-websockets)', () => {
  test('speaks the protocol: welcome, events, pong, close', async () => {
    const server = await startPythonServer({ key: KEY, events: ['{"n":1}', '{"n":"ä"}'] });
    expect(await follow(`${server.url}/v1/stream`, 4)).toEqual([WELCOME, { n: 1 }, { n: 'ä' }, 'pong']);
    await expect(follow(`${server.url}/v1/stream`, 1, { headers: {} })).rejects.toThrow('401');
    await expect(follow(`${server.url}/elsewhere`, 1)).rejects.toThrow('404');
    const health = await fetch(`http://127.0.0.1:${server.port}/healthz`);
    expect(await health.json()).toEqual({ status: 'ok' });
  });

  test('closes with a code when asked to', async () => {
    const server = await startPythonServer({ key: KEY, events: ['{"n":1}'], closeCode: 1001 });
    const client = new WebSocket(`${server.url}/v1/stream`, { headers: { 'X-API-Key': KEY } });
    expect(await new Promise((resolve) => client.on('close', resolve))).toBe(1001);
  });
});
