// Servers that answer the upgrade with anything but a WebSocket: the answer is named, exit 8 after one attempt.
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type Peer, startScriptedServer } from '../helpers/scripted-server.ts';
import { runTail } from '../helpers/tail.ts';

describe('row 26: an answer that is not a WebSocket is exit 8 after one attempt', () => {
  const page = '<!DOCTYPE html><title>\x1b[31mIt works!</title>';
  const wrongAccept = createHash('sha1').update('something else').digest('base64');
  const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\n';
  test.each<{ what: string; says: RegExp; play: (peer: Peer) => Promise<unknown> }>([
    {
      what: '200 with HTML',
      says: /HTTP 200, .*text\/html/,
      play: (peer) => peer.respond(200, { 'Content-Type': 'text/html' }, page),
    },
    { what: '204', says: /HTTP 204/, play: (peer) => peer.respond(204) },
    {
      what: 'a wrong Sec-WebSocket-Accept',
      says: /Sec-WebSocket-Accept/i,
      play: (peer) => peer.accept({ accept: wrongAccept }),
    },
    {
      what: 'an extension that was not requested',
      says: /Sec-WebSocket-Extensions/i,
      play: (peer) => peer.accept({ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } }),
    },
    {
      what: 'a subprotocol that was not requested',
      says: /subprotocol/i,
      play: (peer) => peer.accept({ headers: { 'Sec-WebSocket-Protocol': 'chat' } }),
    },
    {
      what: '101 to another protocol',
      says: /upgrade/i,
      play: (peer) => peer.sendRaw(`${SWITCH}Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n`),
    },
    { what: '101 without Upgrade', says: /\(.+\)/, play: (peer) => peer.sendRaw(`${SWITCH}\r\n`) },
    {
      what: 'an SSH banner',
      says: /not an HTTP response/,
      play: (peer) => peer.sendRaw('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'),
    },
    {
      what: 'binary noise',
      says: /not an HTTP response/,
      play: (peer) => peer.sendRaw('\x00\x01\x02\xff\r\n\r\n'),
    },
    {
      what: 'a head without end',
      says: /not an HTTP response/,
      play: (peer) => peer.sendRaw(`HTTP/1.1 101 OK\r\nX-Long: ${'a'.repeat(100_000)}`),
    },
  ])('$what', async ({ says, play }) => {
    const server = await startScriptedServer(async (peer) => {
      await peer.readRequest();
      await play(peer);
      await peer.untilClosed();
    });
    const { code, stdout, stderr } = await runTail(server.url);
    expect([stdout, code]).toEqual(['', 8]);
    expect(stderr).toMatch(/error: 127\.0\.0\.1:\d+ did not open a WebSocket/);
    expect(stderr).toMatch(says);
    expect(stderr).not.toContain('\x1b');
    expect(server.attempts).toHaveLength(1);
  });

  test('an SSH banner as soon as the connection is open', async () => {
    const server = await startScriptedServer((peer) => peer.sendRaw('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'));
    const { code, stderr } = await runTail(server.url);
    expect(stderr).toMatch(/did not open a WebSocket \(not an HTTP response/);
    expect(code).toBe(8);
    expect(server.attempts).toHaveLength(1);
  });
});
