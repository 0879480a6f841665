// The benchmark server, a separate process. Frames are prepared in advance and written as fast as the socket
// accepts them, so that the server is never the bottleneck. Handshake and frames do not use a library.
//
// Sends { port, tlsPort, certificate } to its parent once, then { begunNs } for each connection: when its events begin,
// by the monotonic clock.
// `wss:` uses TLS 1.3 with AES-128-GCM and a certificate that is made with `openssl` at the start.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDistinctEvents, makeEvents } from './lib/events.mjs';
import { decodeFlow } from './lib/flow.mjs';
import { createFrameReader, encodeClose, encodeFrame, encodeText, OPCODE } from './lib/frames.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const BLOCK_BYTES = 512 * 1024;

/** Blocks of whole frames by event size, with `perBlock` events each. */
const blocks = new Map();

function blockOf({ size, count, distinct }) {
  const name = distinct === 1 ? `${size} ${count}` : size;
  const known = blocks.get(name);
  if (known !== undefined) return known;
  const frames = (distinct === 1 ? makeDistinctEvents(size, count) : makeEvents(size)).map(encodeText);
  const round = Buffer.concat(frames);
  const rounds = distinct === 1 ? 1 : Math.max(1, Math.round(BLOCK_BYTES / round.length));
  const made = {
    bytes: Buffer.concat(Array.from({ length: rounds }, () => round)),
    perBlock: rounds * frames.length,
    frameBytes: frames[0].length,
  };
  blocks.set(name, made);
  return made;
}

/** Writes the events of a flow, waiting for drain; calls `done` after the socket has accepted all of them. */
function flood(socket, flow, done) {
  const { count } = flow;
  const { bytes, perBlock, frameBytes } = blockOf(flow);
  let left = count;
  const write = () => {
    while (left > 0 && !socket.destroyed) {
      const now = Math.min(left, perBlock);
      left -= now;
      const isRoomLeft = socket.write(now === perBlock ? bytes : bytes.subarray(0, now * frameBytes));
      if (!isRoomLeft) {
        socket.once('drain', write);
        return;
      }
    }
    done();
  };
  write();
}

/** Sends single events at random times, each with the time of its write. */
function trickle(socket, { count, everyMs }, done) {
  let left = count;
  const next = () => setTimeout(send, Math.random() * 2 * everyMs);
  const send = () => {
    if (socket.destroyed) return;
    if (left-- === 0) {
      done();
      return;
    }
    const sentNs = process.hrtime.bigint();
    socket.write(encodeText(`{"type":"large_transfer","chain":"base","amount":42,"sent_ns":"${sentNs}"}`));
    next();
  };
  next();
}

/** Number of a feed → its connections. */
const feeds = new Map();

/** Adds a connection to its feed, which begins when all its connections are open. */
function joinFeed(socket, flow) {
  const sockets = feeds.get(flow.feed) ?? [];
  feeds.set(flow.feed, sockets);
  sockets.push(socket);
  if (sockets.length === flow.clients) setTimeout(() => pace(sockets, flow), flow.delayMs);
}

/** Sends the same events to all sockets at a steady rate: every ms, the events that are due, in one write. */
function pace(sockets, { feed, count, perSecond, size }) {
  const startMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(count, Math.floor(((performance.now() - startMs) * perSecond) / 1_000));
    const frames = [];
    for (; sent < due; sent++) frames.push(encodeText(makeTimedEvent(sent, size)));
    const bytes = Buffer.concat(frames);
    for (const socket of sockets) if (!socket.destroyed && bytes.length > 0) socket.write(bytes);
    if (sent < count && sockets.some(({ destroyed }) => !destroyed)) return;
    clearInterval(timer);
    feeds.delete(feed);
  }, 1);
}

/** An event with an id and the time of its write, filled up to `size` bytes. */
function makeTimedEvent(n, size) {
  const head = `{"id":"evt_${n}","type":"large_transfer","chain":"base","sent_ns":"${process.hrtime.bigint()}","memo":"`;
  return `${head.padEnd(size - 2, 'x')}"}`;
}

/** A self-signed certificate for 127.0.0.1, and for 0.0.0.0, which clients reach through a proxy. */
function makeCertificate() {
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  try {
    const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,IP:0.0.0.0'];
    const files = ['-keyout', keyFile, '-out', certFile];
    execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '1', ...names, ...files], {
      stdio: 'ignore',
    });
    return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function answerUpgrade(request, socket) {
  socket.on('error', () => {});
  socket.setNoDelay(true);
  const flow = decodeFlow(request.url);
  const key = createHash('sha1').update(request.headers['sec-websocket-key'] + GUID);
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`,
  );
  const prefix = (request.headers['x-api-key'] ?? '').slice(0, 16);
  socket.write(encodeText(`{ "type": "welcome", "key": "${prefix}" }`));
  socket.on(
    'data',
    createFrameReader((opcode, payload) => {
      if (opcode === OPCODE.close) socket.end(encodeFrame(OPCODE.close, payload));
      else if (opcode === OPCODE.ping) socket.write(encodeFrame(OPCODE.pong, payload));
      else if (opcode === OPCODE.text && payload.toString() === 'ping') socket.write(encodeText('pong'));
    }),
  );
  socket.on('end', () => socket.end());
  if (flow.feed !== 0) {
    joinFeed(socket, flow);
    return;
  }
  const send = flow.everyMs > 0 ? trickle : flood;
  const begin = () => {
    process.send({ begunNs: process.hrtime.bigint().toString() });
    send(socket, flow, () => {
      if (flow.end === 'close') socket.write(encodeClose(1000));
    });
  };
  if (flow.everyMs === 0) blockOf(flow);
  if (flow.delayMs === 0) begin();
  else setTimeout(begin, flow.delayMs);
}

const certificate = makeCertificate();
const tlsOptions = { ...certificate, ciphers: 'TLS_AES_128_GCM_SHA256', minVersion: 'TLSv1.3' };
const listeners = [createServer(), createTlsServer(tlsOptions)].map((server) => {
  server.on('request', (_request, response) => response.writeHead(404).end());
  server.on('upgrade', answerUpgrade);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
});
const [port, tlsPort] = await Promise.all(listeners);
process.send({ port, tlsPort, certificate: certificate.cert });
process.on('disconnect', () => process.exit());
