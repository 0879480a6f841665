// The program under test in the examples: follows the stream across reconnects until it has `count` events.
import { WebSocket } from 'ws';

export async function follow({ url, key, count }) {
  const events = [];
  while (events.length < count) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/stream`, { headers: { 'X-API-Key': key } });
    await new Promise((resolve, reject) => {
      socket.on('message', (data) => {
        const message = JSON.parse(data);
        if (message.type !== 'welcome') events.push(message);
        if (events.length === count) socket.close();
      });
      socket.on('unexpected-response', (_request, response) => {
        if (response.statusCode < 500) reject(new Error(`refused with ${response.statusCode}`));
        else resolve();
      });
      socket.on('error', () => {});
      socket.on('close', resolve);
    });
  }
  return events;
}
