// Over TLS, each read is a record of at most 16 KiB, but events that arrive together are delivered in one batch, which
// is one write.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { textsOf } from '../../../src/events/batch.ts';
import { type Certificates, hasOpenssl, makeCertificates } from '../../helpers/certificates.ts';
import { frame, type Peer, startScriptedServer, streamHandler } from '../../helpers/scripted-server.ts';
import { expectSoon } from '../../helpers/soon.ts';
import { tunnelTo } from '../../helpers/tunnel.ts';
import { type Run, startRun } from '../stream-server.ts';

const RECORD_BYTES = 16 * 1024;
/** The size of one read of the encrypted bytes. */
const BLOCK_BYTES = 3 * RECORD_BYTES;

/** Creates events that are sent together, numbered from `first` on. */
function makeBlock(first: number, eventBytes: number): { texts: string[]; bytes: Buffer } {
  const texts = Array.from({ length: Math.floor(BLOCK_BYTES / eventBytes) }, (_unused, index) =>
    JSON.stringify({ n: first + index, filler: 'x'.repeat(eventBytes - 30) }),
  );
  return { texts, bytes: Buffer.concat(texts.map((text) => frame.text(text))) };
}

(hasOpenssl() ? describe : describe.skip)('TLS (needs the openssl command)', () => {
  let made: Certificates;
  beforeAll(() => {
    made = makeCertificates();
  });

  async function start(way: 'directly' | 'through a proxy'): Promise<{ run: Run; peer: Peer }> {
    let give: (peer: Peer) => void = () => undefined;
    const first = new Promise<Peer>((resolve) => {
      give = resolve;
    });
    const server = await startScriptedServer(streamHandler({ finish: (peer) => give(peer) }), {
      tls: made.good,
    });
    const proxy = way === 'directly' ? undefined : await startScriptedServer(tunnelTo(server.port));
    const run = startRun(`${server.url}/v1/stream`, {
      dial: {
        trustedRoots: [made.ca],
        proxyUrl: proxy && `http://127.0.0.1:${proxy.port}`,
      },
    });
    await run.until('connected');
    return { run, peer: await first };
  }

  describe.each(['directly', 'through a proxy'] as const)('%s', (way) => {
    test.each([200, 2_000, 20_000])(
      'O5: events of %i bytes that arrive in several records are delivered in one batch',
      async (eventBytes) => {
        const { run, peer } = await start(way);
        const rounds = 20;
        let batches = 0;
        for (let round = 0; round < rounds; round += 1) {
          const { texts, bytes } = makeBlock(round * 1_000, eventBytes);
          await peer.sendRaw(bytes);
          const seen: string[] = [];
          while (seen.length < texts.length) {
            const { batch } = await run.until('events');
            seen.push(...textsOf(batch).map(String));
            batches += 1;
          }
          expect(seen).toEqual(texts);
        }
        // On a busy machine the kernel may split a block; one batch per record would be three per block.
        expect(batches).toBeLessThan(rounds * 2);
      },
    );

    test('O5: an event that arrives alone is delivered at once', async () => {
      const { run, peer } = await start(way);
      const tookMs: number[] = [];
      for (let n = 0; n < 100; n += 1) {
        const sentAtMs = performance.now();
        await peer.sendText(`{"n":${n}}`);
        expect(await run.takeEvents(1)).toEqual([`{"n":${n}}`]);
        tookMs.push(performance.now() - sentAtMs);
      }
      // A busy machine delays some events; a timer would delay all.
      tookMs.sort((a, b) => a - b);
      expectSoon(tookMs[25] ?? Number.NaN, 5);
    });
  });
});
