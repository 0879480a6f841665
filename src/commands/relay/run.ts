// `stream relay`: runs a session from the stream to the sinks. With `--redeliver`, a dead-letter file is the source.
import { readDeadLetter, startsDeadLetters } from '../../delivery/dead-letters.ts';
import { THE_DEAD_LETTER_FILE } from '../../delivery/messages.ts';
import { EXIT, isAtlantisError, UsageError } from '../../errors.ts';
import { BatchBuilder } from '../../events/batch.ts';
import { findReformatting } from '../../events/json-line.ts';
import { listGiven, parseFlags, pick } from '../../flags/definition.ts';
import { sayNotCombinable } from '../../flags/messages.ts';
import {
  DEDUPE_FLAGS,
  END_FLAGS,
  EVENT_FLAGS,
  MONITOR_FLAGS,
  READY_FLAGS,
  REDUNDANCY_FLAGS,
  SIMULATION_FLAGS,
  SOURCE_FLAGS,
} from '../../flags/shared-flags.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { loadMonitor } from '../../monitoring/load-monitor.ts';
import type { Monitor } from '../../monitoring/watcher.ts';
import { createDamageReport, type DamageReport } from '../../recording/damage-report.ts';
import { readLines } from '../../recording/read-lines.ts';
import { createReporting, openCommandStream } from '../../session/open-service.ts';
import { clearReadyFile } from '../../session/ready-file.ts';
import { loadFilter, reportSearchCuts } from '../../session/run-filter.ts';
import { runSession } from '../../session/session.ts';
import type { FileSource } from '../../session/source.ts';
import { readTrustedRoots } from '../../settings/certificates.ts';
import { parseRedundancyFlags } from '../../settings/connections.ts';
import { limitLookups } from '../../settings/lookup-limit.ts';
import {
  parseStreamFlags,
  STREAM_FLAGS,
  type StreamFlags,
  type TailConfig,
} from '../../settings/stream-config.ts';
import { EventBatch } from '../../stream/items.ts';
import { createReporter, loadLogStyle, type Reporter } from '../../ui/reporter.ts';
import { parseRelayFlags, type RelayConfig, RUN_FLAGS } from './config.ts';
import { RELAY_FLAGS, type RelayFlags } from './flags.ts';
import * as say from './messages.ts';
import { openRelay, type Relay } from './open.ts';

/** Flags that affect only a stream. */
const NOT_FOR_REDELIVERY = {
  ...SOURCE_FLAGS,
  ...SIMULATION_FLAGS,
  ...EVENT_FLAGS,
  ...pick(END_FLAGS, 'limit', 'maxSilenceMs', 'failOnGap'),
  ...READY_FLAGS,
  ...MONITOR_FLAGS,
  ...REDUNDANCY_FLAGS,
};

/** @throws UsageError, CredentialError, StoreError, OutputError before anything is delivered */
export async function runRelay(given: RelayFlags & StreamFlags, io: Io): Promise<Outcome> {
  const { flags, relay } = await readRelaySettings(given, io);
  const config = { ...parseStreamFlags(flags, io), readsKeyPresses: false };
  if (given.check === true) {
    createReporter(io, config.log, await loadLogStyle(config.log)).report(
      say.sayConfigValid(given.config ?? '', relay.sinks.length),
    );
    return { exitCode: EXIT.ok };
  }
  if (relay.redeliver !== undefined) {
    const [other] = listGiven(NOT_FOR_REDELIVERY, flags);
    if (other !== undefined) {
      throw new UsageError(...sayNotCombinable('--redeliver', other, say.NO_STREAM_IS_OPENED));
    }
    return redeliver(relay.redeliver, relay, config, io);
  }
  // The session clears it, too, but only after the sinks are connected.
  if (config.readyFile !== undefined) clearReadyFile(config.readyFile);
  const select = await loadFilter(config);
  const { dedupeWindowMs } = parseFlags(pick(RELAY_FLAGS, 'dedupeWindowMs'), flags);
  const redundancy = parseRedundancyFlags(flags, relay.idSteps, dedupeWindowMs);
  const stream = await openCommandStream(flags, config, select, redundancy, io);
  const { source, settings, reporter, status } = stream;
  reportSearchCuts(select, reporter);
  let monitor: Monitor | undefined;
  try {
    monitor = await loadMonitor(config, reporter, io);
    const opened = await openRelay({
      config: relay,
      connection: config.connection,
      trustedRoots: settings.dial.trustedRoots,
      reporter,
      io,
    });
    const { sinks, openOutput, untilReady, close } = opened;
    monitor.watch(sinks);
    const { observers } = monitor;
    const unwatch = reloadOnHangUp({ given, flags, relay: opened, monitor, reporter }, io);
    try {
      return await runSession({ config, source, openOutput, reporter, status, untilReady, observers }, io);
    } finally {
      unwatch();
      // The session may end without draining the output.
      await close();
    }
  } finally {
    monitor?.close();
    await stream.close();
  }
}

