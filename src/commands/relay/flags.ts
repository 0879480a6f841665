// `atlantis stream relay`: its flags, and nothing that runs before it is called.

import { collect } from '../../flags/collect.ts';
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';

/** The flags of `tail` that say where the stream is, which events are wanted and until when: the same here. */
const SHARED = [
  '--profile',
  '--url',
  '--key-stdin',
  '--simulate',
  '--type',
  '--where',
  '--limit',
  '--duration',
  '--timeout',
  '--max-silence',
  '--fail-on-gap',
  '--ready-file',
  '--connect-timeout',
  '--ping-interval',
  '--pong-timeout',
  '--ca-cert',
  '--no-reconnect',
  '--max-reconnects',
  '--retry-min',
  '--retry-max',
];

/** Adds the command; `tail` lends it its options. */
export function addStreamRelay(stream: DocumentedCommand, io: Io): void {
  const relay = stream
    .command('relay')
    .summary('bridge the stream into NATS JetStream or an HTTP endpoint')
    .description(
      'Deliver every event to NATS JetStream or HTTP endpoints: at least once from its receipt on, in order, over outages.',
    );
  addDeliveryOptions(relay);
  addNatsOptions(relay);
  addHttpOptions(relay);
  relay.optionsGroup('The stream, as for tail:');
  const tail = stream.commands.find((command) => command.name() === 'tail');
  for (const option of tail?.options ?? []) if (SHARED.includes(option.long ?? '')) relay.addOption(option);
  relay
    .note('Durations', '500ms, 20s, 5m, 1h30m')
    .note('Sizes', '500KB, 100MB, 1GiB')
    .example(
      'atlantis stream relay --to nats://127.0.0.1:4222/EVENTS --create --spool /var/lib/atlantis/spool',
    )
    .example('atlantis stream relay --to https://example.com/hook --batch 100 --dead-letter refused.ndjson')
    .example('atlantis stream relay --redeliver refused.ndjson --to https://example.com/hook')
    .action(async (_options, command: DocumentedCommand) => {
      const { runRelay } = await import('./run.ts');
      io.end(await runRelay(command.optsWithGlobals(), io));
    });
}

function addDeliveryOptions(relay: DocumentedCommand): void {
  relay
    .optionsGroup('Delivery:')
    .option('--to <url>', 'nats://host[:port][,...][/stream], tls://..., https://...; repeatable', collect)
    .option('--window <n>', 'events under way that are not acknowledged (default: 256)')
    .option('--spool <folder>', 'keep every event here until it is acknowledged, over restarts and crashes')
    .option('--spool-max <size>', 'room for each sink; when it is full reading pauses (default: 1GiB)')
    .option('--spool-sync <dur>', 'longest time until the disk has it; 0 waits for it (default: 200ms)')
    .option('--send-timeout <dur>', 'for an acknowledgement, or a whole HTTP answer (default: 10s)')
    .option('--dead-letter <file>', 'keep events here that a sink will never take (else they end the run)')
    .option('--redeliver <file>', 'send the events of such a file instead of the stream; - for stdin')
    .option('--id <path>', 'where an event has its id (default: id; else the SHA-256 of its text)')
    .option('--no-id', 'always the SHA-256 of the text')
    .option('--name <name>', 'what consumers see of who delivered it (default: the name of the machine)');
}

function addNatsOptions(relay: DocumentedCommand): void {
  relay
    .optionsGroup('NATS JetStream:')
    .option('--stream <name>', 'the stream that has to take the events')
    .option('--subject <template>', 'their subject (default: atlantis.{type})')
    .option('--lifecycle-subject <subject>', 'that of lifecycle records (default: _lifecycle for {type})')
    .option('--no-lifecycle', 'send no lifecycle records')
    .option('--create', 'make the stream if it is not there')
    .option('--stream-max-age <dur>', 'with --create: how long it keeps them; 0 for ever (default: 168h)')
    .option('--stream-max-bytes <size>', 'with --create: how much of them (default: no bound)')
    .option('--stream-replicas <n>', 'with --create: on so many servers (default: 1)')
    .option('--dedupe-window <dur>', 'with --create: how long it recognises duplicates (default: 2m)')
    .option('--nats-creds <file>', 'credentials (NATS_CREDS, NATS_NKEY, NATS_USER, NATS_TOKEN)');
}

function addHttpOptions(relay: DocumentedCommand): void {
  relay
    .optionsGroup('HTTP:')
    .option('--batch <n>', 'up to so many events in a request, as NDJSON (default: 1)')
    .option('--header-env <header=NAME>', 'add a header from the environment; repeatable', collect)
    .option('--sign-with-env <NAME>', 'HMAC-SHA256 of the body, with the secret in this variable')
    .option('--signature-header <header>', 'where it stands (default: X-Atlantis-Signature)')
    .option('--allow-http', 'plain http:// to other machines too');
}
