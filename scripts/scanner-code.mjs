// Compiles assembly/ into the WebAssembly that `import code from './scanner.wasm'` stands for: for esbuild a
// plugin, for jest a transformer. So no compiled code lies in the sources, and every bundle has its own copy.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../assembly', import.meta.url));
const ENTRY = resolve(SOURCES, 'index.ts');
const CACHE = fileURLToPath(new URL('../node_modules/.cache/scanner', import.meta.url));
// As many pages of memory as layout.ts takes. Checks of ours stand in the code; there is no heap.
const OPTIONS = ['--runtime', 'stub', '--enable', 'simd', '-O3', '--noAssert', '--initialMemory', '11'];

let code;

/** The module, compiled once: the compiler takes seconds, and the build and each worker of jest need the code. */
export function compileScanner() {
  code ??= readOrCompile();
  return code;
}

/** Names the code by all that it is made of. */
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
    // Other processes may read it now.
    writeFileSync(`${path}.${process.pid}`, binary);
    renameSync(`${path}.${process.pid}`, path);
    return binary;
  }
}

async function compile() {
  // Loads a compiler of several megabytes: only here.
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

/** For jest, which maps the import to the entry (jest.config.mjs) and keeps the result. */
export default {
  getCacheKey: computeKey,
  async processAsync() {
    const base64 = Buffer.from(await compileScanner()).toString('base64');
    return { code: `export default Buffer.from('${base64}', 'base64');` };
  },
};
