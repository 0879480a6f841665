// `atlantis stream simulate`: its flags and help.
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';
import { SERVER_FLAGS } from './flags.ts';

export function addStreamSimulate(stream: DocumentedCommand, io: Io): void {
  stream
    .command('simulate')
    .summary('run a local server with realistic events')
    .description('Run a local server that speaks the protocol of the service and sends realistic events.')
    .flags(SERVER_FLAGS)
    .note(
      'Scenarios',
      'steady, burst, drop, mute, late-pong, no-welcome, garbage, duplicate, slow, revoked, suspended, no-credit, rate-limited, unavailable, shared, shared-drop, shared-delay, shared-duplicate, shared-missing, flaky, close-<code>',
    )
    .note(
      'Keys',
      'never put a real key on a command line, where other users can read it; make one up for --key.',
    )
    .example('atlantis stream simulate')
    .example('atlantis stream simulate --port 0 --rate 1000 --seed 7', 'on any free port')
    .example('atlantis stream simulate --tls --scenario close-1011')
    .action(async (_options, command: DocumentedCommand) => {
      const { runSimulate } = await import('./run.ts');
      io.end(await runSimulate(command.optsWithGlobals(), io));
    });
}
