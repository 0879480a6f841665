// The flags that docs/contract.md names in the tables of § 1, and new rows for flags that it does not name yet.
import { listCommands, type Outline } from '../../src/flags/documented-command.ts';

export interface ListedFlags {
  readonly command: string;
  readonly flags: readonly string[];
  readonly defaults: readonly string[];
}

const readCells = (line: string): string[] => line.split(/(?<!\\)\|/).slice(1, -1);
const readCode = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
/** The command in the first cell of a row: `atlantis profile add` of `atlantis profile add <name>`. */
const readCommand = (cell: string): string | undefined =>
  /^ `(atlantis [a-z ]+?)(?: [<[].*)?` $/.exec(cell)?.[1];

/**
 * The flags of each row of the contract. A command with a table of its own also has a row without flags, in the
 * table of commands.
 */
export function listContractFlags(contract: string): ListedFlags[] {
  let section = '';
  return contract.split('\n').flatMap((line): ListedFlags[] => {
    section = /^### `(.*)`$/.exec(line)?.[1] ?? (line.startsWith('## ') ? '' : section);
    const [first = '', second = '', third = ''] = readCells(line);
    const command = readCommand(first);
    if (command !== undefined) return [{ command, flags: readCode(second), defaults: [] }];
    if (section === '' || !first.startsWith(' `--')) return [];
    return [{ command: section, flags: readCode(first), defaults: readCode(third) }];
  });
}

/**
 * The contract with a row for each flag of `root` that it does not name, to be refined by hand. The row has no
 * default, because a person has to decide whether the default is promised.
 */
export function addMissingFlags(contract: string, root: Outline): string {
  const listed = listContractFlags(contract);
  let page = contract;
  for (const { path, flags, commands } of listCommands(root)) {
    if (commands.length > 0) continue;
    const known = new Set(listed.filter(({ command }) => command === path).flatMap((row) => row.flags));
    const missing = flags.filter(({ long }) => !known.has(long));
    if (missing.length === 0) continue;
    const rows = missing.map(
      ({ long, meaning }) => `| \`${long}\` | ${meaning.replaceAll('|', '\\|')} | |\n`,
    );
    const table = new RegExp(`^### \`${path}\`\n\n(?:\\|.*\n)+`, 'm');
    page = table.test(page)
      ? page.replace(table, (old) => old + rows.join(''))
      : page.replace(/^\|.*$/gm, (line) =>
          addToRow(
            line,
            path,
            missing.map(({ long }) => `\`${long}\``),
          ),
        );
  }
  return page;
}

/** Adds flags to the row of a command that has no table of its own. */
function addToRow(line: string, path: string, flags: readonly string[]): string {
  const [first = '', second = '', ...rest] = readCells(line);
  if (readCommand(first) !== path) return line;
  const all = [...(second.trim() === '' ? [] : [second.trim()]), ...flags].join(', ');
  return `|${[first, ` ${all} `, ...rest].join('|')}|`;
}
