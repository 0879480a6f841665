// `stream relay`: a session with the stream, or with `--redeliver` a dead-letter file, as the source, and the sinks as the
// output.
import { readDeadLetter, startsDeadLetters } from '../../delivery/dead-letters.ts';
import { THE_DEAD_LETTER_FILE } from '../../delivery/messages.ts';
import { EXIT, UsageError } from '../../errors.ts';
import { BatchBuilder } from '../../events/batch.ts';
import { isPrettyPrinted } from '../../events/json-line.ts';
import { listGiven, pick } from '../../flags/definition.ts';
import { sayNotCombinable } from '../../flags/messages.ts';
import {
  END_FLAGS,
  EVENT_FLAGS,
  MONITOR_FLAGS,
  READY_FLAGS,
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
import { loadFilter, reportCuts } from '../../session/run-filter.ts';
import { type FileSource, runSession } from '../../session/session.ts';
import { readTrustedRoots } from '../../settings/certificates.ts';
import { limitLookups } from '../../settings/lookup-limit.ts';
import { parseStreamFlags, type StreamFlags, type TailConfig } from '../../settings/stream-config.ts';
import { EventBatch } from '../../stream/items.ts';
import { parseRelayFlags, type RelayConfig } from './config.ts';
import type { RelayFlags } from './flags.ts';
import { NO_STREAM_IS_OPENED, NOT_A_DEAD_LETTER, sayNotRedeliverable } from './messages.ts';
import { openRelay } from './open.ts';

/** Flags of a stream. */
const NOT_FOR_REDELIVERY = {
  ...SOURCE_FLAGS,
  ...SIMULATION_FLAGS,
  ...EVENT_FLAGS,
  ...pick(END_FLAGS, 'limit', 'maxSilenceMs', 'failOnGap'),
  ...READY_FLAGS,
  ...MONITOR_FLAGS,
};

/** Runs the command. @throws UsageError, CredentialError, StoreError, OutputError before anything is delivered */
export async function runRelay(flags: RelayFlags & StreamFlags, io: Io): Promise<Outcome> {
  const config = parseStreamFlags(flags, io);
  const relay = await parseRelayFlags(flags, io.env);
  if (relay.redeliver !== undefined) {
    const [other] = listGiven(NOT_FOR_REDELIVERY, flags);
    if (other !== undefined) {
      throw new UsageError(...sayNotCombinable('--redeliver', other, NO_STREAM_IS_OPENED));
    }
    return redeliver(relay.redeliver, relay, config, io);
  }
  // The session does it too, but the sinks are connected before it.
  if (config.readyFile !== undefined) clearReadyFile(config.readyFile);
  const select = await loadFilter(config);
  const stream = await openCommandStream(flags, config, select, io);
  const { source, settings, reporter, status } = stream;
  reportCuts(select, reporter);
  let monitor: Monitor | undefined;
  try {
    monitor = await loadMonitor(config, reporter, io);
    const { sinks, openOutput, untilReady, close } = await openRelay({
      config: relay,
      connection: config.connection,
      trustedRoots: settings.dial.trustedRoots,
      reporter,
      io,
    });
    monitor.watch(sinks);
    const { observers } = monitor;
    try {
      return await runSession({ config, source, openOutput, reporter, status, untilReady, observers }, io);
    } finally {
      // The session may end without draining the output.
      await close();
    }
  } finally {
    monitor?.close();
    await stream.close();
  }
}

/**
 * Sends the dead letters of a file, which is not changed. Exit 0 when each is delivered or a dead letter again, 8 if
 * lines are damaged.
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
          else if (bytes.length > 0) damage.note(line, NOT_A_DEAD_LETTER);
        }
        if (fault !== undefined) damage.note(line + 1, fault.why);
        if (fault?.isLine === true) line += 1;
        if (builder.isEmpty) continue;
        const batch = builder.take(io.clock.wallMs());
        yield { kind: 'events', batch: new EventBatch(batch, batch, 0, 1) };
      }
    },
    finish: () => ({ exitCode: damage.count > 0 ? EXIT.protocol : EXIT.ok, errors: [] }),
    summarize: ({ events, durationMs }) => damage.summarize(events, durationMs),
  };
}

const notDeadLetters = (path: string, firstLine: Buffer): UsageError =>
  new UsageError(...sayNotRedeliverable(path, isPrettyPrinted(firstLine)));
