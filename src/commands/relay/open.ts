// Opens the output of a relay, with a worker for each sink, and changes the sinks during the run.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DeadLetterFile, openDeadLetters } from '../../delivery/dead-letters.ts';
import * as say from '../../delivery/messages.ts';
import { openRelayOutput, type RelayOutput } from '../../delivery/relay-output.ts';
import type { Sink } from '../../delivery/sink.ts';
import type { SinkMonitor } from '../../delivery/sink-status.ts';
import { hidePath } from '../../delivery/spool/inspect.ts';
import { countSpooled } from '../../delivery/spool/open-spool.ts';
import type { Worker } from '../../delivery/worker.ts';
import { isAtlantisError } from '../../errors.ts';
import type { WriteFailure } from '../../io/line-writer.ts';
import type { Reporter } from '../../ui/reporter.ts';
import type { RelayConfig, SinkConfig } from './config.ts';
import type { Changes } from './messages.ts';
import { type OpenSink, openSink, type SinkCallbacks } from './open-sink.ts';
import { createSink, fingerprintSink, nameRelay, type SinkDeps } from './sinks.ts';

export interface Relay {
  /** For metrics and health checks, in the order of `--to`. The list changes with a reload. */
  readonly sinks: readonly SinkMonitor[];
  /** @param onFailure called once, when a sink or spool has failed for good */
  openOutput(onFailure: (failure: WriteFailure) => void): RelayOutput;
  /**
   * Resolves when every sink without a spool has been ready once. Only then may the run receive events.
   *
   * @throws SinkError if one of them has failed for good
   */
  untilReady(): Promise<void>;
  /**
   * Unchanged sinks are not interrupted, and changed ones keep their backlog.
   *
   * @returns undefined if the run has ended
   * @throws UsageError, OutputError; then everything is as before
   */
  reload(sinks: readonly SinkConfig[]): Promise<Changes | undefined>;
  /** Draining the output does the same. Can be called again. */
  close(): Promise<void>;
}

/** How long a removed sink may take to deliver its backlog. */
const REMOVED_DRAIN_MS = 10_000;

/** The identity of a sink across reloads. */
const identifySink = ({ name, target }: SinkConfig): string => name ?? target.directory;

