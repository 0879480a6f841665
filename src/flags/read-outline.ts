// Makes the outline of a command from commander's definitions.
import type { Command, Argument as CommanderArgument, Option } from 'commander';
import type { FlagDefinition } from './definition.ts';
import type { Argument, DocumentedCommand, Flag, Outline } from './documented-command.ts';

const DEFAULT_GROUP = 'Options:';

/** The command and all its subcommands, except hidden ones. */
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
    // --help is listed once, among the global flags.
    flags: help
      .visibleOptions(command)
      .filter(({ long }) => command.parent === null || long !== '--help')
      .map((option) => outlineFlag(option, definitions)),
    notes,
    examples,
    commands: help.visibleCommands(command).map(outlineCommand),
  };
}

/** The words of a command, beginning with the program's name. */
export function listWords(command: Command): string[] {
  return command.parent === null ? [command.name()] : [...listWords(command.parent), command.name()];
}

/** The top-level command. */
export function findRoot(command: Command): Command {
  return command.parent === null ? command : findRoot(command.parent);
}

/** A flag of our tables, or one that commander adds: `--version` and `--help`. */
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
