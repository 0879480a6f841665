// The tables of flags in README and its translation, from the definitions.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Flag, listCommands } from '../../src/flags/documented-command.ts';
import { renderTable } from './markdown.ts';
import { readOutline } from './outline.ts';
import { ROOT } from './run-cli.ts';

/** Meaning and default of a flag in another language, by its long name; English where one is missing. */
type Translations = Readonly<Record<string, { readonly meaning: string; readonly default?: string }>>;

export interface ReadmePage {
  /** From the root of the project. */
  readonly path: string;
  readonly header: readonly string[];
  readonly translations: Translations;
}

export const README_PAGES: readonly ReadmePage[] = [
  { path: 'README.md', header: ['flag', 'meaning', 'default'], translations: {} },
  {
    path: 'docs/README.zh-TW.md',
    header: ['選項', '意義', '預設值'],
    translations: JSON.parse(readFileSync(join(ROOT, 'docs/flags.zh-TW.json'), 'utf8')),
  },
];

/** The table of `stream tail` begins after its header and ends with the first empty line. */
const TABLE = /^\| (?:flag|選項) \| [\s\S]*?\n(?=\n)/m;

/** The page with the table that the definitions give. */
export function insertFlags(page: string, { header, translations }: ReadmePage): string {
  const tail = listCommands(readOutline()).find(({ path }) => path === 'atlantis stream tail');
  const rows = (tail?.flags ?? []).map((flag) => renderRow(flag, translations));
  return page.replace(TABLE, () => `${renderTable(header, rows)}\n`);
}

function renderRow({ term, long, meaning, fallback = '' }: Flag, translations: Translations): string[] {
  const translation = translations[long];
  return [`\`${term}\``, translation?.meaning ?? meaning, translation?.default ?? fallback];
}
