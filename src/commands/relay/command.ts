// `atlantis stream relay`: its flags and help.
import { group, listGiven } from '../../flags/definition.ts';
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import {
  CONNECTION_FLAGS,
  END_FLAGS,
  EVENT_FLAGS,
  MONITOR_FLAGS,
  REDUNDANCY_FLAGS,
  SIMULATION_FLAGS,
  SOURCE_FLAGS,
} from '../../flags/shared-flags.ts';
import type { Io } from '../../io/io.ts';
import { CONFIG_FLAGS, HEALTH_FLAGS, INSPECT_FLAGS, RELAY_FLAGS, RELAY_READY_FLAGS } from './flags.ts';

const SHARED_FLAGS = group('Stream, as for tail:', {
  ...SOURCE_FLAGS,
  ...SIMULATION_FLAGS,
  ...EVENT_FLAGS,
  ...END_FLAGS,
  ...CONNECTION_FLAGS,
  ...REDUNDANCY_FLAGS,
});

const WATCH_FLAGS = { ...group('Monitoring:', { ...MONITOR_FLAGS, ...RELAY_READY_FLAGS }), ...HEALTH_FLAGS };

export function addStreamRelay(stream: DocumentedCommand, io: Io): void {
  stream
    .command('relay')
    .summary('deliver the stream to NATS JetStream or HTTP endpoints')
    .description(
      'Deliver every received event to NATS JetStream or HTTP endpoints: at least once, in order, across outages.',
    )
    .flags({ ...CONFIG_FLAGS, ...RELAY_FLAGS })
    .flags(SHARED_FLAGS)
    .flags(INSPECT_FLAGS)
    .flags(WATCH_FLAGS)
    .note('Durations', '500ms, 20s, 5m, 1h30m, 7d')
    .note('Sizes', '500KB, 100M, 1GiB')
    .example(
      'atlantis stream relay --to nats://127.0.0.1:4222/EVENTS --create --spool /var/lib/atlantis/spool',
    )
    .example('atlantis stream relay --to https://example.com/hook --batch 100 --dead-letter refused.ndjson')
    .example('atlantis stream relay --config relay.yaml')
    .example('atlantis stream relay --redeliver refused.ndjson --to https://example.com/hook')
    .example('atlantis stream relay --inspect /var/lib/atlantis/spool')
    .action(async (_options, command: DocumentedCommand) => {
      const flags = command.optsWithGlobals();
      if (listGiven(INSPECT_FLAGS, flags).length > 0) {
        const { runInspection } = await import('./inspect.ts');
        io.end(await runInspection(flags, io));
        return;
      }
      if (flags['health'] !== undefined) {
        const { askHealth } = await import('./health.ts');
        io.end(await askHealth(flags, io));
        return;
      }
      const { runRelay } = await import('./run.ts');
      io.end(await runRelay(flags, io));
    });
}
