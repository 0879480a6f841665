// `--from`: a JetStream stream as the source of `tail` and `top`.

import { UsageError } from '../../errors.ts';
import { listGiven, parseFlags } from '../../flags/definition.ts';
import { SIMULATION_FLAGS, SOURCE_FLAGS } from '../../flags/shared-flags.ts';
import { parseTime } from '../../flags/values.ts';
import type { Io } from '../../io/io.ts';
import { type CommandStream, createReporting, findDeadline } from '../../session/open-service.ts';
import { areTlsChecksOff, readTrustedRoots, TLS_CHECKS_OFF } from '../../settings/certificates.ts';
import { FROM_FLAGS, type FromFlags } from '../../settings/from-flags.ts';
import { limitLookups } from '../../settings/lookup-limit.ts';
import { type NatsAddress, parseNatsUrl } from '../../settings/nats-address.ts';
import { readNatsSettings } from '../../settings/nats-settings.ts';
import type { StreamFlags, TailConfig } from '../../settings/stream-config.ts';
import type { Select } from '../../stream/event-stream.ts';
import type { Connected } from '../../stream/items.ts';
import { formatCount } from '../../ui/format.ts';
import type { StatusRecord } from '../../ui/reporter.ts';
import type { FoundConsumer, StartPlace } from './consumer.ts';
import type { JetStreamSource } from './jetstream-source.ts';

interface FromConfig {
  readonly address: NatsAddress;
  readonly stream: string;
  readonly start: StartPlace;
  /** Name of the durable consumer, or undefined. */
  readonly durable: string | undefined;
  readonly natsCreds: string | undefined;
  readonly allowPlaintext: boolean;
}

const SEQ = /^[1-9]\d{0,15}$/;

/** @throws UsageError */
export function parseFromFlags(flags: StreamFlags & FromFlags, nowMs: number): FromConfig {
  if (flags.from === undefined) {
    throw new UsageError(
      '--since, --durable, --nats-creds and --allow-plaintext require --from <url>',
      'the service does not replay past events',
    );
  }
  const [other] = listGiven({ ...SOURCE_FLAGS, ...SIMULATION_FLAGS }, flags);
  if (other !== undefined) {
    throw new UsageError(`--from and ${other} cannot be combined`, 'use only one of them');
  }
  const { since, durable, natsCreds, allowPlaintext } = parseFlags(FROM_FLAGS, flags);
  const address = parseNatsUrl('--from', flags.from);
  if (address.stream === undefined) {
    throw new UsageError('--from: no stream in the URL', 'accepted: nats://host[:port][,host…]/<stream>');
  }
  return {
    address,
    stream: address.stream,
    start: since === undefined ? { kind: 'new' } : parseSince(since, nowMs),
    durable,
    natsCreds,
    allowPlaintext,
  };
}

/** @throws UsageError */
function parseSince(since: string, nowMs: number): StartPlace {
  if (SEQ.test(since)) return { kind: 'seq', seq: Number(since) };
  const atMs = parseTime('--since', since, nowMs, ', or a message sequence number, 1 for the first');
  return { kind: 'time', atMs };
}

/** @param command for the name of the connection. @throws UsageError for flags, credentials and files that cannot be used */
export async function openFromStream(
  flags: StreamFlags & FromFlags,
  config: TailConfig,
  select: Select,
  command: 'tail' | 'top',
  io: Io,
): Promise<CommandStream> {
  const from = parseFromFlags(flags, io.clock.wallMs());
  const { address, stream, start, durable } = from;
  if (areTlsChecksOff(io.env)) throw new UsageError(TLS_CHECKS_OFF, 'unset it');
  const { reporter, status } = await createReporting(config, io);
  const { connection } = config;
  const { maxReconnects, firstBudget, retryMinMs, retryMaxMs } = connection;
  limitLookups(io, connection.connectTimeoutMs, config.timeoutMs, config.durationMs);
  const trustedRoots = await readTrustedRoots(connection, io.env);
  const clientName = `atlantis-${command}${durable === undefined ? '' : ` ${durable}`}`;
  const { natsCreds, allowPlaintext } = from;
  const request = { address, natsCreds, allowPlaintext, connection, trustedRoots, clientName };
  const { nats, origin } = await readNatsSettings(request, io);
  reporter.report({ event: 'setting', level: 'debug', message: origin });
  const { clock, random } = io;
  const deadlineMs = findDeadline(config, clock);
  const { JetStreamSource } = await import('./jetstream-source.ts');
  const settings = {
    nats,
    wanted: { stream, start, durable },
    policy: { maxReconnects, firstBudget, retryMinMs, retryMaxMs, deadlineMs },
    select,
  };
  let isFirst = true;
  const onFound = (found: FoundConsumer): void => {
    if (isFirst) for (const record of sayStart(from, found)) reporter.report(record);
    else if (durable !== undefined && !found.isResumed) reporter.report(sayRecreated(durable));
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
      sayConnected: sayReading,
      retryNow: () => opened?.retryNow(),
      acknowledge: (batch, count, isLast) => opened?.acknowledge(batch, count, isLast),
    },
    reporter,
    status,
    close: () => Promise.resolve(),
  };
}

function sayReading({ host, connection }: Connected): StatusRecord {
  return {
    event: 'connected',
    level: 'info',
    message: `connected to ${host}`,
    figures: { host, connection },
  };
}

function sayStart({ durable, start, stream }: FromConfig, found: FoundConsumer): StatusRecord[] {
  const { isResumed, nextSeq, unacknowledged, ackWaitMs } = found;
  const records: StatusRecord[] = [];
  const warn = (message: string): void => void records.push({ event: 'warning', level: 'warn', message });
  if (durable !== undefined && ackWaitMs === undefined) {
    warn(
      `the durable consumer ${durable} has no acknowledgements: events lost in transit are not redelivered`,
    );
  }
  if (isResumed && start.kind !== 'new') {
    warn(`the durable consumer ${durable} resumes where it stopped: --since applies only to a new one`);
  }
  const position =
    nextSeq !== undefined
      ? `starting at message ${nextSeq}`
      : start.kind === 'time'
        ? `starting at ${new Date(start.atMs).toISOString()}`
        : 'starting with new messages';
  const redelivered =
    unacknowledged === 0
      ? ''
      : `; ${formatCount(unacknowledged, 'unacknowledged message')} will be redelivered`;
  const place = isResumed
    ? `, resuming the durable consumer ${durable}${redelivered}`
    : `, ${position}${durable === undefined ? '' : `, with the new durable consumer ${durable}`}`;
  records.push({
    event: 'setting',
    level: 'info',
    message: `reading ${stream}${place}`,
    figures: { stream, durable: durable ?? null, next_seq: nextSeq ?? null, unacknowledged },
  });
  return records;
}

function sayRecreated(durable: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `the durable consumer ${durable} was deleted: recreated it after the last message that was read`,
    figures: { durable },
  };
}
