// Closing a socket, which the next attempt waits for.
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { terminate } from '../../../src/connection/dial/socket.ts';

test('C8: a socket counts as closed after its close event, not after the call of terminate', async () => {
  let terminateCalls = 0;
  const socket = Object.assign(new EventEmitter(), {
    readyState: WebSocket.OPEN,
    terminate: () => void terminateCalls++,
  });
  let isGone = false;
  const gone = terminate(socket as unknown as WebSocket).then(() => {
    isGone = true;
  });
  await nextTurn();
  expect([terminateCalls, isGone]).toEqual([1, false]);
  socket.emit('close');
  await gone;
});

test('C8: a closed socket is not waited for', async () => {
  const socket = Object.assign(new EventEmitter(), { readyState: WebSocket.CLOSED });
  await terminate(socket as unknown as WebSocket);
  expect(socket.listenerCount('close')).toBe(0);
});
