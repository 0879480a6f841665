// A sink that a test controls: it records what is sent, and answers when and how the test wants.
import type { SendResult, Sink, SinkFault } from '../../src/delivery/sink.ts';
import type { SpoolRecord } from '../../src/delivery/spool/record.ts';

/** A unit in flight. */
interface Sent {
  readonly numbers: readonly number[];
  answer(result: SendResult): void;
}

export interface FakeSink extends Sink {
  /** Units in the order in which they were sent, over all connections. */
  readonly sent: Sent[];
  /** The result of `open`; undefined: ready. */
  openFault: SinkFault | undefined;
  /** Answers each unit at once; undefined: the test answers. */
  auto: ((numbers: readonly number[]) => SendResult) | undefined;
  opened: number;
}

export const ACCEPTED: SendResult = { kind: 'accepted', duplicates: 0 };

export function createFakeSink({ unitSize = 1, maxInFlight = 1_000 } = {}): FakeSink {
  const waiting = new Set<() => void>();
  const sink: FakeSink = {
    name: 'the test',
    unitSize,
    maxInFlight,
    wantsLifecycle: true,
    sendTimeoutMs: 10_000,
    sent: [],
    openFault: undefined,
    auto: undefined,
    opened: 0,
    open() {
      sink.opened += 1;
      return Promise.resolve(sink.openFault);
    },
    send(unit) {
      const numbers = unit.map(({ text }) => Number(text.toString()));
      return new Promise((resolve) => {
        const giveUp = (): void => resolve({ kind: 'failed', fault: { message: 'closed' } });
        waiting.add(giveUp);
        sink.sent.push({
          numbers,
          answer(result) {
            waiting.delete(giveUp);
            resolve(result);
          },
        });
        if (sink.auto !== undefined) sink.sent.at(-1)?.answer(sink.auto(numbers));
      });
    },
    close() {
      for (const giveUp of waiting) giveUp();
      waiting.clear();
      return Promise.resolve();
    },
  };
  return sink;
}

/** Records whose text is their number. */
export function makeNumbered(from: number, to: number): SpoolRecord[] {
  return Array.from({ length: to - from }, (_unused, index) => ({
    mark: 0,
    text: Buffer.from(String(from + index)),
  }));
}
