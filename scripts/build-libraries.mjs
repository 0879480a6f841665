// Builds the ES modules that programs import: the library and the simulator. build.mjs builds their CommonJS versions,
// which share layers with the commands (bundle-plan.mjs).
//
// Everything that is imported on demand is in the same file, because bundlers that write a single file, such as rollup,
// refuse dynamic imports. Only ws, which both libraries need, is a file of its own.
import { builtinModules } from 'node:module';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { COMMON, root } from './bundle-options.mjs';
import { LIBRARIES } from './bundle-plan.mjs';

/** Turns imports that match `filter` into imports of a sibling file. */
const useSibling = (filter, path) => ({
  name: `sibling ${path}`,
  setup: (b) => b.onResolve({ filter }, () => ({ path, external: true })),
});

const BUILTINS = 'node-builtins';
const REQUIRED = 'required-builtin';
const nameOf = (module) => `__node_${module}`;

/**
 * Turns `require('events')` in packages that are CommonJS into an import. In an ES module, esbuild would turn it into a
 * call that fails with "Dynamic require of "events" is not supported".
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

/** Builds the ES modules into `directory`. @returns the paths of all source files */
export async function buildLibraries(directory) {
  const entries = Object.entries(LIBRARIES).map(([name, path]) => [name, resolve(root, 'src', path)]);
  const builds = [
    ...entries.map(([name, path]) => ({
      entryPoints: [path],
      outfile: `${name}.mjs`,
      plugins: [useSibling(/^ws$/, './ws.mjs'), importBuiltins],
    })),
    {
      stdin: { contents: "export { WebSocket, WebSocketServer } from 'ws';", resolveDir: root },
      outfile: 'ws.mjs',
      plugins: [importBuiltins],
    },
  ];
  const results = await Promise.all(
    builds.map(({ outfile, plugins, ...options }) =>
      build({
        ...COMMON,
        ...options,
        format: 'esm',
        inject: [BUILTINS],
        outfile: resolve(directory, outfile),
        plugins: [...COMMON.plugins, ...plugins],
      }),
    ),
  );
  return results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
}
