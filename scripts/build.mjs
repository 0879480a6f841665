// Builds dist/: CommonJS bundles, minified, with nothing left to resolve at run time (bundle-plan.mjs says which).
//
// A dynamic import becomes a plain `require` of the sibling bundle, so a command loads only what it uses.
// CommonJS, because an ESM entry costs 35 ms more on Node 20 and 22.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildTypes } from './build-types.mjs';
import { LIBRARIES, planBundles } from './bundle-plan.mjs';
import { scannerPlugin } from './scanner-code.mjs';
import { collectLicences } from './third-party-licences.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = resolve(root, 'dist');
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));

// Made beside and put in place whole: a command that runs meanwhile finds the old parts or the new ones.
const fresh = `${dist}.${process.pid}`;
const types = buildTypes(
  root,
  resolve(fresh, 'types'),
  Object.values(LIBRARIES).map((path) => path.replace(/\.ts$/, '')),
);
const plan = await planBundles(root, [scannerPlugin]);

/** Packages that have a bundle of their own, on the side of who imports them. */
const PACKAGE = 'package';

/** Sends imports across the border of a bundle to the sibling that has the file. */
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
      // In between, so that `default` is what the package means by it and not all of its bundle.
      b.onLoad({ filter: /./, namespace: PACKAGE }, ({ path }) => ({
        contents: reExport(path, `./${path}.cjs`),
      }));
    },
  };
}

/** All that a file of ours, or a package, exports. */
function reExport(path, from = path) {
  const all = `export * from ${JSON.stringify(from)};`;
  return plan.packages.includes(path) ? `${all} export { default } from ${JSON.stringify(from)};` : all;
}

/**
 * esbuild exports through getters, one behind the other. Our own bundles end by turning their exports into plain
 * values: with getters a filter takes a fifth longer and pretty output a quarter.
 */
const PLAIN_EXPORTS = 'module.exports=Object.defineProperty({...module.exports},"__esModule",{value:!0});';

/**
 * Bundles in which `import()` stays. As a `require` the one of `kerberos` would leave the `try` that it is in, and
 * bundlers of programs that use the library would no longer see that the package may be missing.
 */
const KEEP_IMPORT = new Set(['connection.dial.proxy-agent']);

/** Modules of dependencies that are replaced as a whole; each file says why. test/stand-ins.test.ts has them all. */
const STAND_INS = Object.fromEntries(
  ['when-exit', 'env-paths'].map((name) => [name, resolve(root, `scripts/stand-ins/${name}.mjs`)]),
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
    // As `import()` Node would load the ESM machinery and lex every bundle for it.
    supported: { 'dynamic-import': KEEP_IMPORT.has(name) },
    minify: true,
    keepNames: false,
    // A login by Negotiate, which nothing here asks the proxy agent for.
    external: ['kerberos'],
    alias: STAND_INS,
    define: {
      ATLANTIS_VERSION: JSON.stringify(version),
      // ws would load two native packages from wherever Node finds them: any folder above, NODE_PATH, the home.
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
writeFileSync(resolve(fresh, 'THIRD-PARTY-LICENCES.txt'), collectLicences(root, inputs));
await types;
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);
