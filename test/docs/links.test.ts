// Every link of every page leads somewhere: to a file of the project and, with an anchor, to a heading in it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { toAnchor } from '../helpers/markdown.ts';
import { ROOT } from '../helpers/run-cli.ts';

const FOLDERS = ['.', 'docs', 'bench', 'test/helpers'];
const pages = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(ROOT, folder, name)),
);

/** A page without its code, where brackets are no links. */
function readProse(page: string): string {
  return readFileSync(page, 'utf8')
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`(?!\]\()/g, '');
}

function listAnchors(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => toAnchor(heading));
}

test('there are pages', () => expect(pages.length).toBeGreaterThan(10));

describe.each(pages.map((page) => [relative(ROOT, page), page]))('%s', (_name, page) => {
  const links = [...readProse(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);

  test('its links lead somewhere', () => {
    const broken = links
      .filter((link) => !/^(?:https?|mailto):/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : resolve(dirname(page), path);
        if (!existsSync(target) || relative(ROOT, target).startsWith('..')) return true;
        return anchor !== undefined && !listAnchors(target).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  test('a link that shows a path leads to that file', () => {
    const shown = [
      ...readProse(page).matchAll(/\[`?((?:[\w.-]+\/)*[\w.-]+\.(?:md|json|mjs))`?\]\(([^)#\s]+)/g),
    ];
    const astray = shown.filter(
      ([, text = '', target = '']) => !resolve(dirname(page), target).endsWith(text),
    );
    expect(astray.map(([link]) => link)).toEqual([]);
  });
});