interface Settings {
  readonly flags: RelayFlags & StreamFlags;
  readonly relay: RelayConfig;
}

/** With --config, flags override only the settings of the source and of the run. @throws UsageError */
async function readRelaySettings(flags: RelayFlags & StreamFlags, io: Io): Promise<Settings> {
  const { config, check } = flags;
  if (config === undefined) {
    if (check === true) throw new UsageError(...say.sayConfigRequired());
    return { flags, relay: await parseRelayFlags(flags, io) };
  }
  const [other] = listGiven(RELAY_FLAGS, flags);
  if (other !== undefined) throw new UsageError(...sayNotCombinable('--config', other, say.IN_THE_FILE));
  const { mergeFlags, readRelayFile } = await import('./config-file.ts');
  const { stream, relay } = await readRelayFile(config, io, check === true);
  const table = { ...STREAM_FLAGS, ...RUN_FLAGS, ...pick(DEDUPE_FLAGS, 'dedupeWindowMs') };
  return { flags: mergeFlags(table, flags, stream) as Settings['flags'], relay };
}

/** Turns `metricsListen` into `metrics-listen`. */
const spellSetting = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

interface Reloading {
  readonly given: RelayFlags & StreamFlags;
  readonly flags: RelayFlags & StreamFlags;
  readonly relay: Relay;
  readonly monitor: Monitor;
  readonly reporter: Reporter;
}

/** Reads the settings again on SIGHUP, one reload at a time. On a terminal a hang-up still ends the run. */
function reloadOnHangUp({ given, flags, relay, monitor, reporter }: Reloading, io: Io): () => void {
  if (io.isStdinTty || io.stderr.isTty) return () => {};
  let last: Promise<void> = Promise.resolve();
  const reload = async (): Promise<void> => {
    monitor.noteReload('begun');
    try {
      const next = await readRelaySettings(given, io);
      const changes = await relay.reload(next.relay.sinks);
      monitor.watch(relay.sinks);
      if (changes !== undefined) reporter.report(say.sayReloaded(changes));
      const others = Object.keys({ ...flags, ...next.flags }).filter(
        (name) => JSON.stringify(flags[name as 'url']) !== JSON.stringify(next.flags[name as 'url']),
      );
      if (others.length > 0) reporter.report(say.sayRestartNeeded(others.map(spellSetting)));
      monitor.noteReload('done');
    } catch (error) {
      if (!isAtlantisError(error)) throw error;
      reporter.report(say.sayNotReloaded(error));
      monitor.noteReload('failed');
    }
  };
  return io.onHangUp(() => {
    last = last.then(reload);
  });
}

/**
 * Exit 0 if each dead letter was delivered or has become a dead letter again, 8 if lines are damaged.
 *
 * @throws UsageError, OutputError
 */
async function redeliver(path: string, relay: RelayConfig, config: TailConfig, io: Io): Promise<Outcome> {
  const { reporter, status } = await createReporting(config, io);
  const { connection } = config;
  const trustedRoots = await readTrustedRoots(connection, io.env);
  limitLookups(io, connection.connectTimeoutMs);
  const { openOutput, close } = await openRelay({ config: relay, connection, trustedRoots, reporter, io });
  const source = createDeadLetterSource(path, createDamageReport(reporter), io);
  try {
    return await runSession({ config, source, openOutput, reporter, status }, io);
  } finally {
    await close();
  }
}

function createDeadLetterSource(path: string, damage: DamageReport, io: Io): FileSource {
  return {
    kind: 'file',
    async *items(signal) {
      let line = 0;
      for await (const { lines, fault } of readLines(path, io.stdin, signal, THE_DEAD_LETTER_FILE)) {
        const builder = new BatchBuilder();
        for (const bytes of lines) {
          line += 1;
          if (line === 1 && bytes.length > 0 && !startsDeadLetters(bytes)) throw notDeadLetters(path, bytes);
          const letter = readDeadLetter(bytes);
          if (letter !== undefined) builder.add(letter.text, letter.mark);
          else if (bytes.length > 0) damage.note(line, say.NOT_A_DEAD_LETTER);
        }
        if (fault !== undefined) damage.note(line + 1, fault.why);
        if (fault?.isLine === true) line += 1;
        if (builder.isEmpty) continue;
        const batch = builder.take(io.clock.wallMs());
        yield { kind: 'events', batch: new EventBatch(batch, batch, 0, 1) };
      }
    },
    finish: () => ({ exitCode: damage.count > 0 ? EXIT.protocol : EXIT.ok, errors: [] }),
    summarize: ({ events, durationMs }) => damage.summarize({ events, durationMs }),
  };
}

const notDeadLetters = (path: string, firstLine: Buffer): UsageError =>
  new UsageError(...say.sayNotRedeliverable(path, findReformatting(firstLine)));
