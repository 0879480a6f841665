// The table of flags in README and its translation, from the definitions.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Flag, listCommands } from '../../src/flags/documented-command.ts';
import { renderTable } from './markdown.ts';
import { readOutline } from './outline.ts';
import { ROOT } from './run-cli.ts';

/** The flags of `stream tail` that most users need; docs/reference.md has all of them. */
const MOST_USED = [
  '--profile',
  '--url',
  '--simulate',
  '--type',
  '--where',
  '--json',
  '--fields',
  '--wide',
  '--limit',
  '--duration',
  '--timeout',
  '--max-silence',
  '--fail-on-gap',
  '--record',
  '--no-reconnect',
  '--ca-cert',
];

/** Meaning and default of a flag in another language, by its long name; English if one is missing. */
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
    header: ['選項', '說明', '預設值'],
    translations: JSON.parse(readFileSync(join(ROOT, 'docs/flags.zh-TW.json'), 'utf8')),
  },
];

/** From the header of the table to the next empty line. */
const TABLE = /^\| (?:flag|選項) \| [\s\S]*?\n(?=\n)/m;

/** The page with its table made from the definitions. */
export function insertFlags(page: string, { header, translations }: ReadmePage): string {
  const tail = listCommands(readOutline()).find(({ path }) => path === 'atlantis stream tail');
  const rows = (tail?.flags ?? [])
    .filter(({ long }) => MOST_USED.includes(long))
    .map((flag) => renderRow(flag, translations));
  return page.replace(TABLE, () => `${renderTable(header, rows)}\n`);
}

function renderRow({ term, long, meaning, fallback = '' }: Flag, translations: Translations): string[] {
  const translation = translations[long];
  return [`\`${term}\``, translation?.meaning ?? meaning, translation?.default ?? fallback];
}
