// Strips the types from one module for jest, which then runs it as a native ES module.
import { transformSync } from 'esbuild';

// Jest runs modules in a context whose global object is intercepted, which makes each look-up of a global
// slow: a module looks these up once.
const GLOBALS = [
  ...[
    'Array',
    'BigInt',
    'Buffer',
    'Date',
    'Error',
    'JSON',
    'Map',
    'Math',
    'Number',
    'Object',
    'Promise',
    'RegExp',
  ],
  ...['Set', 'String', 'Symbol', 'Uint8Array', 'Uint32Array', 'performance', 'process'],
];
const define = Object.fromEntries(GLOBALS.map((name) => [name, `$${name}`]));
const banner = `const ${GLOBALS.map((name) => `$${name} = ${name}`).join(', ')};`;

export default {
  process(source, path) {
    const { code, map } = transformSync(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      sourcefile: path,
      sourcemap: true,
      define,
      banner,
    });
    return { code, map };
  },
};
