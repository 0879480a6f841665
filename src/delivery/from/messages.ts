// Messages of `--from`.
import type { ErrorText } from '../../errors.ts';
import { sayRequires } from '../../flags/messages.ts';
import { formatCount } from '../../ui/format.ts';
import type { StatusRecord } from '../../ui/reporter.ts';
import type { FoundConsumer, StartPosition } from '../nats/consumer.ts';

export const sayFromRequired = (): ErrorText =>
  sayRequires(
    ['--since', '--durable', '--nats-creds', '--allow-plaintext'],
    '--from <url>',
    'add --from <url>; the service itself does not replay past events',
  );

export const sayNoStreamInFrom = (): ErrorText => [
  '--from: no stream in the URL',
  'accepted: nats://host[:port][,host…]/<stream>',
];

export const OR_A_SEQUENCE_NUMBER = ', or a message sequence number, 1 for the first';

export function sayConnectedTo(host: string, connection: number): StatusRecord {
  return {
    event: 'connected',
    level: 'info',
    message: `connected to ${host}`,
    fields: { host, connection },
  };
}

export function sayNoAcknowledgements(durable: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `the durable consumer ${durable} does not use acknowledgements: events lost in transit are not redelivered`,
  };
}

export function saySinceIgnored(durable: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `the durable consumer ${durable} resumes where it stopped: --since applies only to a new one`,
  };
}

export function sayStart(
  stream: string,
  start: StartPosition,
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
    fields: { stream, durable: durable ?? null, next_seq: nextSeq ?? null, unacknowledged },
  };
}

function describeStart(start: StartPosition, nextSeq: number | undefined): string {
  if (nextSeq !== undefined) return `starting at message ${nextSeq}`;
  return start.kind === 'time'
    ? `starting at ${new Date(start.atMs).toISOString()}`
    : 'starting with new messages';
}

export function sayRecreated(durable: string): StatusRecord {
  return {
    event: 'warning',
    level: 'warn',
    message: `the durable consumer ${durable} was deleted: recreated it to continue after the last message read`,
    fields: { durable },
  };
}
