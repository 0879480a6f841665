// A commander command with the texts for help, the man page and docs/reference.md, and its outline as plain data.
//
// Formatting is not loaded here: for help a command throws HelpWanted, and program.ts loads the formatter.
import { Command, type Argument as CommanderArgument, type HelpContext, Option } from 'commander';
import type { FlagDefinition, FlagTable } from './definition.ts';

export interface Example {
  /** For a POSIX shell. */
  readonly command: string;
  /** A comment for the command. */
  readonly what: string | undefined;
}

export interface Note {
  readonly title: string;
  readonly text: string;
  readonly terms: readonly (readonly [term: string, meaning: string])[];
}

export interface Value {
  /** Without brackets: `dur`, `file`. */
  readonly placeholder: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
  /** The accepted values; empty if they are not a list. */
  readonly choices: readonly string[];
}

export interface Flag {
  /** `-n` */
  readonly short: string | undefined;
  /** `--limit` */
  readonly long: string;
  /** As in help: `-n, --limit <n>`. */
  readonly term: string;
  readonly meaning: string;
  /** The default, as shown in help. */
  readonly fallback: string | undefined;
  readonly value: Value | undefined;
  readonly isRepeatable: boolean;
  readonly group: string;
}

interface Argument extends Value {
  readonly meaning: string;
}

export interface Outline {
  /** Such as `atlantis stream tail`. */
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

/** Includes the command itself. */
export function listCommands(command: Outline): Outline[] {
  return [command, ...command.commands.flatMap(listCommands)];
}

export function groupFlags(flags: readonly Flag[]): Map<string, Flag[]> {
  const groups = new Map<string, Flag[]>();
  for (const flag of flags) groups.set(flag.group, [...(groups.get(flag.group) ?? []), flag]);
  return groups;
}

/** Help was requested, or the command line is incomplete (`isError`). */
export class HelpWanted extends Error {
  readonly command: DocumentedCommand;
  readonly isError: boolean;

  constructor(command: DocumentedCommand, isError: boolean) {
    super('help was requested');
    this.command = command;
    this.isError = isError;
  }

  /** The first word, if it should be a subcommand but is not the name of one. */
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

  flags(table: FlagTable): this {
    this.tables.push(table);
    for (const { term, isRepeatable } of Object.values(table)) {
      const option = new Option(term);
      this.addOption(isRepeatable === true && !option.variadic ? option.argParser(collect) : option);
    }
    return this;
  }

  example(command: string, what?: string): this {
    this.examples.push({ command, what });
    return this;
  }

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
    throw new Error('use example() or note(), which also appear in the man page');
  }
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

const DEFAULT_GROUP = 'Options:';

/** Leaves out hidden flags and commands. */
export function outlineCommand(command: Command): Outline {
  const {
    examples = [],
    notes = [],
    tables = [],
  } = 'examples' in command ? (command as DocumentedCommand) : {};
  const definitions = tables.flatMap((table) => Object.values(table));
  const help = command.createHelp();
  return {
    path: listWords(command).join(' '),
    name: command.name(),
    summary: command.summary(),
    description: command.description() || sentence(command.summary()),
    arguments: command.registeredArguments.map(outlineArgument),
    // --help is listed once, among the flags of the program.
    flags: help
      .visibleOptions(command)
      .filter(({ long }) => command.parent === null || long !== '--help')
      .map((option) => outlineFlag(option, definitions)),
    notes,
    examples,
    commands: help.visibleCommands(command).map(outlineCommand),
  };
}

export function listWords(command: Command): string[] {
  return command.parent === null ? [command.name()] : [...listWords(command.parent), command.name()];
}

export function findRoot(command: Command): Command {
  return command.parent === null ? command : findRoot(command.parent);
}

/** --version and --help have no definition, because commander adds them. */
function outlineFlag(option: Option, definitions: readonly FlagDefinition[]): Flag {
  const definition = definitions.find(({ term }) => term === option.flags);
  const [, placeholder] = /[<[](.*?)(?:\.\.\.)?[>\]]/.exec(option.flags) ?? [];
  return {
    short: option.short,
    long: option.long ?? option.flags,
    term: option.flags,
    meaning: definition?.meaning ?? option.description,
    fallback: definition?.fallback,
    value:
      placeholder === undefined
        ? undefined
        : {
            placeholder,
            isRequired: option.required,
            isVariadic: option.variadic,
            choices: definition?.choices ?? [],
          },
    isRepeatable: definition?.isRepeatable === true,
    group: definition?.group ?? DEFAULT_GROUP,
  };
}

function outlineArgument(argument: CommanderArgument): Argument {
  return {
    placeholder: argument.name(),
    isRequired: argument.required,
    isVariadic: argument.variadic,
    choices: argument.argChoices ?? [],
    meaning: argument.description,
  };
}

const sentence = (words: string): string => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
