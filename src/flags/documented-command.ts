// Commander's command, with what its help, the man page and docs/reference.md say beside the flags.
//
// Nothing is laid out here: asked for help, a command throws, and whoever runs the program loads the part that
// knows how help looks.
import { Command, type HelpContext, Option } from 'commander';
import type { Example, Note } from './outline.ts';

/** Help was asked for, or is needed: `isError` where words were missing on the command line. */
export class HelpWanted extends Error {
  readonly command: DocumentedCommand;
  readonly isError: boolean;

  constructor(command: DocumentedCommand, isError: boolean) {
    super('help is wanted');
    this.command = command;
    this.isError = isError;
  }

  /** A word that stands where a group expects the name of one of its commands. */
  findUnknownWord(): string | undefined {
    const { args, commands } = this.command;
    const word = commands.length > 0 ? args.find((one) => !one.startsWith('-')) : undefined;
    return commands.some((command) => command.name() === word) ? undefined : word;
  }
}

export class DocumentedCommand extends Command {
  readonly examples: Example[] = [];
  readonly notes: Note[] = [];

  /** Adds an example, a line for a POSIX shell; `what` says in a few words what it is for. */
  example(command: string, what?: string): this {
    this.examples.push({ command, what });
    return this;
  }

  /** Adds a paragraph under a title, and beneath it terms with their meaning. */
  note(title: string, text: string, terms: Readonly<Record<string, string>> = {}): this {
    this.notes.push({ title, text, terms: Object.entries(terms) });
    return this;
  }

  override createCommand(name?: string): DocumentedCommand {
    return new DocumentedCommand(name);
  }

  override outputHelp(context?: unknown): never {
    throw new HelpWanted(this, (context as HelpContext | undefined)?.error === true);
  }

  override addHelpText(): never {
    throw new Error('say it with example() or note(): then the man page has it, too');
  }
}

/** A flag that takes one of a list; its description names them and the default. */
export function createChoice(
  flags: string,
  description: string,
  choices: readonly string[],
  fallback: string,
): Option {
  const option = new Option(flags, `${description}: ${choices.join(', ')} (default: ${fallback})`);
  // Not by `choices()`: what is accepted is said by the parser of the flag, in the words of all the others.
  option.argChoices = [...choices];
  return option;
}
