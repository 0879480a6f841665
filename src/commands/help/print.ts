// Prints the help of a command, a help topic, or the front page. Loaded only when needed.
import type { CommanderError } from 'commander';
import { type ErrorText, EXIT, UsageError } from '../../errors.ts';
import { longName } from '../../flags/definition.ts';
import {
  type DocumentedCommand,
  type Example,
  type Flag,
  findRoot,
  formatArgument,
  formatUsage,
  groupFlags,
  type HelpWanted,
  listCommands,
  listWords,
  type Note,
  type Outline,
  outlineCommand,
} from '../../flags/documented-command.ts';
import {
  sayArgumentMissing,
  sayKeyAsArgument,
  sayKeyFlag,
  sayNoCommand,
  sayNoTopic,
  sayNoValueTaken,
  sayTooManyArguments,
  sayUnknownCommand,
  sayUnknownFlag,
  sayValueMissing,
  suggestCommands,
  suggestJsonArray,
  withHelp,
} from '../../flags/messages.ts';
import { TOPICS, type Topic } from '../../flags/topics.ts';
import { alignTerms, foldCommand, wrapText } from '../../flags/wrap.ts';
import type { Io } from '../../io/io.ts';
import { looksLikeKey } from '../../io/key.ts';
import { suggestWord } from '../../io/messages.ts';

/** Longer lines are hard to read, even on a wide terminal. */
const MAX_WIDTH = 100;
const MIN_WIDTH = 24;
/** The meaning of a longer term begins on the next line. */
const MAX_TERM_WIDTH = 24;
/** On a terminal narrower than `NARROW`. Fits an exit code, but no word. */
const MAX_NARROW_TERM_WIDTH = 4;
const NARROW = 60;

/** @param globals the flags of every command */
export function renderHelp(command: Outline, globals: readonly Flag[], columns: number): string {
  const width = fitWidth(columns);
  const own = new Set(command.flags.map(({ long }) => long));
  const tables = listTables(
    command,
    globals.filter(({ long }) => !own.has(long)),
  );
  const terms = tables.flatMap(({ rows }) => rows.map(([term]) => term.length));
  const termWidth = Math.max(...terms.filter((length) => length <= MAX_TERM_WIDTH), 0);
  const sections = [
    indentRest(wrapText(`Usage: ${formatUsage(command)}`, width - 4)),
    wrapText(command.description, width),
    ...tables.map(({ title, rows }) => [title, ...alignTerms(rows, width, termWidth)]),
    ...command.notes.map((note) => renderNote(note, width)),
    command.examples.length === 0 ? [] : ['Examples:', ...renderExamples(command.examples, width)],
  ];
  return joinSections(sections);
}

/** The output of `atlantis` without arguments. */
export function renderFrontPage(root: Outline, columns: number): string {
  const width = fitWidth(columns);
  return joinSections([
    wrapText(root.description, width),
    ...root.examples.map(({ command, what = '' }) => [
      ...wrapText(`${what.slice(0, 1).toUpperCase()}${what.slice(1)}:`, width),
      ...renderCommand(command, width),
    ]),
    alignTerms(
      [
        ['atlantis --help', 'all commands'],
        ['atlantis stream tail --help', 'flags and examples of one command'],
      ],
      width,
      27,
    ).map((line) => line.slice(2)),
  ]);
}

export function renderTopic({ title, rows, remark }: Topic, columns: number): string {
  const width = fitWidth(columns);
  const maxTermWidth = width < NARROW ? MAX_NARROW_TERM_WIDTH : MAX_TERM_WIDTH;
  const lengths = rows.map(([term]) => term.length).filter((length) => length <= maxTermWidth);
  const termWidth = Math.max(0, ...lengths);
  return joinSections([[`${title}:`, ...alignTerms(rows, width, termWidth)], wrapText(remark, width)]);
}

function fitWidth(columns: number): number {
  return Math.min(Math.max(columns, MIN_WIDTH), MAX_WIDTH);
}

interface Table {
  readonly title: string;
  readonly rows: readonly (readonly [term: string, meaning: string])[];
}