/** Also starts to deliver what spools contain. @throws UsageError, OutputError; then everything is closed again */
export async function openRelay(
  deps: Omit<SinkDeps, 'config'> & { readonly config: RelayConfig },
): Promise<Relay> {
  const { config, reporter, io } = deps;
  const { clock } = io;
  /** Once events may have been received, the run ends only when the last sink stops. */
  let hasBegun = config.redeliver !== undefined || config.sinks.every(({ spool }) => spool !== undefined);
  let opened: readonly OpenSink[] = [];
  const fingerprints = new Map<OpenSink, string>();
  const leaving = new Map<string, { readonly sink: OpenSink; readonly done: Promise<void> }>();
  const workers: Worker[] = [];
  const deadLetterFiles = new Map<string, DeadLetterFile>();
  const output = openRelayOutput({ workers, clock, reporter, relayName: nameRelay(config), close });

  function onFault(error: unknown): void {
    if (isAtlantisError(error)) output.fail(error);
    else {
      // A bug: throw it to the catch-all of the process.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  /** @param isLate whether the run has begun; then every sink is retried without limit */
  const createCallbacks = (isLate: boolean): SinkCallbacks => ({
    // With --redeliver nothing can be lost, since the events stay in their file.
    givesUpAtStart: isLate ? 'never' : config.redeliver === undefined ? 'while-empty' : 'always',
    openDeadLetters(path) {
      const file = deadLetterFiles.get(path) ?? openDeadLetters(path, (record) => reporter.report(record));
      deadLetterFiles.set(path, file);
      return file;
    },
    onFault,
    onStopped(worker, fault) {
      const isLast = !workers.some((one) => one !== worker && one.stoppedBy === undefined);
      if (!workers.includes(worker) || (hasBegun && !isLast)) {
        reporter.report(say.saySinkStopped(worker.sink.name, fault));
      } else output.fail(say.describeStop(fault));
    },
    onChange: () => output.recheck(),
  });

  function setOpened(sinks: readonly OpenSink[]): void {
    opened = sinks;
    workers.splice(0, workers.length, ...sinks.map(({ worker }) => worker));
  }

  async function openOne(sink: SinkConfig, prepared: Sink, isLate: boolean): Promise<OpenSink> {
    const last = leaving.get(identifySink(sink));
    last?.sink.hurry();
    await last?.done;
    const one = await openSink(sink, prepared, deps, createCallbacks(isLate));
    fingerprints.set(one, await fingerprintSink(sink, io));
    return one;
  }

  function closeFiles(): void {
    for (const file of deadLetterFiles.values()) {
      try {
        file.close();
      } catch (error) {
        onFault(error);
      }
    }
  }

  const prepared = await Promise.all(config.sinks.map((sink) => createSink(sink, deps)));
  const first: OpenSink[] = [];
  try {
    for (const [i, sink] of config.sinks.entries())
      first.push(await openOne(sink, prepared[i] as Sink, false));
  } catch (error) {
    for (const one of first) await one.close('unused');
    closeFiles();
    throw error;
  }
  setOpened(first);
  warnAboutUnusedSpools(first, reporter);
  for (const one of first) one.start();

  function drainRemoved(sink: OpenSink): void {
    const key = identifySink(sink.config);
    const done = sink
      .untilEmpty(REMOVED_DRAIN_MS)
      .then(() => sink.close('removed'))
      .then(() => void leaving.delete(key), onFault);
    leaving.set(key, { sink, done });
  }

  /** @throws UsageError before anything has changed, OutputError when some sinks may have changed */
  async function change(next: readonly SinkConfig[]): Promise<Changes> {
    const before = new Map(opened.map((one) => [identifySink(one.config), one]));
    const plans = await Promise.all(
      next.map(async (sink) => {
        const old = before.get(identifySink(sink));
        const isSame =
          old !== undefined &&
          old.worker.stoppedBy === undefined &&
          fingerprints.get(old) === (await fingerprintSink(sink, io));
        return { sink, old, prepared: isSame ? undefined : await createSink(sink, deps) };
      }),
    );
    const kept = new Set(next.map(identifySink));
    const removed = opened.filter(({ config }) => !kept.has(identifySink(config)));
    const resume = output.hold();
    try {
      const all: OpenSink[] = [];
      for (const { sink, old, prepared } of plans) {
        if (old !== undefined && prepared === undefined) {
          all.push(old);
          continue;
        }
        // If the steps below fail, the next reload opens the sink again, because it has no fingerprint.
        if (old !== undefined) fingerprints.delete(old);
        const unwritten = (await old?.close('replaced')) ?? [];
        const one = await openOne(sink, prepared as Sink, true);
        one.worker.append(unwritten);
        all.push(one);
        setOpened([...opened.filter((other) => other !== old), one]);
        one.start();
      }
      setOpened(all);
      for (const one of removed) drainRemoved(one);
    } finally {
      resume();
    }
    const namesOf = (some: readonly (typeof plans)[number][]): string[] =>
      some.map(
        ({ sink }) => opened.find(({ config }) => config === sink)?.worker.sink.name ?? identifySink(sink),
      );
    return {
      added: namesOf(plans.filter(({ old }) => old === undefined)),
      changed: namesOf(plans.filter(({ old, prepared }) => old !== undefined && prepared !== undefined)),
      removed: removed.map(({ worker }) => worker.sink.name),
      unchanged: namesOf(plans.filter(({ prepared }) => prepared === undefined)),
    };
  }

  let closing: Promise<void> | undefined;
  let changing: Promise<unknown> = Promise.resolve();
  function close(): Promise<void> {
    closing ??= closeOnce();
    return closing;
  }
  async function closeOnce(): Promise<void> {
    await changing;
    for (const { sink } of leaving.values()) sink.hurry();
    for (const { worker } of opened) worker.stop();
    await Promise.all([...leaving.values()].map(({ done }) => done));
    // One after the other, so that the summaries are in the order of the sinks.
    for (const one of opened) await one.close();
    closeFiles();
  }

  return {
    sinks: workers,
    openOutput(onFailure) {
      output.listen(onFailure);
      return output;
    },
    async untilReady() {
      const waited = opened.filter(({ config }) => config.spool === undefined);
      const ends = Promise.all(waited.map((one) => one.untilEnd()));
      await Promise.race([ends, Promise.all(waited.map(({ worker }) => worker.ready))]);
      if (output.failure !== undefined) throw output.failure;
      hasBegun = true;
    },
    async reload(next) {
      if (closing !== undefined) return undefined;
      const previous = opened.map(({ config }) => config);
      const changes = change(next);
      changing = changes.catch(async (error: unknown) => {
        // After a UsageError there is nothing to undo, so this changes nothing.
        await change(previous).catch(onFault);
        return error;
      });
      await changing;
      return changes;
    },
    close,
  };
}

function warnAboutUnusedSpools(sinks: readonly OpenSink[], reporter: Reporter): void {
  const used = new Set(sinks.map(({ spoolName }) => spoolName));
  const parents = new Set(sinks.flatMap(({ config }) => config.spool?.path ?? []));
  for (const parent of parents) {
    for (const entry of readdirSync(parent, { withFileTypes: true })) {
      if (!entry.isDirectory() || used.has(entry.name)) continue;
      const records = countSpooled(join(parent, entry.name));
      if (records > 0) reporter.report(say.sayUnusedSpool(join(parent, hidePath(entry.name)), records));
    }
  }
}
