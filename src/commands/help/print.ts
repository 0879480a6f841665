// Prints help: of a command, or the front page. Loaded when somebody asks.
import type { CommanderError } from 'commander';
import { EXIT, UsageError } from '../../errors.ts';
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
import { TOPICS, type Topic } from '../../flags/topics.ts';
import { alignTerms, foldCommand, wrapText } from '../../flags/wrap.ts';
import type { Io } from '../../io/io.ts';

/** Longer lines are hard to read, however wide the terminal is. */
const MAX_WIDTH = 100;
const MIN_WIDTH = 24;
/** A term may be this long and still have its meaning beside it. */
const MAX_TERM_WIDTH = 24;
/** The same on a terminal of fewer columns than `NARROW`: a number, not a word. */
const MAX_NARROW_TERM_WIDTH = 4;
const NARROW = 60;

/** The help of one command; `globals` are the flags of every command. Ends with a line break. */
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

/** What `atlantis` alone prints: the three things that most people want. */
export function renderFrontPage(root: Outline, columns: number): string {
  const width = fitWidth(columns);
  return joinSections([
    wrapText(root.description, width),
    ...root.examples.map(({ command, what = '' }) => [
      ...wrapText(`${what.slice(0, 1).toUpperCase()}${what.slice(1)}:`, width),
      ...foldCommand(command, width - 4).map((line, at) => (at === 0 ? `  $ ${line}` : `    ${line}`)),
    ]),
    alignTerms(
      [
        ['atlantis --help', 'all commands'],
        ['atlantis stream tail --help', 'one of them'],
      ],
      width,
      27,
    ).map((line) => line.slice(2)),
  ]);
}

/** What `atlantis help <topic>` prints. */
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
    { title: 'Global Options:', rows: flagRows(globals) },
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

function renderExamples(examples: readonly Example[], width: number): string[] {
  const commented = examples.filter(({ what }) => what !== undefined);
  const longest = Math.max(0, ...commented.map(({ command }) => command.length));
  return examples.flatMap(({ command, what }) => {
    const comment = what === undefined ? '' : `# ${what}`;
    const whole = `  $ ${comment === '' ? command : `${command.padEnd(longest)}  ${comment}`}`;
    if (whole.length <= width) return [whole];
    const lines = foldCommand(command, width - 4);
    return [
      ...wrapText(what ?? '', width - 4)
        .filter((line) => line !== '')
        .map((line) => `  # ${line}`),
      ...lines.map((line, at) => (at === 0 ? `  $ ${line}` : `    ${line}`)),
    ];
  });
}

const indentRest = (lines: readonly string[]): string[] =>
  lines.map((line, at) => (at === 0 ? line : `  ${line}`));

function joinSections(sections: readonly (readonly string[])[]): string {
  const texts = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${texts.join('\n\n')}\n`;
}

/** The error for a user; its hint ends with the help of the command that the words were meant for. */
export function explainMisuse(error: CommanderError, command: DocumentedCommand): UsageError {
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .trim()
    .replace(/^\((.*)\)$/, '$1');
  const hints = [
    suggestion === '' ? lookElsewhere(error, command) : suggestion,
    `see \`${listWords(command).join(' ')} --help\``,
  ];
  return new UsageError(message, hints.filter((hint) => hint !== undefined).join('\n'));
}

/** A command or flag of exactly that name, where it belongs. */
function lookElsewhere(error: CommanderError, command: DocumentedCommand): string | undefined {
  const [, word] = /'([^'=]*)/.exec(error.message) ?? [];
  const all = listCommands(outlineCommand(findRoot(command)));
  if (error.code === 'commander.unknownCommand') {
    const [found] = all.filter(({ name }) => name === word);
    return found && `Did you mean \`${found.path}\`?`;
  }
  if (error.code !== 'commander.unknownOption') return undefined;
  const owners = all.filter(({ flags }) => flags.some(({ long, short }) => long === word || short === word));
  return owners.length === 0
    ? undefined
    : `${word} is a flag of ${owners
        .slice(0, 3)
        .map(({ path }) => `\`${path}\``)
        .join(', ')}`;
}

/** Where no terminal tells its width. */
const DEFAULT_COLUMNS = 100;

/**
 * Answers a wish for help. `atlantis` alone is one; a group without its command is a mistake.
 * @throws UsageError for the latter
 */
export function answerHelp({ command, isError }: HelpWanted, io: Io): void {
  const isFrontPage = isError && command.parent === null && io.argv.length === 0;
  if (isError && !isFrontPage) throw refuseIncomplete(command);
  const root = outlineCommand(findRoot(command));
  const columns = io.stdout.columns() ?? DEFAULT_COLUMNS;
  io.writeOut(
    isFrontPage
      ? renderFrontPage(root, columns)
      : renderHelp(command.parent === null ? root : outlineCommand(command), root.flags, columns),
  );
  io.setExitCode(EXIT.ok);
}

/** Prints a topic that is no command, such as `exit-codes`; false if there is none of that name. */
export function answerTopic(name: string | undefined, io: Io): boolean {
  const topic = TOPICS.find((one) => one.name === name);
  if (topic !== undefined) io.writeOut(renderTopic(topic, io.stdout.columns() ?? DEFAULT_COLUMNS));
  return topic !== undefined;
}

function refuseIncomplete(command: DocumentedCommand): UsageError {
  const words = listWords(command).join(' ');
  const names = outlineCommand(command).commands.map(({ name }) => name);
  return new UsageError(
    'no command given',
    `after \`${words}\`: ${names.join(', ')}\nsee \`${words} --help\``,
  );
}
