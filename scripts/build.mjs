// Builds dist/: minified bundles, with no dependencies at run time. bundle-plan.mjs decides what each bundle contains;
// build-libraries.mjs builds the libraries as ES modules.
//
// A dynamic import becomes a plain `require` of the sibling bundle, so a command loads only what it uses.
// The bundles are CommonJS because an ESM entry starts 35 ms later on Node 20 and 22.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { buildLibraries } from './build-libraries.mjs';
import { buildTypes } from './build-types.mjs';
import { COMMON, manifest, root } from './bundle-options.mjs';
import { LIBRARIES, planBundles } from './bundle-plan.mjs';
import { formatLicenses, formatSbom, listPackages } from './third-party-licenses.mjs';

const dist = resolve(root, 'dist');

// Built next to dist/ and renamed into place, so that a command that is running finds either the old or the new
// bundles.
const fresh = `${dist}.${process.pid}`;
const types = buildTypes(
  root,
  resolve(fresh, 'types'),
  Object.values(LIBRARIES).map((path) => path.replace(/\.ts$/, '')),
);
const libraries = buildLibraries(fresh);
const plan = await planBundles(root, COMMON.plugins);

/** Namespaces of imports from another bundle: a package, or files of src. */
const PACKAGE = 'package';
const LAYER = 'layer';

/** Resolves imports from other bundles to those bundles. */
function importFromBundles(bundle) {
  return {
    name: 'import-from-bundles',
    setup(b) {
      b.onResolve({ filter: /./ }, ({ kind, path, resolveDir, importer, namespace }) => {
        if (namespace === PACKAGE || namespace === LAYER) return { path, external: true };
        const isPackage = plan.packages.includes(path);
        if (!isPackage && (!path.startsWith('.') || importer.includes('node_modules'))) return undefined;
        const file = isPackage ? path : resolve(resolveDir, path);
        const target = kind === 'dynamic-import' ? plan.nameTarget(file) : plan.findOwner(file, bundle);
        if (target === undefined) return undefined;
        if (isPackage) return { path, namespace: PACKAGE };
        if (kind === 'dynamic-import') return { path: `./${target}.cjs`, external: true };
        return { path: target, namespace: LAYER };
      });
      // This wrapper makes `default` the package's own default export, not the whole bundle.
      b.onLoad({ filter: /./, namespace: PACKAGE }, ({ path }) => ({
        contents: reExport(path, `./${path}.cjs`),
      }));
      // One module for all imports from a layer, so that the bundle has one `require` of it instead of one per file.
      b.onLoad({ filter: /./, namespace: LAYER }, ({ path }) => ({
        contents: `export { ${listExports(plan.bundles.get(path))} } from './${path}.cjs';`,
      }));
    },
  };
}

const listExports = (files) => files.flatMap(plan.listNames).join(', ');

function reExport(path, from = path) {
  return `export * from ${JSON.stringify(from)}; export { default } from ${JSON.stringify(from)};`;
}

/**
 * The entry of a bundle of ours. It assigns plain values: for `export`, esbuild generates two chained getters, which
 * take longer at every use, and have to be compiled at the start.
 */
function exportPlainly(files) {
  const imports = files.map(
    (path) => `import { ${plan.listNames(path).join(', ')} } from ${JSON.stringify(path)};`,
  );
  const all = `Object.defineProperty({ ${listExports(files)} }, '__esModule', { value: true })`;
  return `${imports.join('\n')}\nmodule.exports = ${all};`;
}

/** With `export`, esbuild lists the names so that an ES module can import them from the file of a CommonJS library. */
const exportForLexer = (files) =>
  files
    .map((path) => `export { ${plan.listNames(path).join(', ')} } from ${JSON.stringify(path)};`)
    .join('\n');

function writeEntry(name, files) {
  if (plan.packages.includes(name)) return reExport(name);
  return Object.hasOwn(LIBRARIES, name) ? exportForLexer(files) : exportPlainly(files);
}

async function buildBundle([name, files]) {
  const outfile = resolve(fresh, `${name}.cjs`);
  const { metafile } = await build({
    ...COMMON,
    stdin: {
      contents: writeEntry(name, files),
      resolveDir: root,
    },
    outfile,
    format: 'cjs',
    // With `import()`, Node would load its ESM loader and lex every bundle.
    supported: { 'dynamic-import': false },
    // The entry assigns `module.exports`.
    logOverride: { 'commonjs-variable-in-esm': 'silent' },
    plugins: [...COMMON.plugins, importFromBundles(name)],
  });
  return Object.keys(metafile.inputs);
}

const inputs = (await Promise.all([libraries, ...[...plan.bundles].map(buildBundle)])).flat();
const packages = listPackages(root, inputs);
writeFileSync(resolve(fresh, 'THIRD-PARTY-LICENSES.txt'), formatLicenses(packages));
writeFileSync(resolve(fresh, 'sbom.cdx.json'), formatSbom(manifest, packages));
await types;
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);
