// A CONNECT proxy on loopback, which only forwards bytes.
import { createServer } from 'node:http';
import { connect } from 'node:net';

export async function startConnectProxy() {
  const server = createServer();
  server.on('connect', ({ url }, client) => {
    const [hostname, port] = url.split(':');
    const target = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    client.on('error', () => target.destroy());
    target.on('error', () => client.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}
