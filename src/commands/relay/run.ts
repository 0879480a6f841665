// `stream relay`, from parsed flags to the end: settings, sinks, the session; or dead letters instead of a stream.
import type { Io, Outcome } from '../../io/io.ts';
import { openCommandStream } from '../../session/open-service.ts';
import { loadFilter, runSession } from '../../session/session.ts';
import { parseStreamFlags, type StreamFlags } from '../../settings/stream-config.ts';
import { parseRelayFlags } from './config.ts';
import type { RelayFlags } from './flags.ts';
import { openRelay } from './open.ts';

/** Runs the command. @throws UsageError, CredentialError, StoreError, OutputError before anything is delivered */
export async function runRelay(flags: RelayFlags & StreamFlags, io: Io): Promise<Outcome> {
  const config = parseStreamFlags(flags, io);
  const relay = await parseRelayFlags(flags);
  if (relay.redeliver !== undefined) {
    const { redeliver } = await import('./redeliver.ts');
    return redeliver(relay.redeliver, relay, config, io);
  }
  const stream = await openCommandStream(flags, config, await loadFilter(config), io);
  const { source, settings, reporter, status } = stream;
  try {
    const { openOutput, untilReady, close } = await openRelay({
      config: relay,
      connection: config.connection,
      trustedRoots: settings.dial.trustedRoots,
      reporter,
      io,
    });
    try {
      await untilReady();
      return await runSession({ config, source, openOutput, reporter, status }, io);
    } finally {
      // Also where the session ended before it could: the workers would go on for ever.
      await close();
    }
  } finally {
    await stream.close();
  }
}
