// The command tree. Only definitions: the code of a command is loaded when it is called.
import { CommanderError, type Option } from 'commander';
import { UsageError } from '../errors.ts';
import { DocumentedCommand, HelpWanted } from '../flags/documented-command.ts';
import { sayValueMissing } from '../flags/messages.ts';
import { GLOBAL_FLAGS } from '../flags/shared-flags.ts';
import type { Io } from '../io/io.ts';
import { VERSION } from '../version.ts';
import { addStreamCheck } from './check/command.ts';
import { addCompletion } from './completion/command.ts';
import { addConfigCommands } from './config/command.ts';
import { addHelp } from './help/command.ts';
import { addProfileCommands } from './profile/command.ts';
import { addStreamRelay } from './relay/command.ts';
import { addStreamReplay } from './replay/command.ts';
import { addStreamSimulate } from './simulate/command.ts';
import { addStreamTail } from './tail/command.ts';
import { addStreamTop } from './top/command.ts';
import { addVersion } from './version/command.ts';

/** @throws UsageError for a bad command line, and the errors of the command */
export async function runCommandLine(io: Io): Promise<void> {
  const [first, ...words] = io.argv;
  if (first === '__complete') {
    const { printCompletions } = await import('./completion/answer.ts');
    printCompletions(words, createProgram(io), io);
    return;
  }
  if (first === 'help' && words.slice(1).every((word) => word.startsWith('-'))) {
    const { answerTopic } = await import('./help/print.ts');
    if (answerTopic(words[0], io)) return;
  }
  if (first === 'stream' && (await runSingleCommand(words[0], io))) return;
  await parse(createProgram(io), first === 'help' ? [...words, '--help'] : io.argv, io);
}

/**
 * Defines only one command of `stream`, since defining all would double the time to the first event. Returns false if
 * help or an error needs the whole tree.
 */
async function runSingleCommand(name: string | undefined, io: Io): Promise<boolean> {
  if (name === undefined || !Object.hasOwn(STREAM_COMMANDS, name)) return false;
  try {
    await createProgram(io, name).parseAsync([...io.argv], { from: 'user' });
    return true;
  } catch (error) {
    // These are thrown only before the command starts.
    if (error instanceof Misuse || error instanceof HelpWanted || error instanceof CommanderError)
      return false;
    throw error;
  }
}

async function parse(command: DocumentedCommand, words: readonly string[], io: Io): Promise<void> {
  try {
    await command.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof Misuse) {
      const { explainMisuse } = await import('./help/print.ts');
      throw explainMisuse(error.error, error.command, io.argv);
    }
    if (error instanceof HelpWanted) {
      // commander reports an unknown command only if help is not requested.
      const unknown = error.findUnknownWord();
      if (unknown !== undefined) return parse(error.command, [unknown], io);
      const { answerHelp } = await import('./help/print.ts');
      return answerHelp(error, io);
    }
    if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
  }
}

const STREAM_COMMANDS: Readonly<Record<string, (stream: DocumentedCommand, io: Io) => void>> = {
  tail: addStreamTail,
  top: addStreamTop,
  check: addStreamCheck,
  simulate: addStreamSimulate,
  replay: addStreamReplay,
  relay: addStreamRelay,
};

/**
 * Help, completion, the man page and docs/reference.md are made from this tree as well.
 *
 * @param only the only command of `stream` to define; default: all commands
 */
export function createProgram(io: Io, only?: string): DocumentedCommand {
  const program = new DocumentedCommand('atlantis');
  program
    .description('Follow the Blockchain Atlantis event stream from a terminal, a pipe or CI.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .flags(GLOBAL_FLAGS)
    .example('atlantis stream tail --simulate', 'try it without a key')
    .example('atlantis profile add main --url https://api.atlantis.example', 'store your URL and key')
    .example('atlantis stream tail', 'follow the live stream');
  program.note(
    'Topics',
    'see `atlantis help exit-codes`, `atlantis help environment` and `atlantis help files`',
  );
  const stream = program
    .command('stream')
    .summary('follow, summarize, check, simulate, replay or relay the stream')
    .example('atlantis stream tail --simulate')
    .example('atlantis stream check');
  for (const [name, add] of Object.entries(STREAM_COMMANDS)) {
    if (only === undefined || only === name) add(stream, io);
  }
  if (only === undefined) {
    addProfileCommands(program, io);
    addConfigCommands(program, io);
    addCompletion(program, io);
    addVersion(program, io);
    addHelp(program);
  }
  for (const command of listCommandTree(program)) {
    configure(command, io);
    rejectFlagsAsValues(command, program.options);
  }
  return program;
}

class Misuse extends UsageError {
  readonly error: CommanderError;
  readonly command: DocumentedCommand;

  constructor(error: CommanderError, command: DocumentedCommand) {
    super(error.message);
    this.error = error;
    this.command = command;
  }
}

function configure(command: DocumentedCommand, io: Io): void {
  command
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : new Misuse(error, command);
    })
    .showSuggestionAfterError()
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => io.writeOut(text),
      // Errors are thrown, and main prints them once.
      writeErr: () => {},
    });
}

/** commander takes any word after a flag as its value. If that word is another flag, the user forgot the value. */
function rejectFlagsAsValues(command: DocumentedCommand, globals: readonly Option[]): void {
  const flags = new Set([...command.options, ...globals].map(({ long }) => long));
  for (const option of command.options) {
    if (!option.required || option.variadic) continue;
    command.on(`option:${option.name()}`, (value: string) => {
      if (!flags.has(value.split('=', 1)[0])) return;
      throw new UsageError(...sayValueMissing(option.long ?? '', option.flags, value));
    });
  }
}

function listCommandTree(command: DocumentedCommand): DocumentedCommand[] {
  const children = command.commands as readonly DocumentedCommand[];
  return [command, ...children.flatMap(listCommandTree)];
}
