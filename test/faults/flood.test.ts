// A server that sends small frames as fast as it can does not delay signals (contract R2). flood.slow.test.ts tests
// timers.
import { describe, expect, test } from '@jest/globals';
import { encodeFrame, OPCODE } from '../helpers/frames.ts';
import { FLOODS, HEARD_MS, startFlood } from './floods.ts';
import { startHandOver } from './hand-over.ts';
import { endOf, expectDeath, spawnTail } from './start-tail.ts';

describe.each(FLOODS)('row 87 (R2): a flood of %s', (_name, frames) => {
  test('a signal ends the run in time', async () => {
    await using server = await startFlood(frames);
    const child = spawnTail(server.url, ['--json'], { stdout: 'ignore' });
    await child.waitForStderr('connected to');
    await expectDeath(child, 'SIGTERM', HEARD_MS);
  });
});

test('row 87 (K1): the latest ping of a flood is answered, and the event after it is printed', async () => {
  const pings = Array.from({ length: 200_000 }, (_unused, n) =>
    encodeFrame({ opcode: OPCODE.ping, payload: `${n}` }),
  );
  const { server, first } = await startHandOver(['{"n":1}']);
  const child = spawnTail(server.url, ['--json', '--limit', '2']);
  const peer = await first;
  await peer.sendRaw(Buffer.concat(pings));
  const latest = `${pings.length - 1}`;
  const hasAnswer = (): boolean =>
    peer.attempt.frames.some(
      ({ opcode, payload }) => opcode === OPCODE.pong && payload.toString() === latest,
    );
  await server.waitUntil(() => hasAnswer() || undefined, 'the pong to the latest ping');
  await peer.sendText('{"n":2}');
  expect(await endOf(child)).toMatchObject({ code: 0, stdout: '{"n":1}\n{"n":2}\n' });
});
