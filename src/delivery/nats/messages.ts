// Details of the causes of `connection/cause-table.ts` that only NATS has, and messages of `--from`.
import type { ErrorText } from '../../errors.ts';
import { sayRequires } from '../../flags/messages.ts';
import { formatCount } from '../../ui/format.ts';
import type { StatusRecord } from '../../ui/reporter.ts';
import type { FoundConsumer, StartPlace } from './consumer.ts';

/** Details of a failed request or connection. */
export const NATS_DETAILS = {
  waiting: 'waiting for NATS',
  notEnabled: 'no response, is nats-server running with -js?',
  refusedByAll: 'by every server',
  closedByServer: 'the server closed it',
  api: (description: string, code: number) => `${description}${code === 0 ? '' : `, error ${code}`}`,
  server: (address: string, port: number | undefined) => `the server at ${address} port ${port}`,
} as const;

/** What a stream lost or never had. */
export const STREAM_DETAILS = {
  recreated: (created: string, before: string) => `created at ${created}, previously at ${before}`,
  replaced: (seq: number) => `message ${seq} is now a different one`,
  shorter: (lastSeq: number, readSeq: number) =>
    `its last message is ${lastSeq}, but message ${readSeq} was read`,
  reused: 'sequence numbers that were already read are being reused',
  consumerRecreated: 'its durable consumer was recreated',
  trimmed: (fromSeq: number, toSeq: number) => `messages ${fromSeq} to ${toSeq - 1} were deleted`,
  otherSubjects: (name: string, accepted: readonly string[], missing: readonly string[]) =>
    `${name} accepts ${accepted.join(', ') || 'no subjects'}, but not ${missing.join(', ')}`,
} as const;

/** Why a message is not acknowledged. */
export const ACK_DETAILS = {
  noStream: 'no stream accepts the message',
  notAnAck: 'the response to a message is not an acknowledgement',
  otherStream: (stream: string, domain: string | undefined, expected: string) =>
    `a message went to ${stream}${domain === undefined ? '' : ` of the domain ${domain}`} instead of ${expected}`,
  noSeq: 'an acknowledgement without a sequence number: the message may not be stored',
  late: (ms: number) => `no acknowledgement within ${Math.round(ms)} ms`,
  tooLarge: (bytes: number, limit: number) =>
    `${bytes} bytes; the server limits messages with headers to ${limit}`,
} as const;

export const sayFromRequired = (): ErrorText =>
  sayRequires(
    ['--since', '--durable', '--nats-creds', '--allow-plaintext'],
    '--from <url>',
    'the service does not replay past events',
  );

export const sayNoStreamInFrom = (): ErrorText => [
  '--from: no stream in the URL',
  'accepted: nats://host[:port][,host…]/<stream>',
];

export const OR_A_SEQUENCE_NUMBER = ', or a message sequence number, 1 for the first';

export function sayReading(host: string, connection: number): StatusRecord {
  return {
    event: 'connected',
    level: 'info',
    message: `connected to ${host}`,
    figures: { host, connection },
  };
}

export function sayUnacknowledgeable(durable: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `the durable consumer ${durable} has no acknowledgements: events lost in transit are not redelivered`,
  };
}

export function saySinceIgnored(durable: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `the durable consumer ${durable} resumes where it stopped: --since applies only to a new one`,
  };
}

/** @param durable name of the durable consumer, or undefined */
export function sayStart(
  stream: string,
  start: StartPlace,
  durable: string | undefined,
  { isResumed, nextSeq, unacknowledged }: FoundConsumer,
): StatusRecord {
  const redelivered =
    unacknowledged === 0
      ? ''
      : `; ${formatCount(unacknowledged, 'unacknowledged message')} will be redelivered`;
  const created = durable === undefined ? '' : `, with the new durable consumer ${durable}`;
  const place = isResumed
    ? `resuming the durable consumer ${durable}${redelivered}`
    : `${describeStart(start, nextSeq)}${created}`;
  return {
    event: 'setting',
    level: 'info',
    message: `reading ${stream}, ${place}`,
    figures: { stream, durable: durable ?? null, next_seq: nextSeq ?? null, unacknowledged },
  };
}

function describeStart(start: StartPlace, nextSeq: number | undefined): string {
  if (nextSeq !== undefined) return `starting at message ${nextSeq}`;
  return start.kind === 'time'
    ? `starting at ${new Date(start.atMs).toISOString()}`
    : 'starting with new messages';
}

export function sayRecreated(durable: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `the durable consumer ${durable} was deleted: recreated it after the last message that was read`,
    figures: { durable },
  };
}
