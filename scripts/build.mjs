// Builds dist/: CommonJS bundles, minified, with no dependencies at run time. bundle-plan.mjs decides what each
// contains.
//
// A dynamic import becomes a plain `require` of the sibling bundle, so a command loads only what it uses.
// The format is CommonJS because an ESM entry starts 35 ms later on Node 20 and 22.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildTypes } from './build-types.mjs';
import { LIBRARIES, planBundles } from './bundle-plan.mjs';
import { scannerPlugin } from './scanner-code.mjs';
import { collectLicenses } from './third-party-licenses.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = resolve(root, 'dist');
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));

// Built next to dist/ and renamed into place, so that a command that is running finds either the old or the new
// bundles.
const fresh = `${dist}.${process.pid}`;
const types = buildTypes(
  root,
  resolve(fresh, 'types'),
  Object.values(LIBRARIES).map((path) => path.replace(/\.ts$/, '')),
);
const plan = await planBundles(root, [scannerPlugin]);

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

/**
 * Bundles that keep `import()`. As a `require`, the import of `kerberos` would move out of its `try`, and
 * bundlers of programs that use the library would no longer see that the package is optional.
 */
const KEEP_IMPORT = new Set(['connection.dial.proxy-agent']);

/** Modules of dependencies that are replaced; each file says why. test/stand-ins.test.ts tests them. */
const STAND_INS = Object.fromEntries(
  ['when-exit', 'env-paths', 'debug'].map((name) => [name, resolve(root, `scripts/stand-ins/${name}.mjs`)]),
);

async function buildBundle([name, files]) {
  const isOurs = !plan.packages.includes(name) && !Object.hasOwn(LIBRARIES, name);
  const outfile = resolve(fresh, `${name}.cjs`);
  const { metafile } = await build({
    metafile: true,
    stdin: {
      contents: files.map((path) => reExport(path)).join('\n'),
      resolveDir: root,
    },
    outfile,
    absWorkingDir: root,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // With `import()`, Node would load its ESM loader and lex every bundle.
    supported: { 'dynamic-import': KEEP_IMPORT.has(name) },
    minify: true,
    keepNames: false,
    // Used by the proxy agent only for Negotiate authentication, which we do not offer.
    external: ['kerberos'],
    alias: STAND_INS,
    // Dependencies must not print (contract P4): the NATS client, for example, logs errors to stdout.
    drop: ['console'],
    define: {
      ATLANTIS_VERSION: JSON.stringify(version),
      // Otherwise ws would load two native packages from any parent directory, NODE_PATH or the home directory.
      'process.env.WS_NO_BUFFER_UTIL': '"1"',
      'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
    },
    footer: isOurs ? { js: PLAIN_EXPORTS } : {},
    plugins: [scannerPlugin, crossBorders(name)],
    logLevel: 'warning',
  });
  return Object.keys(metafile.inputs);
}

const inputs = (await Promise.all([...plan.bundles].map(buildBundle))).flat();
writeFileSync(resolve(fresh, 'THIRD-PARTY-LICENSES.txt'), collectLicenses(root, inputs));
await types;
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);
