// What `--help` prints, and what `atlantis` alone does: pure functions from an outline to text.
import {
  type Example,
  type Flag,
  formatArgument,
  formatUsage,
  groupFlags,
  type Note,
  type Outline,
} from '../../flags/documented-command.ts';
import type { Topic } from '../../flags/topics.ts';
import { alignTerms, foldCommand, wrapText } from '../../flags/wrap.ts';

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
