// Opens all that a relay delivers with: sinks, spools, the file of dead letters, one lane for each sink.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Backlog, createMemoryBacklog, createSpooledBacklog } from '../../delivery/backlog.ts';
import { type DeadLetterFile, openDeadLetters } from '../../delivery/dead-letters.ts';
import { Lane } from '../../delivery/lane.ts';
import type { LaneNews, LaneSettings } from '../../delivery/lane-terms.ts';
import { type LaneWatch, watchLane } from '../../delivery/lane-watch.ts';
import { createIdentifier } from '../../delivery/message-id.ts';
import { openRelayOutput, type RelayOutput } from '../../delivery/relay-output.ts';
import type { Sink } from '../../delivery/sink.ts';
import { countSpooled } from '../../delivery/spool/count-spooled.ts';
import { type LockedSpool, openSpool } from '../../delivery/spool/open-spool.ts';
import type { SpoolRecord } from '../../delivery/spool/record-form.ts';
import * as say from '../../delivery/words.ts';
import { EXIT, isAtlantisError, SinkError } from '../../errors.ts';
import type { WriteFailure } from '../../io/line-writer.ts';
import { createSinks, nameRelay, type SinkWorld } from './sinks.ts';

/** What one sink has. */
interface Station {
  readonly sink: Sink;
  readonly backlog: Backlog;
  readonly locked: LockedSpool | undefined;
}

/** A relay that delivers from now on. */
export interface Relay {
  /** Its output; `onFailure` is called once, when a sink or spool is of no use any more. */
  readonly openOutput: (onFailure: (failure: WriteFailure) => void) => RelayOutput;
  /**
   * Resolves at once where everything that comes is spooled, else when every sink was ready once: what is received
   * before might have nowhere to go.
   *
   * @throws SinkError where one of them is of no use
   */
  untilReady(): Promise<void>;
  /** Ends the lanes and closes everything, once; the output does the same when it is drained. */
  close(): Promise<void>;
}

/**
 * Opens everything and starts to deliver: first what an earlier run left in the spools.
 *
 * @throws UsageError, OutputError; what was opened is closed then
 */
export async function openRelay(world: SinkWorld): Promise<Relay> {
  const { config, reporter } = world;
  const sinks = await createSinks(world);
  const deadLetters = config.deadLetter === undefined ? undefined : openDeadLetters(config.deadLetter);
  if (deadLetters !== undefined && deadLetters.bytesRepaired > 0) {
    reporter.report(say.sayRepaired('the file of dead letters', deadLetters.bytesRepaired));
  }
  const stations: Station[] = [];
  /** Faults from before there is an output that could fail. */
  const early: unknown[] = [];
  let onFault = (error: unknown): void => void early.push(error);
  try {
    for (const [i, sink] of sinks.entries()) {
      const place = config.targets[i]?.place ?? '';
      stations.push(await openStation(sink, place, world, (error) => onFault(error)));
    }
  } catch (error) {
    closeAll(stations, deadLetters, onFault);
    throw error;
  }
  if (config.spool !== undefined) tellForgotten(config.spool.path, world);
  let onFailure = (_failure: WriteFailure): void => {};
  const started = startLanes(stations, deadLetters, world, (failure) => onFailure(failure));
  const { output, ready, close } = started;
  onFault = started.onFault;
  for (const error of early) onFault(error);
  return {
    openOutput(callback) {
      onFailure = callback;
      if (output.failure !== undefined) callback(output.failure);
      return output;
    },
    async untilReady() {
      if (config.spool !== undefined) return;
      await ready;
      if (output.failure !== undefined) throw output.failure;
    },
    close,
  };
}

async function openStation(
  sink: Sink,
  place: string,
  { config, reporter, io }: SinkWorld,
  onFault: (error: unknown) => void,
): Promise<Station> {
  const { spool, window } = config;
  // While one window is under way another one is read: a sink that keeps up never waits for the stream.
  if (spool === undefined) return { sink, backlog: createMemoryBacklog(2 * window), locked: undefined };
  io.ignoreFileSizeSignal();
  const locked = await openSpool({ ...spool, path: join(spool.path, place) }, io, {
    onFault,
    warn: (message) => reporter.report({ event: 'warning', level: 'warn', message }),
  });
  const { bytesRepaired, hasLostCursor, end, acknowledged } = locked.spool;
  if (bytesRepaired > 0) reporter.report(say.sayRepaired(`the spool of ${sink.name}`, bytesRepaired));
  if (hasLostCursor) reporter.report(say.sayLostCursor(sink.name));
  if (end > acknowledged) reporter.report(say.sayLeftOver(sink.name, end - acknowledged));
  return { sink, backlog: createSpooledBacklog(locked.spool), locked };
}

