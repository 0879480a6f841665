// `atlantis stream simulate`: its flags, and nothing that runs before it is called.
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { collect } from './collect.ts';

export function addStreamSimulate(stream: Command, io: Io): void {
  stream
    .command('simulate')
    .summary('a local server that speaks the protocol')
    .description('Run a local server that speaks the protocol of the service, with believable events.')
    .option('--port <n>', 'port to listen on; 0 picks one (default: 8787)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--rate <n>', 'events a second on each connection (default: 5)')
    .option('--seed <text>', 'makes every byte repeatable')
    .option('--count <n>', 'events on each connection, which then stays quiet')
    .option('--types <type,…>', 'only these event types')
    .option('--key <key>', 'a key to accept; repeatable (default: any well-formed key)', collect)
    .option('--scenario <name>', 'how the server behaves (default: steady)')
    .addHelpText(
      'after',
      `
Examples:
  $ atlantis stream simulate
  $ atlantis stream simulate --port 0 --rate 1000 --seed 7`,
    )
    .action(async (_options, command: Command) => {
      const { runSimulate } = await import('../simulate.ts');
      io.end(await runSimulate(command.optsWithGlobals(), io));
    });
}
