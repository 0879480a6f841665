// The output of `top`: counts events, draws the table while the run lasts, and prints it at the end.
import { type Batch, textOf } from '../../events/batch.ts';
import type { Io } from '../../io/io.ts';
import { openStdout } from '../../io/line-writer.ts';
import { escapeJsonCommands } from '../../render/ci-commands.ts';
import type { LifecycleRecord } from '../../render/renderer.ts';
import { stringifySafe } from '../../render/sanitize.ts';
import { sayCut } from '../../session/messages.ts';
import type { OpenOutput, Output } from '../../session/output.ts';
import { DeferredEvents } from './deferred-events.ts';
import { describeTop } from './document.ts';
import { renderTable } from './frame.ts';
import { LiveView, type ViewParts } from './live-view.ts';
import type { Facts } from './row.ts';

interface TopParts extends ViewParts {
  readonly readFacts: (event: Buffer) => Facts;
}

/** @param onOpen called with a function that restores the screen */
export function createTopOutput(
  { config, data, frame, readFacts }: TopParts,
  io: Io,
  onOpen: (close: () => void) => void,
): OpenOutput {
  const { clock, signs } = io;
  const { ranking, timeline, connection, isFile: isRecording } = data;
  const { once, sort, rows: maxRows } = config;

  /** What is printed at the end; nothing if there was never anything to count. */
  const printTable = (choice: Pick<LiveView, 'sort' | 'isReversed' | 'maxRows'>): Buffer | string => {
    if (connection.connections === 0 && ranking.total.events === 0 && !isRecording) return '';
    if (once?.isJson === true)
      return escapeJsonCommands(Buffer.from(`${stringifySafe(describeTop(data, sort, maxRows))}\n`));
    const { sort: by, isReversed, maxRows: limit } = choice;
    const columns = io.stdout.columns() ?? Number.POSITIVE_INFINITY;
    const final = { sort: by, isReversed, maxRows: limit, isPaused: false, isFinal: true, columns };
    return `${renderTable(data, final, { ...frame, clock, signs, widths: new Map() }).join('\n')}\n`;
  };

  return (onFailure, stop): Output => {
    const writer = openStdout(io, onFailure);
    const view = once === undefined ? new LiveView({ config, data, frame }, io, writer, stop) : undefined;
    onOpen(() => view?.close());
    const deferred = new DeferredEvents(clock, (events, count, { receivedAtMs, atMs }) => {
      timeline.advance(atMs);
      for (let i = 0; i < count; i += 1) {
        const facts = readFacts(textOf(events, i));
        // The lag would be counted from the time at which the file is read.
        ranking.add(timeline.hasTimes ? facts : { ...facts, sentAtMs: undefined }, receivedAtMs);
      }
    });
    let isStarted = false;
    let cancelWindow = (): void => {};
    /** The time of `--within` begins with the first connection. */
    const start = (): void => {
      if (isStarted) return;
      isStarted = true;
      if (!isRecording) timeline.advance(clock.monotonicMs());
      if (once?.withinMs !== undefined) cancelWindow = clock.setTimer(stop, once.withinMs);
    };
    if (isRecording) start();
    return {
      writeEvents(batch: Batch, count) {
        deferred.add(batch, count, isRecording ? batch.receivedAtMs : clock.monotonicMs());
        view?.noteChange();
        return undefined;
      },
      writeLifecycle(record: LifecycleRecord) {
        if (record.lifecycle === 'connected') start();
        view?.noteChange();
        return undefined;
      },
      flush: () => Promise.resolve(deferred.settle()),
      async drain() {
        cancelWindow();
        deferred.settle();
        if (!isRecording) timeline.advance(clock.monotonicMs());
        const choice = view ?? { sort, isReversed: false, maxRows };
        view?.close();
        if (writer.failure === undefined) void writer.write(printTable(choice));
        await writer.drain();
      },
      cutAfter: (ms) => writer.cutAfter(ms),
      sayCut: () => (writer.bytesCut === 0 ? undefined : sayCut(writer.bytesCut)),
      get failure() {
        return writer.failure;
      },
      // A terminal that takes no output does not stop the counting.
      blockedMs: 0,
      blockedSinceMs: undefined,
    };
  };
}
