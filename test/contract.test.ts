// The contract and its tests stay together: every item, exit code and row of faults has a test that names it, every id
// that is cited anywhere exists in docs/, and the contract names every command and flag.
//
// An item is named in the title of a test or of a row of its table: `K3: …`, `row 16 (C1): …`, `§ 2, exit 11: …`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { EXIT } from '../src/errors.ts';
import { type Flag, listCommands } from '../src/flags/documented-command.ts';
import { STATUS_EVENTS } from '../src/ui/reporter.ts';
import { addMissingFlags, listContractFlags } from './helpers/contract-flags.ts';
import { updatePage } from './helpers/markdown.ts';
import { readOutline } from './helpers/outline.ts';
import { CONTRACT, EXIT_CODES, FAULT_ROWS, findLostCitations, ITEMS } from './helpers/specification.ts';

const ROOT = new URL('../', import.meta.url).pathname;
const PAGE = join(ROOT, 'docs/contract.md');
const THIS = 'test/contract.test.ts';

/** Exit codes that a shell shows for a process that a signal ended. */
const SIGNAL_CODES = [129, 130, 143];

/** Rows that do not have a test yet. */
const ROWS_WITHOUT_TEST_YET: readonly number[] = [];

/** Folders whose files may cite ids. */
const CITING = ['src', 'test', 'assembly', 'bench', 'scripts', 'docs', 'bin', '.ci', '.'];
const IS_TEXT = /(?:\.(?:ts|mjs|cjs|md|py)|^\.ci\/[\w-]+)$/;

const files = CITING.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: folder !== '.', encoding: 'utf8' }).map((name) =>
    join(folder, name),
  ),
)
  .filter((path) => IS_TEXT.test(path) && path !== THIS)
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

/** All strings of a test file outside of comments, which include all titles. */
function readStrings(text: string): string[] {
  const code = text.replace(/^\s*(\/\/|\/?\*).*$/gm, '');
  return code.match(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g) ?? [];
}

const tests = files
  .filter(({ path }) => path.endsWith('.test.ts'))
  .map(({ path, text }) => ({ path, strings: readStrings(text) }));

/** The test files that name an id. */
function findTests(name: RegExp): string[] {
  return tests.filter(({ strings }) => strings.some((text) => name.test(text))).map(({ path }) => path);
}

const findRowTests = (row: number): string[] => findTests(new RegExp(`\\brow ${row}\\b`));

describe('every item of the contract is named by a test', () => {
  test.each([...ITEMS.keys()])('%s', (item) => {
    // Not the C1 of the control characters beyond ASCII.
    expect(findTests(new RegExp(`(?<![\\w-])${item}(?=[,:) ])(?! (and|control|,))`))).not.toEqual([]);
  });

  test.each(EXIT_CODES)('exit code %i', (code) => {
    expect(findTests(new RegExp(`§ 2, exit ${code}\\b`))).not.toEqual([]);
  });

  test.each(FAULT_ROWS.filter((row) => !ROWS_WITHOUT_TEST_YET.includes(row)))(
    'row %i of the faults',
    (row) => {
      expect(findRowTests(row)).not.toEqual([]);
    },
  );

  test('a row that has a test is not listed as one without a test', () => {
    expect(ROWS_WITHOUT_TEST_YET.filter((row) => findRowTests(row).length > 0)).toEqual([]);
    expect(ROWS_WITHOUT_TEST_YET.filter((row) => !FAULT_ROWS.includes(row))).toEqual([]);
  });
});

