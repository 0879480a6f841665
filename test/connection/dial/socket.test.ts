// The end of a socket, which the next attempt waits for.
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { terminate } from '../../../src/connection/dial/socket.ts';

test('C8: a socket is only gone when it says so, not when it was told to go', async () => {
  let told = 0;
  const socket = Object.assign(new EventEmitter(), {
    readyState: WebSocket.OPEN,
    terminate: () => void told++,
  });
  let isGone = false;
  const gone = terminate(socket as unknown as WebSocket).then(() => {
    isGone = true;
  });
  await nextTurn();
  expect([told, isGone]).toEqual([1, false]);
  socket.emit('close');
  await gone;
});

test('C8: one that is gone already is not waited for', async () => {
  const socket = Object.assign(new EventEmitter(), { readyState: WebSocket.CLOSED });
  await terminate(socket as unknown as WebSocket);
  expect(socket.listenerCount('close')).toBe(0);
});
