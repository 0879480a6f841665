// The command line as plain data: what help, completion, the man page and docs/reference.md are made of.
//
// It is read off the definitions of commander, so that none of them can say anything else than the program does.

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