describe('every cited id exists', () => {
  test.each(CITING)('%s', (folder) => {
    const own = files.filter(({ path }) => (folder === '.' ? !path.includes('/') : path.startsWith(folder)));
    expect(own.length).toBeGreaterThan(0);
    const lost = own.flatMap(({ path, text }) =>
      findLostCitations(text).map((citation) => `${path}: ${citation}`),
    );
    expect(lost).toEqual([]);
  });

  test.each([
    ['contract C99', 'C99'],
    ['(K3, K9)', 'K9'],
    ['contract O4 to O77', 'O77'],
    ['contract § 99', '§ 99'],
    ['§ 2, exit 15', '§ 2, exit 15'],
    ['rows 49, 2', 'rows 49, 2'],
    ['row 49 and 999', 'row 49 and 999'],
    ['see T99', 'T99'],
    ['(protocol.md)', 'protocol.md'],
    ['see design/faults', 'design/faults'],
    ['// docs/protocol.md, "After\n// the end"', 'protocol.md, "After the end"'],
    ['docs/no-such-page.md', 'docs/no-such-page.md'],
  ])('a citation that does not exist is found: %j', (text, lost) => {
    expect(findLostCitations(text)).toEqual([lost]);
  });

  test.each([
    'contract C7, C8; rows 49 and 52; § 2, exit 11',
    'C0, DEL, C1',
    '[contract.md](contract.md)',
    'RFC 6455 § 99, RFC 6455 § 5.2',
    '// docs/protocol.md, "After the\n// upgrade"',
  ])('no missing citation is found in %j', (text) => {
    expect(findLostCitations(text)).toEqual([]);
  });
});

describe('the contract is complete', () => {
  const root = readOutline();
  const commands = listCommands(root).filter((command) => command.commands.length === 0);
  updatePage(PAGE, addMissingFlags(CONTRACT, root));
  const listed = listContractFlags(readFileSync(PAGE, 'utf8'));
  const longNames = (flags: readonly Flag[]): string[] => flags.map(({ long }) => long).sort();

  test('it names every command', () => {
    const rows = new Set(listed.map(({ command }) => command));
    expect([...rows].sort()).toEqual(commands.map(({ path }) => path).sort());
  });

  test.each(commands.map((command) => [command.path, command] as const))(
    '%s: it names every flag, once (UPDATE_DOCS=1 adds missing ones)',
    (path, own) => {
      const rows = listed.filter(({ command }) => command === path);
      expect(rows.flatMap(({ flags }) => flags).sort()).toEqual(longNames(own.flags));
      const stated = rows.flatMap(({ flags, defaults }) =>
        defaults.length === 0 ? [] : flags.map((flag, at) => [flag, defaults[at]]),
      );
      const fallbacks = new Map(own.flags.map(({ long, fallback }) => [long, fallback]));
      expect(stated).toEqual(stated.map(([flag = '']) => [flag, fallbacks.get(flag)]));
    },
  );

  test('it names the global flags, and no flag that does not exist', () => {
    const [globals = ''] = /- \*\*Global flags\*\*[^.]*\./.exec(CONTRACT) ?? [];
    expect(globals.match(/--[a-z-]+/g)?.sort()).toEqual(longNames(root.flags));
    const known = new Set([root, ...commands].flatMap(({ flags }) => longNames(flags)));
    const named = CONTRACT.match(/(?<![\w-])--[a-z]+(?:-[a-z]+)*/g) ?? [];
    expect(named.filter((flag) => !known.has(flag))).toEqual([]);
  });

  test.each([
    ['a new row', '### `atlantis stream tail`\n\n| flags | contract | default |\n|---|---|---|\n'],
    ['the row of its command', '| `atlantis profile list` | `--json` | list |\n'],
    ['the row of a command without flags', '| `atlantis profile path` | | print |\n'],
  ])('UPDATE_DOCS=1 adds a missing flag: to %s', (_place, page) => {
    const [command = ''] = /atlantis [a-z ]+/.exec(page) ?? [];
    const own = commands.find(({ path }) => path === command);
    const added = addMissingFlags(page, root);
    const rows = listContractFlags(added).filter((row) => row.command === command);
    expect(rows.flatMap(({ flags }) => flags).sort()).toEqual(longNames(own?.flags ?? []));
    expect(addMissingFlags(added, root)).toBe(added);
  });

  test('it names every exit code', () => {
    const all = [...Object.values(EXIT), ...SIGNAL_CODES];
    expect([...EXIT_CODES].sort((a, b) => a - b)).toEqual(all.sort((a, b) => a - b));
  });

  test('G5: it names every value of `event` in a record on stderr', () => {
    const [, names = ''] = /`event` is one of ([^.]*)\./.exec(ITEMS.get('G5') ?? '') ?? [];
    expect(names.match(/[a-z-]+/g)?.sort()).toEqual([...STATUS_EVENTS].sort());
  });
});
