// `tail --from`: from flags and environment to a JetStream stream, ready to be opened.
import { type CommandStream, createSpeaker } from './command-stream.ts';
import { readCaFile } from './config/certificates.ts';
import type { FromConfig } from './config/from-config.ts';
import { readNatsCredentials } from './config/nats-credentials.ts';
import type { TailConfig } from './config/tail-config.ts';
import { listTrustedRoots } from './config/trusted-roots.ts';
import { UsageError } from './errors.ts';
import type { Select } from './event-form.ts';
import type { Io } from './io.ts';
import type { Connected } from './library/items.ts';
import type { FoundConsumer } from './nats/consumer.ts';
import type { JetStreamStream } from './nats/jetstream-stream.ts';
import type { StatusRecord } from './ui/reporter.ts';

/** Prepares it; the client is loaded here. @throws UsageError for credentials and files that cannot be used */
export async function openFromStream(
  from: FromConfig,
  config: TailConfig,
  select: Select,
  io: Io,
): Promise<CommandStream> {
  const { address, stream, start, durable } = from;
  if (io.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    throw new UsageError('NODE_TLS_REJECT_UNAUTHORIZED=0 turns certificate checks off', 'unset it');
  }
  const { reporter, status } = await createSpeaker(config, io);
  const { credentials, source } = readNatsCredentials(from.natsCreds, io);
  reporter.report({
    event: 'setting',
    level: 'debug',
    message: `credentials for ${address.host} from ${source}`,
  });
  const { caCert, connectTimeoutMs, pingIntervalMs, maxReconnects, retryMinMs, retryMaxMs } =
    config.connection;
  const trustedRoots =
    caCert === undefined
      ? undefined
      : listTrustedRoots([await readCaFile(caCert)], io.env['NODE_EXTRA_CA_CERTS']);
  const { clock, random } = io;
  const deadlineMs = config.timeoutMs === undefined ? undefined : clock.monotonicMs() + config.timeoutMs;
  const { JetStreamStream: Stream } = await import('./nats/jetstream-stream.ts');
  const settings = {
    nats: {
      address,
      credentials,
      trustedRoots,
      connectTimeoutMs,
      pingIntervalMs,
      clientName: `atlantis-tail${durable === undefined ? '' : ` ${durable}`}`,
    },
    wanted: { stream, start, durable },
    policy: { maxReconnects, retryMinMs, retryMaxMs, deadlineMs },
    select,
  };
  let isFirst = true;
  const onFound = (found: FoundConsumer): void => {
    if (isFirst) for (const words of sayWhere(from, found)) reporter.report(words);
    isFirst = false;
  };
  let opened: JetStreamStream | undefined;
  return {
    open(signal) {
      opened = new Stream(settings, { clock, random, onFound }, signal);
      return opened;
    },
    traits: {
      isGapless: true,
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
  says.push({
    event: 'setting',
    level: 'info',
    message: `reading the stream ${stream} from ${place} on`,
    figures: { stream, durable: durable ?? null, next_seq: nextSeq ?? null, unacknowledged },
  });
  return says;
}
