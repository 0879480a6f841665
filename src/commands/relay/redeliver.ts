// `stream relay --redeliver`: the events in a file of dead letters, sent again to where --to says.

import { readDeadLetter } from '../../delivery/dead-letters.ts';
import { EXIT, isAtlantisError } from '../../errors.ts';
import { BatchBuilder } from '../../events/batch.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { createStop, toOutcome } from '../../io/stop.ts';
import { createDamageReport } from '../../recording/damage-report.ts';
import { readLines } from '../../recording/read-lines.ts';
import { watchEnds } from '../../session/ends.ts';
import { createSpeaker } from '../../session/open-service.ts';
import type { TailConfig } from '../../settings/stream-config.ts';
import { readTrustedRoots } from '../../settings/trusted-roots.ts';
import { sayEnd, sayFailure } from '../../ui/words.ts';
import type { RelayConfig } from './config.ts';
import { openRelay } from './open.ts';

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
      const builder = new BatchBuilder();
      for (const bytes of lines) {
        line += 1;
        const record = readDeadLetter(bytes);
        if (record !== undefined) builder.add(record.text, record.mark);
        else if (bytes.length > 0) damaged += note(line, 'it is no dead letter');
      }
      if (fault !== undefined) damaged += note(line + 1, fault.why);
      if (fault?.isLine) line += 1;
      const { count } = builder;
      if (count > 0) await output.writeEvents(builder.take(io.clock.wallMs()), count, PLACE);
      sent += count;
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

/** Nobody asks where in a stream a dead letter stands. */
const PLACE = { connection: 0, firstSeq: 0 };
