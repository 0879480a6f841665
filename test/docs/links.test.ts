// Every link in every page leads to an existing file and heading, and every path that a page or a comment names is a
// file or a folder of the project.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { toAnchor } from '../helpers/markdown.ts';
import { ROOT } from '../helpers/run-cli.ts';

const FOLDERS = ['.', 'docs', 'bench', 'test/helpers'];
const pages = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(ROOT, folder, name)),
);

/** The text of a page without code, in which brackets are not links. */
function readProse(page: string): string {
  return readFileSync(page, 'utf8')
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`(?!\]\()/g, '');
}

function listAnchors(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => toAnchor(heading));
}

test('there are pages to check', () => expect(pages.length).toBeGreaterThan(10));

describe.each(pages.map((page) => [relative(ROOT, page), page]))('%s', (_name, page) => {
  const links = [...readProse(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);

  test('every link leads to an existing file and heading', () => {
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

  test('a link whose text is a path leads to that path', () => {
    const shown = [
      ...readProse(page).matchAll(/\[`?((?:[\w.-]+\/)*[\w.-]+\.(?:md|json|mjs))`?\]\(([^)#\s]+)/g),
    ];
    const astray = shown.filter(
      ([, text = '', target = '']) => !resolve(dirname(page), target).endsWith(text),
    );
    expect(astray.map(([link]) => link)).toEqual([]);
  });
});

const SOURCES = ['src', 'test', 'scripts', 'bench', 'assembly', 'bin'];
const isModule = (path: string): boolean => /\.(?:ts|mjs|cjs)$/.test(path) && !path.includes('node_modules');
const listModules = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(isModule)
    .map((path) => join(folder, path));
const modules = SOURCES.flatMap(listModules);
const moduleNames = new Set(modules.map((path) => basename(path)));

/** Matches a path of a module, or of a folder with `/` at its end. */
const PATH =
  /(?<![\w./@<*{$-])(?:(?:[\w.-]+\/)*[\w-][\w.-]*\.(?:ts|mjs)(?!\w|\.\w|[(*])|(?:[\w-]+\/)+(?=`))/g;

/** The paths in a text that exist neither below the root, `src/` or the folder of the text, nor as a bare file name. */
function findLostPaths(text: string, folder: string): string[] {
  const isLost = (path: string): boolean =>
    !['', 'src', folder].some((base) => existsSync(join(ROOT, base, path))) && !moduleNames.has(path);
  return (text.match(PATH) ?? []).filter(isLost);
}

describe('every named path exists', () => {
  // The changelog has old file names, and results.md has names of bundles.
  const current = pages.filter((page) => !/CHANGELOG|results/.test(page));

  test.each(current.map((page) => [relative(ROOT, page), page]))('in inline code of %s', (_name, page) => {
    const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '');
    const code = text.match(/`[^`\n]+`/g) ?? [];
    expect(code.flatMap((one) => findLostPaths(one, dirname(relative(ROOT, page))))).toEqual([]);
  });

  test.each(current.map((page) => [relative(ROOT, page), page]))(
    'and a name that %s places in a file is in that file',
    (_name, page) => {
      const text = readFileSync(page, 'utf8').replace(/\s+/g, ' ');
      const named = [...text.matchAll(/`(\w+)` (?:in|of) `((?:[\w-]+\/)*[\w-]+\.ts)`/g)];
      const lost = named.filter(([, name = '', path = '']) => {
        const file = [join(ROOT, path), join(ROOT, 'src', path)].find((one) => existsSync(one));
        return file === undefined || !readFileSync(file, 'utf8').match(/\w+/g)?.includes(name);
      });
      expect(lost.map(([all]) => all)).toEqual([]);
    },
  );

  test.each(SOURCES)('in comments of %s', (folder) => {
    const own = modules.filter((path) => path.startsWith(`${folder}/`));
    const lost = own.flatMap((path) => {
      const comments = readFileSync(join(ROOT, path), 'utf8').match(/\/\/.*|\/\*[\s\S]*?\*\//g) ?? [];
      return findLostPaths(comments.join('\n'), dirname(path)).map((lost) => `${path}: ${lost}`);
    });
    expect(own).not.toEqual([]);
    expect(lost).toEqual([]);
  });

  test('in scripts of .ci and package.json (jest would silently run fewer tests)', () => {
    const scripts = ['package.json', ...readdirSync(join(ROOT, '.ci')).map((name) => join('.ci', name))];
    const places = scripts.flatMap((script) =>
      (readFileSync(join(ROOT, script), 'utf8').match(/(?<=\s)test\/[\w/-]+(?:\{[\w,-]+\})?/g) ?? []).flatMap(
        (place) => {
          const [base = '', names = ''] = place.split(/[{}]/);
          return names.split(',').map((name) => base + name);
        },
      ),
    );
    expect(places.length).toBeGreaterThan(10);
    expect(places.filter((place) => !modules.some((path) => path.startsWith(place)))).toEqual([]);
  });

  test.each([
    ['`src/nowhere.ts`', 'src/nowhere.ts'],
    ['as connection/nowhere.ts has it', 'connection/nowhere.ts'],
    ['nowhere.ts', 'nowhere.ts'],
    ['`library/`', 'library/'],
  ])('a path that does not exist is found in %j', (text, lost) => {
    expect(findLostPaths(text, 'docs')).toEqual([lost]);
  });

  test.each([
    '`src/main.ts`',
    'connection/follow.ts',
    'retry-policy.ts',
    '`session/`',
    '`test/helpers/`',
    'and/or',
    '*.test.ts',
  ])('no missing path is found in %j', (text) => {
    expect(findLostPaths(text, 'docs')).toEqual([]);
  });
});
