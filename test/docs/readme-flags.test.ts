// The tables of flags in README and its translation match the definitions.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { updatePage } from '../helpers/markdown.ts';
import { insertFlags, README_PAGES } from '../helpers/readme-flags.ts';
import { ROOT } from '../helpers/run-cli.ts';

test.each(README_PAGES.map((page) => [page.path, page] as const))(
  'the tables of %s match the definitions (UPDATE_DOCS=1 writes them)',
  (path, page) => {
    const file = join(ROOT, path);
    const rendered = insertFlags(readFileSync(file, 'utf8'), page);
    updatePage(file, rendered);
    expect(readFileSync(file, 'utf8')).toBe(rendered);
    expect(rendered).toContain('`--fail-on-gap`');
  },
);
