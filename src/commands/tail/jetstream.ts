// `tail --from`: from flags and environment to a JetStream stream, ready to be opened.
import type { FoundConsumer } from '../../delivery/nats/consumer.ts';
import type { JetStreamSource } from '../../delivery/nats/jetstream-source.ts';
import { UsageError } from '../../errors.ts';
import type { Io } from '../../io/io.ts';
import { type CommandStream, createReporting, findDeadline } from '../../session/open-service.ts';
import { areTlsChecksOff, TLS_CHECKS_OFF } from '../../settings/certificates.ts';
import { readNatsSettings } from '../../settings/nats-settings.ts';
import type { TailConfig } from '../../settings/stream-config.ts';
import { readTrustedRoots } from '../../settings/trusted-roots.ts';
import type { Select } from '../../stream/event-stream.ts';
import type { Connected } from '../../stream/items.ts';
import type { StatusRecord } from '../../ui/reporter.ts';
import type { FromConfig } from './config.ts';

/** Prepares it; the client is loaded here. @throws UsageError for credentials and files that cannot be used */
export async function openFromStream(
  from: FromConfig,
  config: TailConfig,
  select: Select,
  io: Io,
): Promise<CommandStream> {
  const { address, stream, start, durable } = from;
  if (areTlsChecksOff(io.env)) throw new UsageError(TLS_CHECKS_OFF, 'unset it');
  const { reporter, status } = await createReporting(config, io);
  const { connection } = config;
  const { caCert, maxReconnects, retryMinMs, retryMaxMs } = connection;
  const trustedRoots = await readTrustedRoots(caCert, io.env);
  const clientName = `atlantis-tail${durable === undefined ? '' : ` ${durable}`}`;
  const request = { address, natsCreds: from.natsCreds, connection, trustedRoots, clientName };
  const { nats, origin } = await readNatsSettings(request, io);
  reporter.report({ event: 'setting', level: 'debug', message: origin });
  const { clock, random } = io;
  const deadlineMs = findDeadline(config, clock);
  const { JetStreamSource } = await import('../../delivery/nats/jetstream-source.ts');
  const settings = {
    nats,
    wanted: { stream, start, durable },
    policy: { maxReconnects, retryMinMs, retryMaxMs, deadlineMs },
    select,
  };
  let isFirst = true;
  const onFound = (found: FoundConsumer): void => {
    if (isFirst) for (const words of sayWhere(from, found)) reporter.report(words);
    else if (durable !== undefined && !found.isResumed) reporter.report(sayMadeAgain(durable));
    isFirst = false;
  };
  let opened: JetStreamSource | undefined;
  return {
    source: {
      kind: 'live',
      host: `${address.host}/${stream}`,
      get roundTripMs() {
        return opened?.roundTripMs;
      },
      isGapless: true,
      items(signal) {
        opened = new JetStreamSource(settings, { clock, random, onFound }, signal);
        return opened.items();
      },
      sayConnected,
      acknowledge: (batch, count, isLast) => opened?.acknowledge(batch, count, isLast),
    },
    reporter,
    status,
    close: () => Promise.resolve(),
  };
}

function sayConnected({ host, connection }: Connected): StatusRecord {
  return {
    event: 'connected',
    level: 'info',
    message: `connected to ${host}`,
    figures: { host, connection },
  };
}

/** Where in the stream it begins. */
function sayWhere({ durable, start, stream }: FromConfig, found: FoundConsumer): StatusRecord[] {
  const { isResumed, nextSeq, unacknowledged, ackWaitMs } = found;
  const says: StatusRecord[] = [];
  if (durable !== undefined && ackWaitMs === undefined) {
    says.push({
      event: 'warning',
      level: 'warn',
      message: `the durable consumer ${durable} takes no acknowledgements: what is lost on the way is not sent again`,
    });
  }
  if (isResumed && start.kind !== 'new') {
    says.push({
      event: 'warning',
      level: 'warn',
      message: `the durable consumer ${durable} goes on where it stopped: --since is for a new one`,
    });
  }
  const wait =
    unacknowledged === 0 ? '' : `, ${unacknowledged} messages of which were not acknowledged and come again`;
  const place = isResumed
    ? `where ${durable} stopped${wait}`
    : nextSeq === undefined
      ? 'where --since says'
      : `message ${nextSeq}`;
  const isNew = durable !== undefined && !isResumed;
  says.push({
    event: 'setting',
    level: 'info',
    message: `reading the stream ${stream} from ${place} on${isNew ? `, with the new durable consumer ${durable}` : ''}`,
    figures: { stream, durable: durable ?? null, next_seq: nextSeq ?? null, unacknowledged },
  });
  return says;
}

/** The server had one before. */
function sayMadeAgain(durable: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `the durable consumer ${durable} was deleted: it was created again, after the last message that was read`,
    figures: { durable },
  };
}
