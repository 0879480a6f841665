// `--from`: a JetStream stream as the source of `tail` and `top`.
import { UsageError } from '../../errors.ts';
import { listGiven, parseFlags } from '../../flags/definition.ts';
import { sayNotCombinable } from '../../flags/messages.ts';
import { DEDUPE_FLAGS, REDUNDANCY_FLAGS, SIMULATION_FLAGS, SOURCE_FLAGS } from '../../flags/shared-flags.ts';
import { parseTime } from '../../flags/values.ts';
import type { Io } from '../../io/io.ts';
import { type CommandStream, createReporting, findDeadline } from '../../session/open-service.ts';
import { areTlsChecksOff, readTrustedRoots } from '../../settings/certificates.ts';
import { FROM_FLAGS, type FromFlags } from '../../settings/flags.ts';
import { limitLookups } from '../../settings/lookup-limit.ts';
import { sayTlsChecksOff } from '../../settings/messages.ts';
import { type NatsAddress, parseNatsUrl } from '../../settings/nats-address.ts';
import { readNatsSettings } from '../../settings/nats-settings.ts';
import type { StreamFlags, TailConfig } from '../../settings/stream-config.ts';
import type { Select } from '../../stream/event-stream.ts';
import type { StatusRecord } from '../../ui/reporter.ts';
import type { FoundConsumer, StartPosition } from '../nats/consumer.ts';
import * as say from './messages.ts';

interface FromConfig {
  readonly address: NatsAddress;
  readonly stream: string;
  readonly start: StartPosition;
  readonly durable: string | undefined;
  readonly natsCreds: string | undefined;
  readonly allowPlaintext: boolean;
}

const SEQ = /^[1-9]\d{0,15}$/;

/** @throws UsageError */
export function parseFromFlags(flags: StreamFlags & FromFlags, nowMs: number): FromConfig {
  if (flags.from === undefined) throw new UsageError(...say.sayFromRequired());
  const [other] = listGiven(
    { ...SOURCE_FLAGS, ...SIMULATION_FLAGS, ...REDUNDANCY_FLAGS, ...DEDUPE_FLAGS },
    flags,
  );
  if (other !== undefined) throw new UsageError(...sayNotCombinable('--from', other));
  const { since, durable, natsCreds, allowPlaintext } = parseFlags(FROM_FLAGS, flags);
  const address = parseNatsUrl('--from', flags.from);
  if (address.stream === undefined) throw new UsageError(...say.sayNoStreamInFrom());
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
function parseSince(since: string, nowMs: number): StartPosition {
  if (SEQ.test(since)) return { kind: 'seq', seq: Number(since) };
  return { kind: 'time', atMs: parseTime('--since', since, nowMs, say.OR_A_SEQUENCE_NUMBER) };
}

/**
 * @param command part of the client name, which the NATS server shows for the connection
 * @throws UsageError for flags, credentials and files that cannot be used
 */
export async function openFromStream(
  flags: StreamFlags & FromFlags,
  config: TailConfig,
  select: Select,
  command: 'tail' | 'top',
  io: Io,
): Promise<CommandStream> {
  const from = parseFromFlags(flags, io.clock.wallMs());
  const { address, stream, start, durable } = from;
  if (areTlsChecksOff(io.env)) throw new UsageError(...sayTlsChecksOff('read'));
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
  const { JetStreamSource } = await import('../nats/jetstream-source.ts');
  const settings = {
    nats,
    wanted: { stream, start, durable },
    policy: { maxReconnects, firstBudget, retryMinMs, retryMaxMs, deadlineMs },
    select,
  };
  let isFirst = true;
  const onFound = (found: FoundConsumer): void => {
    if (isFirst) reportStart(from, found, (record) => reporter.report(record));
    else if (durable !== undefined && !found.isResumed) reporter.report(say.sayRecreated(durable));
    isFirst = false;
  };
  return {
    source: new JetStreamSource(settings, { clock, random, onFound }),
    reporter,
    status,
    close: () => Promise.resolve(),
  };
}

function reportStart(
  { durable, start, stream }: FromConfig,
  found: FoundConsumer,
  report: (record: StatusRecord) => void,
): void {
  if (durable !== undefined && found.ackWaitMs === undefined) report(say.sayNoAcknowledgements(durable));
  if (durable !== undefined && found.isResumed && start.kind !== 'new') report(say.saySinceIgnored(durable));
  report(say.sayStart(stream, start, durable, found));
}
