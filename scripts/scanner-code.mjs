// Compiles assembly/ into the WebAssembly module that `import code from './scanner.wasm'` loads: a plugin for
// esbuild and a transformer for jest. The repository contains no compiled code, and every bundle that scans has
// its own copy.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../assembly', import.meta.url));
const ENTRY = resolve(SOURCES, 'index.ts');
const CACHE = fileURLToPath(new URL('../node_modules/.cache/scanner', import.meta.url));
// The initial memory, in pages, must cover the areas of layout.ts. The code has its own checks, so no asserts
// are needed.
const OPTIONS = ['--runtime', 'stub', '--enable', 'simd', '-O3', '--noAssert', '--initialMemory', '11'];

let code;

/** Compiles the module, or reads it from the cache: the build and every jest worker need it. */
export function compileScanner() {
  code ??= readOrCompile();
  return code;
}

/** A hash of the options, the sources and this file. */
function computeKey() {
  const hash = createHash('sha1').update(OPTIONS.join(' '));
  for (const name of readdirSync(SOURCES)) hash.update(readFileSync(resolve(SOURCES, name)));
  return hash.update(readFileSync(fileURLToPath(import.meta.url))).digest('hex');
}

async function readOrCompile() {
  const path = resolve(CACHE, `${computeKey()}.wasm`);
  try {
    return readFileSync(path);
  } catch {
    const binary = await compile();
    mkdirSync(CACHE, { recursive: true });
    // Renamed, so that another process never reads half a file.
    writeFileSync(`${path}.${process.pid}`, binary);
    renameSync(`${path}.${process.pid}`, path);
    return binary;
  }
}

async function compile() {
  // Imported here because the compiler is several megabytes.
  const { main } = await import('assemblyscript/asc');
  let binary;
  let said = '';
  const { error } = await main(['index.ts', '--outFile', 'scanner.wasm', ...OPTIONS], {
    readFile: (name) => {
      try {
        return readFileSync(resolve(SOURCES, name), 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (_name, contents) => {
      binary = contents;
    },
    listFiles: () => [],
    stderr: { write: (text) => (said += text) },
  });
  if (error !== null) throw new Error(`assembly/ could not be compiled:\n${said}`, { cause: error });
  return binary;
}

/** For esbuild: the code as base64 in the bundle. */
export const scannerPlugin = {
  name: 'scanner-code',
  setup(build) {
    build.onResolve({ filter: /\/scanner\.wasm$/ }, () => ({ path: ENTRY, namespace: 'scanner' }));
    build.onLoad({ filter: /.*/, namespace: 'scanner' }, async () => ({
      contents: await compileScanner(),
      loader: 'binary',
    }));
  },
};

/** For jest, which maps the import to the entry (jest.config.mjs) and caches the result. */
export default {
  getCacheKey: computeKey,
  async processAsync() {
    const base64 = Buffer.from(await compileScanner()).toString('base64');
    return { code: `export default Buffer.from('${base64}', 'base64');` };
  },
};
