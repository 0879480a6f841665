// Builds what programs import, each as an ES module and as CommonJS: the library and the simulator.
//
// They share no bundle with the commands, so a program that is bundled contains no command. Everything that is
// imported on demand is in the same file, because bundlers that write a single file, such as rollup, refuse dynamic
// imports. Only leaf packages are files of their own: ws, which both need, and for CommonJS the regular expressions,
// which the commands have as a bundle.
import { builtinModules } from 'node:module';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { COMMON, root } from './bundle-options.mjs';

/** Public entry points (`exports` in package.json): bundle → its entry in src. Keep tsconfig.types.json in sync. */
export const LIBRARIES = { library: 'stream/index.ts', simulator: 'simulator/library.ts' };

/** Makes imports that match `filter` imports of a sibling file. */
const useSibling = (filter, path) => ({
  name: `sibling ${path}`,
  setup: (b) => b.onResolve({ filter }, () => ({ path, external: true })),
});

const BUILTINS = 'node-builtins';
const REQUIRED = 'required-builtin';
const nameOf = (module) => `__node_${module}`;

/**
 * Makes `require('events')` in packages that are CommonJS an import. In an ES module, esbuild would make it a call that
 * fails with "Dynamic require of "events" is not supported".
 */
const importBuiltins = {
  name: 'import-builtins',
  setup(b) {
    const names = builtinModules.filter((name) => /^[a-z]+(?:_[a-z]+)*$/.test(name));
    b.onResolve({ filter: new RegExp(`^${BUILTINS}$`) }, ({ path }) => ({ path, namespace: BUILTINS }));
    b.onLoad({ filter: /./, namespace: BUILTINS }, () => ({
      contents: names.map((name) => `export { default as ${nameOf(name)} } from 'node:${name}';`).join('\n'),
    }));
    b.onResolve({ filter: /^(node:)?[a-z_]+$/ }, ({ kind, path }) => {
      const name = path.replace('node:', '');
      return kind === 'require-call' && names.includes(name)
        ? { path: name, namespace: REQUIRED }
        : undefined;
    });
    b.onLoad({ filter: /./, namespace: REQUIRED }, ({ path }) => ({
      contents: `module.exports = ${nameOf(path)};`,
    }));
  },
};

/** Builds them into `folder`. @returns the paths of all source files */
export async function buildLibraries(folder) {
  const entries = Object.entries(LIBRARIES).map(([name, path]) => [name, resolve(root, 'src', path)]);
  const modules = { format: 'esm', inject: [BUILTINS] };
  const builds = [
    ...entries.flatMap(([name, path]) => [
      {
        entryPoints: [path],
        outfile: `${name}.mjs`,
        ...modules,
        plugins: [useSibling(/^ws$/, './ws.mjs'), importBuiltins],
      },
      {
        entryPoints: [path],
        outfile: `${name}.cjs`,
        format: 'cjs',
        supported: { 'dynamic-import': false },
        plugins: [useSibling(/^ws$/, './ws.cjs'), useSibling(/\/pattern\.ts$/, './filter.pattern.cjs')],
      },
    ]),
    {
      stdin: { contents: "export { WebSocket, WebSocketServer } from 'ws';", resolveDir: root },
      outfile: 'ws.mjs',
      ...modules,
      plugins: [importBuiltins],
    },
  ];
  const results = await Promise.all(
    builds.map(({ outfile, plugins, ...options }) =>
      build({
        ...COMMON,
        ...options,
        outfile: resolve(folder, outfile),
        plugins: [...COMMON.plugins, ...plugins],
      }),
    ),
  );
  return results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
}
