// Strips the types of a module for jest, which then runs it as a native ES module.
import { transformSync } from 'esbuild';

// Jest intercepts the global object of a test, which makes each use of a global slow. So a module looks up these
// globals only once.
const GLOBALS = [
  ...['Array', 'BigInt', 'Buffer', 'Date', 'Error', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise'],
  ...[
    'RegExp',
    'Set',
    'String',
    'Symbol',
    'Uint8Array',
    'Uint32Array',
    'Float64Array',
    'performance',
    'process',
  ],
];
const define = Object.fromEntries(GLOBALS.map((name) => [name, `$${name}`]));
const banner = `const ${GLOBALS.map((name) => `$${name} = ${name}`).join(', ')};`;

export default {
  process(source, path) {
    const { code, map } = transformSync(source, {
      loader: path.endsWith('.ts') ? 'ts' : 'js',
      target: 'node20',
      sourcefile: path,
      sourcemap: true,
      define,
      banner,
    });
    return { code, map };
  },
};
