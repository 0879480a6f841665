// Commander's command, with what its help, the man page and docs/reference.md say beside the flags.
//
// Nothing is laid out here: asked for help, a command throws, and whoever runs the program loads the part that
// knows how help looks.
import { Command, type HelpContext, Option } from 'commander';
import type { FlagTable } from './definition.ts';
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
  readonly tables: FlagTable[] = [];

  /** Adds flags; everything that is said about them is in their definitions. */
  flags(table: FlagTable): this {
    this.tables.push(table);
    for (const { term, isRepeatable } of Object.values(table)) {
      const option = new Option(term);
      this.addOption(isRepeatable === true && !option.variadic ? option.argParser(collect) : option);
    }
    return this;
  }

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

/** Adds a value of a repeatable flag to those given before. */
function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
