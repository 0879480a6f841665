// Builds dist/: one CommonJS file per lazily loaded part, minified, with nothing left to resolve at run time.
//
// A dynamic import in the sources is a bundle border: it becomes a plain `require` of the sibling bundle,
// so a command loads only what it uses. CommonJS, because an ESM entry costs 35 ms more on Node 20 and 22.
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildTypes } from './build-types.mjs';
import { scannerPlugin } from './scanner-code.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = resolve(root, 'dist');
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));

/** The bundle that a source file behind a dynamic import becomes: its path in src with dots for slashes. */
const bundleName = (path) => relative(resolve(root, 'src'), path).replaceAll('/', '.').replace(/\.ts$/, '');

/** What other programs import (`exports` in package.json): bundle → its entry in src. tsconfig.types.json has them too. */
const LIBRARIES = { library: 'library/index', simulator: 'simulator/library' };

const found = new Map();
const lazyBundles = {
  name: 'lazy-bundles',
  setup(b) {
    b.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir, importer }) => {
      if (kind !== 'dynamic-import' || importer.includes('node_modules')) return undefined;
      const file = resolve(resolveDir, path);
      found.set(bundleName(file), file);
      return { path: `./${bundleName(file)}.cjs`, external: true };
    });
    // Dependencies own no signals in this process (contract S1): their exit hooks are replaced.
    b.onResolve({ filter: /^(when-exit|signal-exit)$/ }, ({ path }) => ({
      path,
      namespace: 'no-exit-hooks',
    }));
    b.onLoad({ filter: /.*/, namespace: 'no-exit-hooks' }, () => ({
      contents: 'const noop = () => () => {}; export default noop; export const onExit = noop;',
    }));
  },
};

// Made beside and put in place whole: a command that runs meanwhile finds the old parts or the new ones.
const fresh = `${dist}.${process.pid}`;
const built = new Set();
const types = buildTypes(root, resolve(fresh, 'types'), Object.values(LIBRARIES));
let pending = new Map([
  ['main', resolve(root, 'src/main.ts')],
  ...Object.entries(LIBRARIES).map(([name, path]) => [name, resolve(root, 'src', `${path}.ts`)]),
]);
while (pending.size > 0) {
  await build({
    entryPoints: Object.fromEntries(pending),
    outdir: fresh,
    outExtension: { '.js': '.cjs' },
    absWorkingDir: root,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // Without this esbuild keeps `import()`: Node would load the ESM machinery and lex every bundle for it.
    supported: { 'dynamic-import': false },
    minify: true,
    // stdout is for events: what a dependency would print there (the NATS client does) is left out.
    drop: ['console'],
    keepNames: false,
    external: ['bufferutil', 'utf-8-validate'],
    define: { ATLANTIS_VERSION: JSON.stringify(version) },
    plugins: [scannerPlugin, lazyBundles],
    logLevel: 'warning',
  });
  for (const name of pending.keys()) built.add(name);
  pending = new Map([...found].filter(([name]) => !built.has(name)));
}
await types;
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);