function listTables(command: Outline, globals: readonly Flag[]): Table[] {
  const flagRows = (flags: readonly Flag[]): Table['rows'] =>
    flags.map((flag) => [flag.term, describeFlag(flag)]);
  const tables = [
    {
      title: 'Commands:',
      rows: command.commands.map(({ name, arguments: taken, summary }): readonly [string, string] => [
        [name, ...taken.map(formatArgument)].join(' '),
        summary,
      ]),
    },
    {
      title: 'Arguments:',
      rows: command.arguments.map(({ placeholder, meaning }): readonly [string, string] => [
        placeholder,
        meaning,
      ]),
    },
    ...[...groupFlags(command.flags)].map(([title, flags]) => ({ title, rows: flagRows(flags) })),
    { title: 'Global options:', rows: flagRows(globals) },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

function describeFlag({ meaning, fallback }: Flag): string {
  return fallback === undefined ? meaning : `${meaning} (default: ${fallback})`;
}

function renderNote({ title, text, terms }: Note, width: number): string[] {
  const termWidth = Math.max(0, ...terms.map(([term]) => term.length));
  return [...indentRest(wrapText(`${title}: ${text}`, width - 2)), ...alignTerms(terms, width, termWidth)];
}

/** Comments are beside the commands if all of them fit there, otherwise above. */
function renderExamples(examples: readonly Example[], width: number): string[] {
  const commented = examples.filter(({ what }) => what !== undefined);
  const column = Math.max(0, ...commented.map(({ command }) => command.length));
  const isBeside = commented.every(({ what = '' }) => `  $   # ${what}`.length + column <= width);
  return examples.flatMap(({ command, what }) => {
    if (what !== undefined && isBeside) return [`  $ ${command.padEnd(column)}  # ${what}`];
    const comment = what === undefined ? [] : wrapText(what, width - 4).map((line) => `  # ${line}`);
    return [...comment, ...renderCommand(command, width)];
  });
}

const renderCommand = (command: string, width: number): string[] =>
  foldCommand(command, width - 4).map((line, at) => (at === 0 ? `  $ ${line}` : `    ${line}`));

const indentRest = (lines: readonly string[]): string[] =>
  lines.map((line, at) => (at === 0 ? line : `  ${line}`));

function joinSections(sections: readonly (readonly string[])[]): string {
  const texts = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${texts.join('\n\n')}\n`;
}

/** Flags such as `--api-key`, which users expect. */
const KEY_FLAG =
  /^--?(?:(?:atlantis|x)[-_]?)?(?:api[-_]?)?(?:key|token|secret|auth|authorization|password)$/i;

/** @param words the whole command line */
export function explainMisuse(
  { code, message }: CommanderError,
  command: DocumentedCommand,
  words: readonly string[] = [],
): UsageError {
  const [text = '', nearest] = message.split(/\n\(Did you mean (.*)\?\)$/s);
  const [, word = ''] = /'(.*)'/s.exec(text) ?? [];
  const [flag = ''] = word.split('=', 1);
  const at = words.findIndex((one) => one.split('=', 1)[0] === flag);
  const isKeyFlag = code === 'commander.unknownOption' && KEY_FLAG.test(flag);
  const value = isKeyFlag ? (/=(.*)/s.exec(words[at] ?? '')?.[1] ?? words[at + 1] ?? '') : '';
  const isKeyGiven = command.args.some(looksLikeKey);
  if (isKeyFlag || (isKeyGiven && code !== 'commander.unknownOption')) {
    const isGiven = isKeyGiven || (value !== '' && !value.startsWith('-'));
    const problem = isKeyFlag ? sayKeyFlag(flag, isGiven) : sayKeyAsArgument();
    return new UsageError(...problem);
  }
  if (code === 'commander.unknownCommand' && words[0] === 'help' && command.parent === null) {
    const commands = listCommands(outlineCommand(command)).map(({ name }) => name);
    const topics = TOPICS.map(({ name }) => name);
    return new UsageError(...withHelp(sayNoTopic(word, commands, topics), command.name()));
  }
  // A flag or command with exactly this name elsewhere is more likely to be meant than one with a similar name here.
  const suggest = (exact: string | undefined): string | undefined =>
    exact ?? (nearest === undefined ? undefined : suggestWord(nearest));
  const usage = formatUsage(outlineCommand(command));
  const explanations: Readonly<Record<string, ErrorText>> = {
    'commander.unknownCommand': sayUnknownCommand(word, suggest(suggestCommand(word, command))),
    'commander.unknownOption':
      word.includes('=') && isOwnFlag(flag, command)
        ? sayNoValueTaken(flag)
        : sayUnknownFlag(
            flag,
            suggest(suggestArray(words.slice(0, at), command) ?? suggestOwner(flag, command)),
          ),
    'commander.missingArgument': sayArgumentMissing(word, usage),
    'commander.optionMissingArgument': sayValueMissing(longName(word), word),
    'commander.excessArguments': sayTooManyArguments(usage),
  };
  const explanation = explanations[code] ?? [text.replace(/^error: /, '')];
  return new UsageError(...withHelp(explanation, listWords(command).join(' ')));
}

function suggestCommand(name: string, command: DocumentedCommand): string | undefined {
  const found = listCommands(outlineCommand(findRoot(command))).find((one) => one.name === name);
  return found && suggestWord(`\`${found.path}\``);
}

/** A word after --key-command that begins with a dash is taken for a flag. */
function suggestArray(before: readonly string[], command: DocumentedCommand): string | undefined {
  const { flags } = outlineCommand(command);
  const list = flags.find(({ long, term }) => term.includes('...>') && before.includes(long));
  return list && suggestJsonArray(list.long);
}

/** commander does not know `--json=yes`, although the command has `--json`. */
function isOwnFlag(flag: string, command: DocumentedCommand): boolean {
  const own = [command, findRoot(command)].flatMap((one) => outlineCommand(one).flags);
  return own.some(({ long }) => long === flag);
}

const MAX_PATHS = 3;

function suggestOwner(flag: string, command: DocumentedCommand): string | undefined {
  const owners = listCommands(outlineCommand(findRoot(command))).filter(({ flags }) =>
    flags.some(({ long, short }) => long === flag || short === flag),
  );
  const paths = owners.slice(0, MAX_PATHS).map(({ path }) => path);
  return paths.length === 0 ? undefined : suggestCommands(flag, paths, owners.length > MAX_PATHS);
}

/** The largest width of help when stdout is not a terminal, as in `--help | less`. */
const PIPE_COLUMNS = 80;

const findWidth = ({ stdout, stderr }: Io): number =>
  stdout.columns() ?? Math.min(stderr.columns() ?? PIPE_COLUMNS, PIPE_COLUMNS);

/**
 * commander also requests help when words are missing. `atlantis` alone prints the front page.
 *
 * @throws UsageError for a group without a command, such as `atlantis stream`
 */
export function answerHelp({ command, isError }: HelpWanted, io: Io): void {
  const isFrontPage = isError && command.parent === null && io.argv.length === 0;
  if (isError && !isFrontPage) throw refuseIncomplete(command);
  const root = outlineCommand(findRoot(command));
  const columns = findWidth(io);
  io.writeOut(
    isFrontPage
      ? renderFrontPage(root, columns)
      : renderHelp(command.parent === null ? root : outlineCommand(command), root.flags, columns),
  );
  io.setExitCode(EXIT.ok);
}

/** False if the name is unknown. */
export function answerTopic(name: string | undefined, io: Io): boolean {
  const topic = TOPICS.find((one) => one.name === name);
  if (topic !== undefined) io.writeOut(renderTopic(topic, findWidth(io)));
  return topic !== undefined;
}

function refuseIncomplete(command: DocumentedCommand): UsageError {
  const words = listWords(command).join(' ');
  const names = outlineCommand(command).commands.map(({ name }) => name);
  return new UsageError(...withHelp(sayNoCommand(words, names), words));
}
