// `stream relay --redeliver`: a file of dead letters as the source, the sinks of --to as the output.
import { readDeadLetter } from '../../delivery/dead-letters.ts';
import { EXIT } from '../../errors.ts';
import { BatchBuilder } from '../../events/batch.ts';
import type { Io, Outcome } from '../../io/io.ts';
import { createDamageReport, type DamageReport } from '../../recording/damage-report.ts';
import { readLines } from '../../recording/read-lines.ts';
import { createReporting } from '../../session/open-service.ts';
import { type FileSource, runSession } from '../../session/session.ts';
import type { TailConfig } from '../../settings/stream-config.ts';
import { readTrustedRoots } from '../../settings/trusted-roots.ts';
import { EventBatch } from '../../stream/items.ts';
import type { RelayConfig } from './config.ts';
import { openRelay } from './open.ts';

/**
 * Sends them, in order; the file stays as it is. Ends in 0 when all are delivered or have become dead letters again, in 8 where lines
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
  const { reporter, status } = await createReporting(config, io);
  const { connection } = config;
  const trustedRoots = await readTrustedRoots(connection.caCert, io.env);
  const { openOutput, close } = await openRelay({ config: relay, connection, trustedRoots, reporter, io });
  const source = createDeadLetterSource(path, createDamageReport(reporter), io);
  const all = { ...config, filter: undefined, limit: undefined, readyFile: undefined };
  try {
    return await runSession({ config: all, source, openOutput, reporter, status }, io);
  } finally {
    await close();
  }
}

function createDeadLetterSource(path: string, damage: DamageReport, io: Io): FileSource {
  return {
    kind: 'file',
    async *items(signal) {
      let line = 0;
      for await (const { lines, fault } of readLines(path, io.stdin, signal, 'the file')) {
        const builder = new BatchBuilder();
        for (const bytes of lines) {
          line += 1;
          const letter = readDeadLetter(bytes);
          if (letter !== undefined) builder.add(letter.text, letter.mark);
          else if (bytes.length > 0) damage.note(line, 'it is no dead letter');
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
