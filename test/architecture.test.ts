// The layers of src: a directory imports only what is below it in this list. A new row is a decision.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const SRC = new URL('../src/', import.meta.url).pathname;

/** From top to bottom. */
const LAYERS = [
  'main.ts',
  'commands/',
  'monitoring/',
  'delivery/',
  'session/',
  'recording/',
  'ui/',
  'stream/',
  'settings/',
  'profiles/',
  'simulator/',
  'flags/',
  'io/',
  'connection/',
  'render/',
  'filter/',
  'events/',
  'clock.ts',
  'errors.ts',
  'version.ts',
];

/** Layers that only the listed directories may import, so that only commands that need their dependencies load them. */
const CLOSED: Readonly<Record<string, readonly string[]>> = {
  'delivery/': ['commands/relay/', 'commands/tail/', 'commands/top/', 'monitoring/'],
  'monitoring/': ['commands/relay/', 'commands/tail/'],
};

/** Package → the only places that may import it. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  commander: ['commands/', 'flags/'],
  ws: ['connection/dial/', 'simulator/'],
  conf: ['profiles/write.ts'],
  chalk: ['render/style.ts'],
  ora: ['ui/'],
  'string-width': ['render/'],
  re2js: ['filter/pattern.ts'],
  'is-unicode-supported': ['io/io.ts'],
  '@nats-io/transport-node': ['delivery/nats/'],
  '@nats-io/jetstream': ['delivery/nats/'],
  yaml: ['commands/relay/yaml/yaml-file.ts'],
  'prom-client': ['monitoring/metrics.ts'],
};

/** The maximum length of a file: a longer one usually has two jobs. */
const MAX_LINES = 300;
/** A shorter file with a single importer belongs in that importer, unless SMALL_FOR_A_REASON has a reason for it. */
const FRAGMENT_LINES = 40;
const SMALL_FOR_A_REASON: Readonly<Record<string, string>> = {
  'simulator/library.ts': 'what the package exports as `simulator`',
};

/** Names that two files define, and why. */
const SHARED_NAMES: Readonly<Record<string, string>> = {
  requestTunnel:
    'connect.ts loads one of two bundles, http-tunnel.ts or socks-tunnel.ts, and calls it the same way',
};

interface Module {
  /** Path in src, with `/`. */
  readonly path: string;
  readonly source: string;
  /** Paths in src of all imported files: static, lazy and type-only imports. */
  readonly imports: readonly string[];
  /** The lazy ones among `imports`: each begins a bundle. */
  readonly lazyImports: readonly string[];
  readonly packages: readonly string[];
}

const SPECIFIER =
  /(?:^|\n)\s*(?:import|export)\b[^;]*?\bfrom\s*'([^']+)'|\bimport\(\s*'([^']+)'|(?:^|\n)import '([^']+)'/g;

function readModule(path: string): Module {
  const source = readFileSync(join(SRC, path), 'utf8');
  const matches = [...source.matchAll(SPECIFIER)];
  const specifiers = matches.map(([, a, b, c]) => a ?? b ?? c ?? '');
  const resolveAll = (all: readonly string[]): string[] =>
    all
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => normalize(join(dirname(path), specifier)).replaceAll('\\', '/'));
  return {
    path,
    source,
    imports: resolveAll(specifiers),
    lazyImports: resolveAll(matches.map(([, , lazy]) => lazy ?? '')),
    packages: specifiers
      .filter((specifier) => !/^(\.|node:)/.test(specifier))
      .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier),
  };
}

const modules = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  .map(readModule);

/** The layer of a path: a directory with `/`, or a file at the top. */
const layerOf = (path: string): string => path.replace(/\/.*/, '/');
/** The directory of a command: `commands/tail/`. */
const commandOf = (path: string): string | undefined => /^commands\/[^/]+\//.exec(path)?.[0];
const isIn = (path: string, places: readonly string[]): boolean =>
  places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));

const countLines = (source: string): number => source.trimEnd().split('\n').length;

/** All imports, as pairs of importer and target. */
const edges = modules.flatMap(({ path, imports }) => imports.map((target) => [path, target] as const));
const show = ([path, target]: readonly [string, string]): string => `${path} → ${target}`;

