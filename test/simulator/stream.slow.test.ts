// The simulator and 41 MB of pings that the client does not read.
import { describe, expect, test } from '@jest/globals';
import { pauseFor } from '../helpers/watch.ts';
import { connectClient, openSimulator } from './stream-client.ts';

describe('the stream', () => {
  test('a client that pings but does not read is not read either, and loses no pong', async () => {
    const client = connectClient(await openSimulator({ ratePerSecond: 0 }));
    await client.untilTexts(1);
    client.socket.pause();
    // 41 MB: Linux buffers up to 36 MiB between the two sockets.
    const pings = 320_000;
    const payload = Buffer.alloc(120);
    for (let ping = 0; ping < pings; ping++) client.socket.ping(payload);
    // The simulator stops reading, so that some pings stay on the client's side.
    await pauseFor(300);
    expect(client.socket.bufferedAmount).toBeGreaterThan(0);
    const answered = new Promise<void>((resolve) => {
      let pongs = 0;
      client.socket.on('pong', () => ++pongs === pings && resolve());
    });
    client.socket.resume();
    await answered;
  });
});
