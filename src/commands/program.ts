// The command tree. Definitions only: what a command does is loaded when it is called.
import { Command, CommanderError } from 'commander';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { VERSION } from '../version.ts';
import { addProfileCommands } from './profile.ts';
import { addStreamCheck } from './stream-check.ts';
import { addStreamReplay } from './stream-replay.ts';
import { addStreamSimulate } from './stream-simulate.ts';
import { addStreamTail } from './stream-tail.ts';

/** Parses and runs the command line. @throws UsageError for words that do not fit, and whatever a command throws */
export async function runProgram(io: Io): Promise<void> {
  const program = new Command('atlantis');
  configure(program, io);
  program
    .description('Follow the Blockchain Atlantis event stream from a terminal, a pipe or CI.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .option('--color <when>', 'auto, always or never (default: auto)')
    .option('-q, --quiet', 'nothing on stderr but errors')
    .option('-v, --verbose', 'say more on stderr, and show the stack of a fault')
    .option('--log-format <format>', 'stderr as text or json (default: text)');
  const stream = addGroup(program, 'stream', 'follow, check, simulate, replay the event stream');
  addStreamTail(stream, io);
  addStreamCheck(stream, io);
  addStreamSimulate(stream, io);
  addStreamReplay(stream, io);
  addProfileCommands(program, io, async (url, key) => {
    const { checkKey } = await import('../check-key.ts');
    await checkKey(url, key, io);
  });
  for (const command of listCommands(program)) configure(command, io);
  try {
    await program.parseAsync([...io.argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw toUsageError(error);
  }
}

/** A command that only holds others; alone it prints its help. */
function addGroup(program: Command, name: string, summary: string): Command {
  return program
    .command(name)
    .summary(summary)
    .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`);
}

function configure(command: Command, io: Io): void {
  command
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.writeOut(text),
      // Errors are thrown and printed once, by main.
      writeErr: () => {},
      getOutHelpWidth: () => io.stdout.columns() ?? 100,
      getOutHasColors: () => false,
    });
}

function listCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...listCommands(child)]);
}

/** Commander's words are good; only their form is ours. */
function toUsageError(error: CommanderError): UsageError {
  if (error.code === 'commander.help') {
    return new UsageError('no command given', 'see `atlantis --help`');
  }
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.join(' ').trim();
  return new UsageError(
    first,
    suggestion === '' ? 'see `atlantis --help`' : suggestion.replace(/^\((.*)\)$/, '$1'),
  );
}
