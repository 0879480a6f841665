// Renders man/atlantis.1 from the definitions of the commands, so that it says the same as `--help`.
//
// Uses only macros that both groff and mandoc know: man(7) with EX and EE.
import {
  type Example,
  type Flag,
  formatUsage,
  groupFlags,
  listCommands,
  type Note,
  type Outline,
} from '../../src/flags/documented-command.ts';
import { TOPICS, type Topic } from '../../src/flags/topics.ts';
import { foldCommand, wrapText } from '../../src/flags/wrap.ts';

/** Wider examples are folded: most readers have 80 columns, and examples are indented. */
const EXAMPLE_WIDTH = 64;
/** Line length in the source, before dashes and quotes are escaped. */
const SOURCE_WIDTH = 56;

/** @param date the date of the last change, such as `2026-11-25` */
export function renderManPage(root: Outline, version: string, date: string): string {
  const leaves = listCommands(root).filter(({ commands }) => commands.length === 0);
  return [
    '.\\" Written by `UPDATE_DOCS=1 npm test -- docs/man` from the definitions of the commands.',
    `.TH ATLANTIS 1 ${date} "atlantis ${version}" "User Commands"`,
    // Left-aligned: justified text is hard to read in a narrow window.
    '.ad l',
    // No hyphenation: in a command, the hyphen would read as part of it. EE of groff restores what HY says.
    '.nh',
    '.nr HY 0',
    '.SH NAME',
    'atlantis \\-',
    ...quoteParagraph(lowerFirst(root.description).replace(/\.$/, '')),
    '.SH SYNOPSIS',
    leaves.map((command) => `.B ${quoteText(formatUsage(command))}`).join('\n.br\n'),
    '.SH DESCRIPTION',
    ...quoteParagraph(root.description),
    'Events and reports are on standard output, events one per line in a pipe;',
    'messages are on standard error.',
    ...renderExamples(root.examples),
    '.SH COMMANDS',
    ...leaves.flatMap(renderCommand),
    '.SH GLOBAL OPTIONS',
    'Every command accepts these.',
    ...root.flags.flatMap(renderFlag),
    ...TOPICS.flatMap(renderTopic),
    '.SH SEE ALSO',
    '.BR jq (1),',
    '.BR curl (1)',
    '',
  ].join('\n');
}

function renderCommand(command: Outline): string[] {
  return [
    `.SS ${quoteText(formatUsage(command))}`,
    ...quoteParagraph(command.description),
    ...command.arguments.flatMap(({ placeholder, meaning }) =>
      renderTerm(`\\fI${quoteText(placeholder)}\\fR`, meaning),
    ),
    ...[...groupFlags(command.flags).values()].flatMap((flags) => flags.flatMap(renderFlag)),
    ...command.notes.flatMap(renderNote),
    ...renderExamples(command.examples),
  ];
}

function renderFlag({ short, long, term, meaning, fallback }: Flag): string[] {
  const value = term.slice(term.indexOf(long) + long.length);
  const names = [short, long]
    .filter((name) => name !== undefined)
    .map((name) => `\\fB${quoteText(name)}\\fR`);
  const shown = value === '' ? '' : quoteText(value).replace(/[\w,.…-]*\w[\w,.…\\-]*/, '\\fI$&\\fR');
  return renderTerm(
    `${names.join(', ')}${shown}`,
    fallback === undefined ? meaning : `${meaning} (default: ${fallback})`,
  );
}

function renderNote({ title, text, terms }: Note): string[] {
  return [
    '.PP',
    ...quoteParagraph(`${title}: ${text}`),
    ...terms.flatMap(([term, meaning]) => renderTerm(quoteText(term), meaning)),
  ];
}

function renderTopic({ title, rows, remark }: Topic): string[] {
  // The usual name of this section.
  const heading = title === 'Exit codes' ? 'EXIT STATUS' : title.toUpperCase();
  return [
    `.SH ${heading}`,
    ...rows.flatMap(([term, meaning]) => renderTerm(`\\fB${allowBreaks(quoteText(term))}\\fR`, meaning)),
    '.PP',
    ...quoteParagraph(remark),
  ];
}

/** @param term already escaped */
function renderTerm(term: string, meaning: string): string[] {
  return ['.TP', term, ...quoteParagraph(meaning)];
}

function renderExamples(examples: readonly Example[]): string[] {
  return [
    '.PP',
    'Examples:',
    ...examples.flatMap(({ command, what }) => [
      '.PP',
      '.RS 4',
      '.EX',
      ...(what === undefined ? [] : [quoteLine(`# ${what}`)]),
      ...foldCommand(command, EXAMPLE_WIDTH).map(quoteLine),
      '.EE',
      '.RE',
    ]),
  ];
}

const lowerFirst = (text: string): string => `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;

/** Escapes everything that roff interprets: backslashes, dashes, quotes and accents. */
function quoteText(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '\\': '\\e',
    '-': '\\-',
    "'": '\\(aq',
    '`': '\\(ga',
    '^': '\\(ha',
    '~': '\\(ti',
    '…': '...',
  };
  return text.replace(/[\\\-'`^~…]/g, (character) => names[character] ?? character);
}

/** The same for a whole line; a dot at its beginning would be a request. */
function quoteLine(text: string): string {
  const quoted = quoteText(text);
  return quoted.startsWith('.') ? `\\&${quoted}` : quoted;
}

/** A long word such as a URL or a path may be broken after punctuation. */
const allowBreaks = (text: string): string =>
  text.replace(/\S{24,}/g, (word) => word.replace(/(?:[/,\]]|\\e)(?=[^/\s])/g, '$&\\:'));

/**
 * A paragraph in short source lines; text between backticks is bold. `\&` marks an "e.g." that ends a line, because
 * troff would take it for the end of a sentence.
 */
function quoteParagraph(text: string): string[] {
  // A bold phrase may be broken over two lines.
  return wrapText(text.replace(/`([^`]*)`/g, '\u{2}$1\u{3}'), SOURCE_WIDTH).map((line) =>
    allowBreaks(
      quoteLine(line)
        .replaceAll('\u{2}', '\\fB')
        .replaceAll('\u{3}', '\\fR')
        .replace(/\be\.g\.$/, '$&\\&'),
    ),
  );
}
