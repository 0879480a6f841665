// `stream relay --redeliver`: the events in a file of dead letters, sent again to where --to says.
import { createSpeaker } from './command-stream.ts';
import type { RelayConfig } from './config/relay-config.ts';
import type { TailConfig } from './config/tail-config.ts';
import { readTrustedRoots } from './config/trusted-roots.ts';
import { watchEnds } from './ends.ts';
import { EXIT, isAtlantisError } from './errors.ts';
import type { Io, Outcome } from './io.ts';
import { openRelay } from './open-relay.ts';
import { createDamageReport } from './record/damage-report.ts';
import { readLines } from './record/read-lines.ts';
import { readDeadLetter } from './relay/dead-letters.ts';
import type { SpoolRecord } from './spool/record-form.ts';
import { createStop, toOutcome } from './stop.ts';
import { sayEnd, sayFailure } from './ui/words.ts';

/**
 * Sends them, in order; the file stays as it is. Ends in 0 when all are delivered or buried anew, in 8 where lines
 * are damaged.
 *
 * @throws UsageError, OutputError
 */
export async function redeliver(
  path: string,
  relay: RelayConfig,
  config: TailConfig,
  io: Io,
): Promise<Outcome> {
  const { reporter, status } = await createSpeaker(config, io);
  const { connection } = config;
  const trustedRoots = await readTrustedRoots(connection.caCert, io.env);
  const { openOutput } = await openRelay({ config: relay, connection, trustedRoots, reporter, io });
  const stop = createStop();
  const startedAtMs = io.clock.monotonicMs();
  const output = openOutput((failure) => stop.because({ kind: 'output', failure }));
  const unwatch = watchEnds(config, io, stop, output);
  const damage = createDamageReport(reporter);
  let line = 0;
  let sent = 0;
  let damaged = 0;
  try {
    for await (const { lines, fault } of readLines(path, io.stdin, stop.signal, 'the file')) {
      const records: SpoolRecord[] = [];
      for (const bytes of lines) {
        line += 1;
        const record = readDeadLetter(bytes);
        if (record !== undefined) records.push(record);
        else if (bytes.length > 0) damaged += note(line, 'it is no dead letter');
      }
      if (fault !== undefined) damaged += note(line + 1, fault.why);
      if (fault?.isLine) line += 1;
      await output.writeRecords(records);
      sent += records.length;
      if (stop.reason !== undefined) break;
    }
  } finally {
    await output.drain();
    status.end();
    unwatch();
  }
  const { reason } = stop;
  if (reason !== undefined) for (const words of sayEnd(reason, config)) reporter.report(words);
  if (reason?.kind === 'signal' && isAtlantisError(output.failure)) {
    reporter.report(sayFailure(output.failure));
  }
  const cut = output.sayCut();
  if (cut !== undefined) reporter.report(cut);
  reporter.report(damage.summarize(sent, io.clock.monotonicMs() - startedAtMs));
  if (reason !== undefined) return toOutcome(reason);
  return { exitCode: damaged > 0 ? EXIT.protocol : EXIT.ok };

  function note(at: number, why: string): number {
    damage.note(at, why);
    return 1;
  }
}