/** The first cells of the table in a chapter of docs/ARCHITECTURE.md. */
function readColumn(chapter: string): string[] {
  const page = readFileSync(join(SRC, '../docs/ARCHITECTURE.md'), 'utf8');
  const [text = ''] = page.split(`## ${chapter}\n`)[1]?.split('\n## ', 1) ?? [];
  return [...text.matchAll(/^\|-[-|]*\n((?:\|.*\n)+)/gm)].flatMap(([, rows = '']) =>
    [...rows.matchAll(/^\| (.+?) \|/gm)].map(([, cell = '']) => cell),
  );
}

describe('architecture', () => {
  test('the list names every directory and every file at the top of src, and no other', () => {
    expect([...new Set(modules.map(({ path }) => layerOf(path)))].sort()).toEqual([...LAYERS].sort());
    expect(LAYERS.length).toBeLessThanOrEqual(20);
  });

  test('docs/ARCHITECTURE.md describes every layer, in the order of the list', () => {
    expect(readColumn('Layers').map((cell) => cell.replaceAll('`', ''))).toEqual(LAYERS);
  });

  test.each(LAYERS)('%s imports only layers below it', (layer) => {
    const below = LAYERS.slice(LAYERS.indexOf(layer) + 1);
    const upward = edges.filter(
      ([path, target]) => layerOf(path) === layer && layerOf(target) !== layer && !isIn(target, below),
    );
    expect(upward.map(show)).toEqual([]);
  });

  test('no command imports another', () => {
    const across = edges.filter(([path, target]) => {
      const [from, to] = [commandOf(path), commandOf(target)];
      return from !== undefined && to !== undefined && from !== to;
    });
    expect(across.map(show)).toEqual([]);
  });

  test.each(Object.entries(CLOSED))(
    '%s is imported only by the directories that may import it',
    (layer, importers) => {
      const from = edges.filter(([path, target]) => layerOf(target) === layer && layerOf(path) !== layer);
      expect(from.filter(([path]) => !isIn(path, importers)).map(show)).toEqual([]);
    },
  );

  test.each(Object.entries(PACKAGES))(
    'the package %s is imported only in its allowed places',
    (name, places) => {
      const importers = modules.filter(({ packages }) => packages.includes(name)).map(({ path }) => path);
      expect(importers).not.toEqual([]);
      expect(importers.filter((path) => !isIn(path, places))).toEqual([]);
    },
  );

  test('every imported package is in the table', () => {
    const used = new Set(modules.flatMap(({ packages }) => packages));
    expect([...used].filter((name) => !(name in PACKAGES))).toEqual([]);
  });

  test('docs/ARCHITECTURE.md says what is used of each package', () => {
    expect(readColumn('Dependencies').sort()).toEqual(Object.keys(PACKAGES).sort());
  });

  test('flags are parsed only in the directories that turn them into a configuration', () => {
    const PLACES = ['commands/', 'settings/', 'recording/flags.ts', 'delivery/from/read-stream.ts'];
    const users = modules.filter(({ source }) => /\b(?:parseFlags|listGiven)\(/.test(source));
    const elsewhere = users.filter(({ path }) => !isIn(path, [...PLACES, 'flags/definition.ts']));
    expect(elsewhere.map(({ path }) => path)).toEqual([]);
  });

  test('only io.ts and the clock use process, and no file uses the console', () => {
    const uses = /\bprocess\.[a-z]|\bprocess\s*(\[|\?\.)|=\s*process\b|'(node:)?process'|\bconsole\s*\./i;
    const users = modules
      .filter(({ source }) => uses.test(source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')))
      .map(({ path }) => path);
    expect(users.sort()).toEqual(['clock.ts', 'io/io.ts']);
  });

  test('only io/platform.ts knows the name of an operating system', () => {
    const users = modules
      .filter(({ source }) => /'(?:win32|darwin|linux)'|\bwin32\b/.test(source))
      .map(({ path }) => path);
    expect(users).toEqual(['io/platform.ts']);
  });

  test('no circular imports, types included', () => {
    const importsOf = new Map(modules.map(({ path, imports }) => [path, imports]));
    const done = new Set<string>();
    const findCycle = (path: string, trail: readonly string[]): string | undefined => {
      if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' → ');
      if (done.has(path)) return undefined;
      for (const target of importsOf.get(path) ?? []) {
        const cycle = findCycle(target, [...trail, path]);
        if (cycle !== undefined) return cycle;
      }
      done.add(path);
      return undefined;
    };
    const cycles = modules.map(({ path }) => findCycle(path, [])).filter((cycle) => cycle !== undefined);
    expect([...new Set(cycles)]).toEqual([]);
  });

  test('every import refers to an existing module', () => {
    // The compiled form of assembly/ is not a file in src.
    const known = new Set(['events/scanner.wasm', ...modules.map(({ path }) => path)]);
    expect(edges.filter(([, target]) => !known.has(target)).map(show)).toEqual([]);
  });

  test('row 59: characters beyond ASCII are only in the two files that have an ASCII form of them; messages may use the ellipsis', () => {
    const OWN_PLACES = ['render/signs.ts', 'render/text-width.ts'];
    const withSigns = modules
      .filter(({ path }) => !OWN_PLACES.includes(path))
      .filter(({ source }) => /[^\0-\x7f…]/.test(source.replace(/\/\*[\s\S]*?\*\/|(?:^|\s)\/\/.*$/gm, '')))
      .map(({ path }) => path);
    expect(withSigns).toEqual([]);
  });

  test(`no file is longer than ${MAX_LINES} lines`, () => {
    const long = modules.filter(({ source }) => countLines(source) > MAX_LINES);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test(`a file under ${FRAGMENT_LINES} lines has two importers, is loaded lazily, defines a command, has the texts of a directory, or has a reason`, () => {
    const lazy = new Set(modules.flatMap(({ lazyImports }) => lazyImports));
    const fragments = modules
      .filter(({ source }) => countLines(source) < FRAGMENT_LINES)
      .map(({ path }) => path)
      .filter((path) => modules.filter(({ imports }) => imports.includes(path)).length < 2)
      .filter((path) => !lazy.has(path) && !/^commands\/[^/]+\/command\.ts$|\/messages\.ts$/.test(path));
    expect(fragments.sort()).toEqual(Object.keys(SMALL_FOR_A_REASON).sort());
  });

  test('every file begins with a comment that describes it, and its imports follow', () => {
    const isDescribed = /^\/\/ (?:.*\n)+?(?!\/\/)(?!\nimport )/;
    expect(modules.filter(({ source }) => !isDescribed.test(source)).map(({ path }) => path)).toEqual([]);
  });

  test('no name is exported by two files, and no type has the name of another, unless it has a reason', () => {
    const DEFINITION =
      /^(export )?(?:abstract )?(?:async )?(const|let|function\*?|class|interface|type|enum) (\w+)/gm;
    const files = new Map<string, Set<string>>();
    for (const { path, source } of modules) {
      for (const [, exported, keyword = '', name = ''] of source.matchAll(DEFINITION)) {
        if (exported === undefined && !/^(?:class|interface|type|enum)$/.test(keyword)) continue;
        files.set(name, (files.get(name) ?? new Set()).add(path));
      }
    }
    const shared = [...files].filter(([, paths]) => paths.size > 1);
    expect(
      shared.filter(([name]) => !(name in SHARED_NAMES)).map(([name, paths]) => [name, ...paths]),
    ).toEqual([]);
    expect(Object.keys(SHARED_NAMES).filter((name) => !shared.some(([found]) => found === name))).toEqual([]);
  });

  // knip also allows an export that only its own file uses.
  test('every export is used by another file in src, test, scripts or bench', () => {
    const ENTRIES = ['main.ts', 'stream/index.ts', 'simulator/library.ts'];
    const others = ['test', 'scripts', 'bench'].flatMap((directory) =>
      readdirSync(join(SRC, '..', directory), { recursive: true, encoding: 'utf8' })
        .filter((path) => /\.(?:ts|mjs)$/.test(path))
        .map((path) => readFileSync(join(SRC, '..', directory, path), 'utf8')),
    );
    const uses = new Map<string, number>();
    for (const text of [...modules.map(({ source }) => source), ...others]) {
      for (const word of new Set(text.match(/\w+/g))) uses.set(word, (uses.get(word) ?? 0) + 1);
    }
    const EXPORT = /^export (?:async )?(?:const|function\*?|class|interface|type) (\w+)/gm;
    const unused = modules
      .filter(({ path }) => !ENTRIES.includes(path))
      .flatMap(({ path, source }) =>
        [...source.matchAll(EXPORT)].map(([, name = '']) => [name, path] as const),
      )
      .filter(([name]) => uses.get(name) === 1);
    expect(unused.map(([name, path]) => `${path}: ${name}`)).toEqual([]);
  });
});
