// Reports about discarded messages over a longer time.
import { expect, test } from '@jest/globals';
import { frame, startScriptedServer, streamHandler } from '../helpers/scripted-server.ts';
import { pauseFor } from '../helpers/watch.ts';
import { endOf, lastRecord, readRecords, startTail } from './start-tail.ts';

test('G4: discarded messages are counted by reason and reported at most once per 5 s', async () => {
  const count = 44;
  await using server = await startScriptedServer(
    streamHandler({
      finish: async (peer) => {
        for (let n = 0; n < count; n++) {
          await peer.sendRaw(n % 4 === 0 ? frame.text('not JSON') : frame.binary('x'));
          await pauseFor(250);
        }
        await pauseFor(5_500);
        await peer.sendText('{}');
      },
    }),
  );
  const child = startTail(server.url, ['--limit', '1', '--log-format', 'json']);
  const { stderr } = await endOf(child);
  const reported = readRecords(stderr).filter((record) => record['event'] === 'discarded');
  const times = reported.map((record) => Date.parse(String(record['ts'])));
  for (const [index, atMs] of times.entries()) {
    if (index > 0) expect(atMs - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(4_990);
  }
  const sums = { binary: 0, 'not JSON': 0 };
  for (const { discarded } of reported as unknown as { discarded: Partial<typeof sums> }[]) {
    sums.binary += discarded.binary ?? 0;
    sums['not JSON'] += discarded['not JSON'] ?? 0;
  }
  expect(sums).toEqual({ binary: 33, 'not JSON': 11 });
  expect(lastRecord(stderr, 'summary')['discarded']).toEqual(sums);
});
