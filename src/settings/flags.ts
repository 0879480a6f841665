// The flags that read a JetStream stream instead of the service, for `tail` and `top`.
import { type Flags, optional, text } from '../flags/definition.ts';
import { PLAINTEXT_FLAGS } from '../flags/shared-flags.ts';
import { parseStreamName } from './nats-address.ts';

export const FROM_FLAGS = {
  from: text(
    '--from <url>',
    'read from NATS JetStream instead: nats://host[:port][,...]/stream or tls://...',
  ),
  since: text(
    '--since <start>',
    'with --from: start at a timestamp, a sequence number, or 10m for 10 minutes ago',
    'new messages only',
  ),
  durable: optional(
    '--durable <name>',
    'with --from: resume the durable consumer of this name where it stopped',
    parseStreamName,
  ),
  natsCreds: text(
    '--nats-creds <file>',
    'with --from: NATS credentials file',
    'NATS_CREDS, NATS_NKEY, NATS_USER, NATS_TOKEN',
  ),
  ...PLAINTEXT_FLAGS,
};

export type FromFlags = Flags<typeof FROM_FLAGS>;
