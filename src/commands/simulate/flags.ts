// `atlantis stream simulate`: its flags, and nothing that runs before it is called.

import { collect } from '../../flags/collect.ts';
import type { DocumentedCommand } from '../../flags/documented-command.ts';
import type { Io } from '../../io/io.ts';

export function addStreamSimulate(stream: DocumentedCommand, io: Io): void {
  stream
    .command('simulate')
    .summary('a local server that speaks the protocol')
    .description('Run a local server that speaks the protocol of the service, with believable events.')
    .option('--port <n>', 'port to listen on; 0 picks one (default: 8787)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--tls', 'speak TLS with a self-made certificate, whose path is printed')
    .option('--rate <n>', 'events a second on each connection, or max (default: 5)')
    .option('--seed <text>', 'makes every byte repeatable')
    .option('--count <n>', 'events on each connection, which then stays quiet')
    .option('--types <type,...>', 'only these event types')
    .option('--key <key>', 'an invented key to accept; repeatable (default: any well-formed key)', collect)
    .option('--scenario <name>', 'how the server behaves (default: steady)')
    .option('--script <file>', 'a scenario of your own, as JSON (docs/scenario.schema.json)')
    .option('--replay <recording>', 'what `tail --record` wrote, as a live stream for each client')
    .option('--speed <speed>', 'of --replay: 1x, 10x or any such factor, or max (default: 1x)')
    .option('--json', 'print one JSON line once it is ready')
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
