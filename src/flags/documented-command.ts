// Commander's command, with what its help, the man page and docs/reference.md say beside the flags, and the outline
// of it as plain data.
//
// Nothing is laid out here: asked for help, a command throws, and whoever runs the program loads the part that
// knows how help looks.
import { Command, type HelpContext, Option } from 'commander';
import type { FlagTable } from './definition.ts';

export interface Example {
  /** A line for a POSIX shell. */
  readonly command: string;
  /** What it is for, in a few words. */
  readonly what: string | undefined;
}

/** A paragraph under a title, and terms with their meaning beneath it. */
export interface Note {
  readonly title: string;
  readonly text: string;
  readonly terms: readonly (readonly [term: string, meaning: string])[];
}

/** What a flag or an argument takes. */
export interface Value {
  /** The word that stands for it, without brackets: `dur`, `file`. */
  readonly placeholder: string;
  readonly isRequired: boolean;
  /** It may be several words. */
  readonly isVariadic: boolean;
  /** The only values there are; empty where they are not a list. */
  readonly choices: readonly string[];
}

export interface Flag {
  /** With its dash, such as `-n`. */
  readonly short: string | undefined;
  /** With its dashes, such as `--limit`. */
  readonly long: string;
  /** As help shows it: `-n, --limit <n>`. */
  readonly term: string;
  readonly meaning: string;
  /** In words; undefined where nothing is the default. */
  readonly fallback: string | undefined;
  readonly value: Value | undefined;
  readonly isRepeatable: boolean;
  /** Title of the flags among which help lists it. */
  readonly group: string;
}

export interface Argument extends Value {
  readonly meaning: string;
}

export interface Outline {
  /** All words of the command, such as `atlantis stream tail`. */
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

/** The words after `Usage:`. */
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

/** The command and all below it, in the order of their definition. */
export function listCommands(command: Outline): Outline[] {
  return [command, ...command.commands.flatMap(listCommands)];
}

/** Flags by the titles under which help lists them, in the order of the first of each. */
export function groupFlags(flags: readonly Flag[]): Map<string, Flag[]> {
  const groups = new Map<string, Flag[]>();
  for (const flag of flags) groups.set(flag.group, [...(groups.get(flag.group) ?? []), flag]);
  return groups;
}

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
