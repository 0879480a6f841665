// Builds dist/types/: the declarations that the entries of the libraries reach, and no others.
//
// They are written once, as `.d.cts`, since TypeScript reads the module format off the extension. For programs that are
// ES modules, each entry has a `.d.mts` that exports them.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const SPECIFIER = /((?:from|import\()\s*['"])(\.[^'"]*)\.ts(['"])/g;

/** Writes the declarations of `entries` (paths in src without extension) into `target`. */
export async function buildTypes(root, target, entries) {
  const emitted = mkdtempSync(join(tmpdir(), 'atlantis-types-'));
  try {
    const tsc = resolve(root, 'node_modules/typescript/bin/tsc');
    await promisify(execFile)(process.execPath, [
      tsc,
      '--project',
      resolve(root, 'tsconfig.types.json'),
      '--outDir',
      emitted,
    ]).catch((error) => {
      throw new Error(`the types could not be built:\n${error.stdout ?? error}`);
    });
    const wanted = new Set(entries);
    for (const path of wanted) {
      const text = readFileSync(join(emitted, `${path}.d.ts`), 'utf8');
      for (const [, , specifier] of text.matchAll(SPECIFIER)) wanted.add(join(dirname(path), specifier));
      mkdirSync(dirname(join(target, path)), { recursive: true });
      writeFileSync(join(target, `${path}.d.cts`), text.replace(SPECIFIER, '$1$2.cjs$3'));
    }
    for (const path of entries)
      writeFileSync(join(target, `${path}.d.mts`), `export * from './${basename(path)}.cjs';\n`);
  } finally {
    rmSync(emitted, { recursive: true, force: true });
  }
}