/** Spools beside those of this run. */
function tellForgotten(path: string, { config, reporter }: SinkWorld): void {
  const own = new Set(config.targets.map(({ place }) => place));
  for (const { name } of readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    if (own.has(name)) continue;
    const records = countSpooled(join(path, name));
    if (records > 0) reporter.report(say.sayForgottenSpool(join(path, name), records));
  }
}

/** The lanes, seen from outside. */
interface Lanes extends Pick<Relay, 'close'> {
  readonly output: RelayOutput;
  /** Resolves when every sink was ready once, or every lane has ended. */
  readonly ready: Promise<unknown>;
  /** Ends the run: a disk failed, or a lane did. */
  readonly onFault: (error: unknown) => void;
}

function startLanes(
  stations: readonly Station[],
  deadLetters: DeadLetterFile | undefined,
  { config, connection, reporter, io }: SinkWorld,
  onFailure: (failure: WriteFailure) => void,
): Lanes {
  const { clock, random } = io;
  const relayName = nameRelay(config);
  const identify = createIdentifier(config.idSteps, relayName);
  const { window, spool, redeliver } = config;
  const isSpooled = spool !== undefined;
  // Dead letters stay in their file.
  const unspooled = redeliver === undefined ? 'while-empty' : 'always';
  const settings: LaneSettings = {
    window,
    policy: connection,
    givesUpAtStart: isSpooled ? 'never' : unspooled,
  };
  const watches: LaneWatch[] = [];

  const tell = (sink: Sink, news: LaneNews): void => {
    if (news.kind === 'ended') {
      const { words, hint, exitCode, exitCodeInTheEnd } = news.fault;
      output.fail(new SinkError(words, exitCode ?? exitCodeInTheEnd ?? EXIT.unreachable, hint));
    } else if (news.kind === 'failed') {
      reporter.report(say.saySinkFailed(sink.name, news.fault, news.delayMs, news.attempt));
    } else if (news.kind === 'recovered') reporter.report(say.saySinkRecovered(sink.name));
    else reporter.report(say.sayDamaged(sink.name, news.records));
  };
  const bury = (sink: Sink, record: SpoolRecord, why: string): void => {
    if (deadLetters === undefined) return;
    const id = identify(record);
    const at = new Date(clock.wallMs()).toISOString();
    deadLetters.append({ at, to: sink.name, reason: why, id }, record);
    reporter.report(say.sayBuried(sink.name, deadLetters.path, id, why));
  };
  const lanes = stations.map(({ sink, backlog }, i) => {
    return new Lane(sink, backlog, settings, {
      clock,
      random,
      tell: (news) => tell(sink, news),
      onChange() {
        watches[i]?.look();
        output.look();
      },
      bury: deadLetters === undefined ? undefined : (record, why) => bury(sink, record, why),
    });
  });
  if (isSpooled) watches.push(...lanes.map((lane) => watchLane(lane, config.window, clock, reporter)));
  const onFault = (error: unknown): void => {
    if (isAtlantisError(error)) output.fail(error);
    else {
      // A bug: for the catch-all of the process, whatever waits for the lane.
      queueMicrotask(() => {
        throw error;
      });
    }
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeOnce();
    return closing;
  };
  const closeOnce = async (): Promise<void> => {
    for (const watch of watches) watch.end();
    for (const lane of lanes) lane.stop();
    await runs;
    closeAll(stations, deadLetters, onFault);
    for (const lane of lanes) {
      const left = lane.backlog.diskFault === undefined && isSpooled ? lane.pending - lane.backlog.atRisk : 0;
      reporter.report(say.sayDelivered(lane.sink.name, lane.figures, left));
    }
  };
  const output = openRelayOutput({ lanes, clock, reporter, relayName, isSpooled, close }, onFailure);
  // Caught one by one: what is only raced or awaited later would be lost.
  const runs = Promise.all(lanes.map((lane) => lane.run().catch(onFault)));
  const ready = Promise.race([runs, Promise.all(lanes.map((lane) => lane.ready))]);
  return { output, ready, close, onFault };
}

/** Closes all of them, also where one fails. */
function closeAll(
  stations: readonly Station[],
  deadLetters: DeadLetterFile | undefined,
  onFault: (error: unknown) => void,
): void {
  for (const file of [...stations.map(({ locked }) => locked), deadLetters]) {
    try {
      file?.close();
    } catch (error) {
      onFault(error);
    }
  }
}
