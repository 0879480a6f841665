// `atlantis stream simulate`: its place in the command line, and nothing that runs before it is called.
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';
import { SERVER_FLAGS } from './flags.ts';

export function addStreamSimulate(stream: DocumentedCommand, io: Io): void {
  stream
    .command('simulate')
    .summary('a local server that speaks the protocol')
    .description('Run a local server that speaks the protocol of the service, with believable events.')
    .flags(SERVER_FLAGS)
    .note(
      'Scenarios',
      'steady, burst, drop, mute, late-pong, no-welcome, garbage, duplicate, slow, revoked, suspended, no-credit, rate-limited, unavailable, flaky, close-<code>',
    )
    .note(
      'Keys',
      'no real key belongs on a command line, where others can read it: those of --key are made up for the run.',
    )
    .example('atlantis stream simulate')
    .example('atlantis stream simulate --port 0 --rate 1000 --seed 7', 'any free port')
    .example('atlantis stream simulate --tls --scenario close-1011')
    .action(async (_options, command: DocumentedCommand) => {
      const { runSimulate } = await import('./run.ts');
      io.end(await runSimulate(command.optsWithGlobals(), io));
    });
}
