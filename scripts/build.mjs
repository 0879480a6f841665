// Builds dist/: minified bundles, with no dependencies at run time. bundle-plan.mjs decides what each bundle contains;
// build-libraries.mjs builds the libraries as ES modules.
//
// A dynamic import becomes a plain `require` of the sibling bundle, so a command loads only what it uses.
// Their format is CommonJS because an ESM entry starts 35 ms later on Node 20 and 22.
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

/** Namespace of imports of packages that have their own bundle. */
const PACKAGE = 'package';

/** Resolves imports from other bundles to those bundles. */
function crossBorders(bundle) {
  return {
    name: 'cross-borders',
    setup(b) {
      b.onResolve({ filter: /./ }, ({ kind, path, resolveDir, importer, namespace }) => {
        if (namespace === PACKAGE) return { path, external: true };
        const isPackage = plan.packages.includes(path);
        if (!isPackage && (!path.startsWith('.') || importer.includes('node_modules'))) return undefined;
        const file = isPackage ? path : resolve(resolveDir, path);
        const target = kind === 'dynamic-import' ? plan.nameTarget(file) : plan.findOwner(file, bundle);
        if (target === undefined) return undefined;
        return isPackage ? { path, namespace: PACKAGE } : { path: `./${target}.cjs`, external: true };
      });
      // This wrapper makes `default` the package's own default export, not the whole bundle.
      b.onLoad({ filter: /./, namespace: PACKAGE }, ({ path }) => ({
        contents: reExport(path, `./${path}.cjs`),
      }));
    },
  };
}

/** Re-exports everything that a file or package exports. */
function reExport(path, from = path) {
  const all = `export * from ${JSON.stringify(from)};`;
  return plan.packages.includes(path) ? `${all} export { default } from ${JSON.stringify(from)};` : all;
}

/**
 * esbuild exports through chained getters. Our own bundles replace them with plain values: with getters,
 * filters take a fifth longer and pretty output a quarter.
 */
const PLAIN_EXPORTS = 'module.exports=Object.defineProperty({...module.exports},"__esModule",{value:!0});';

async function buildBundle([name, files]) {
  const isOurs = !plan.packages.includes(name);
  const outfile = resolve(fresh, `${name}.cjs`);
  const { metafile } = await build({
    ...COMMON,
    stdin: {
      contents: files.map((path) => reExport(path)).join('\n'),
      resolveDir: root,
    },
    outfile,
    format: 'cjs',
    // With `import()`, Node would load its ESM loader and lex every bundle.
    supported: { 'dynamic-import': false },
    footer: isOurs ? { js: PLAIN_EXPORTS } : {},
    plugins: [...COMMON.plugins, crossBorders(name)],
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
