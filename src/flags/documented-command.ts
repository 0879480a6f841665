// commander's command with examples and notes, and its outline as plain data for help, the man page and
// docs/reference.md.
//
// No layout here: a command that is asked for help throws, and `runProgram` then loads the code that prints it.
import { Command, type HelpContext, Option } from 'commander';
import type { FlagTable } from './definition.ts';

export interface Example {
  /** A line for a POSIX shell. */
  readonly command: string;
  /** A short comment, if any. */
  readonly what: string | undefined;
}

/** A titled paragraph, followed by terms with their meanings. */
export interface Note {
  readonly title: string;
  readonly text: string;
  readonly terms: readonly (readonly [term: string, meaning: string])[];
}

/** The value of a flag or an argument. */
export interface Value {
  /** Without brackets: `dur`, `file`. */
  readonly placeholder: string;
  readonly isRequired: boolean;
  /** Takes several words. */
  readonly isVariadic: boolean;
  /** The accepted values; empty if any value may be given. */
  readonly choices: readonly string[];
}

export interface Flag {
  /** Such as `-n`. */
  readonly short: string | undefined;
  /** Such as `--limit`. */
  readonly long: string;
  /** As help shows it: `-n, --limit <n>`. */
  readonly term: string;
  readonly meaning: string;
  /** The default, as help shows it; undefined if there is none. */
  readonly fallback: string | undefined;
  readonly value: Value | undefined;
  readonly isRepeatable: boolean;
  /** The heading in help. */
  readonly group: string;
}

export interface Argument extends Value {
  readonly meaning: string;
}

export interface Outline {
  /** The full command, such as `atlantis stream tail`. */
  readonly path: string;
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly Argument[];
  readonly flags: readonly Flag[];
  readonly notes: readonly Note[];
  readonly examples: readonly Example[];
  readonly commands: readonly Outline[];
}

/** The text after `Usage:`. */
export function formatUsage(command: Outline): string {
  const parts = [
    command.path,
    command.flags.length > 0 ? '[options]' : '',
    command.commands.length > 0 ? '<command>' : '',
    ...command.arguments.map(formatArgument),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** `<file>`, `[name]`, `[command...]`. */
export function formatArgument({ placeholder, isRequired, isVariadic }: Value): string {
  const word = `${placeholder}${isVariadic ? '...' : ''}`;
  return isRequired ? `<${word}>` : `[${word}]`;
}

/** The command and all its subcommands, in the order of their definition. */
export function listCommands(command: Outline): Outline[] {
  return [command, ...command.commands.flatMap(listCommands)];
}

/** Flags by their heading in help. */
export function groupFlags(flags: readonly Flag[]): Map<string, Flag[]> {
  const groups = new Map<string, Flag[]>();
  for (const flag of flags) groups.set(flag.group, [...(groups.get(flag.group) ?? []), flag]);
  return groups;
}

/** Thrown to print help: on request, or with `isError` because the command line is incomplete. */
export class HelpWanted extends Error {
  readonly command: DocumentedCommand;
  readonly isError: boolean;

  constructor(command: DocumentedCommand, isError: boolean) {
    super('help requested');
    this.command = command;
    this.isError = isError;
  }

  /** The word in place of a subcommand, if it is not the name of one. */
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

  /** Adds flags from their definitions. */
  flags(table: FlagTable): this {
    this.tables.push(table);
    for (const { term, isRepeatable } of Object.values(table)) {
      const option = new Option(term);
      this.addOption(isRepeatable === true && !option.variadic ? option.argParser(collect) : option);
    }
    return this;
  }

  /** Adds an example for a POSIX shell, with an optional short comment. */
  example(command: string, what?: string): this {
    this.examples.push({ command, what });
    return this;
  }

  /** Adds a titled paragraph, and terms with their meanings. */
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
    throw new Error('use example() or note(), which the man page shows as well');
  }
}

/** Collects the values of a repeatable flag. */
function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}
