// The package as npm makes and installs it, without a network.
import { execFileSync } from 'node:child_process';
import { makeTempFolder } from './cleanup.ts';
import { makeCleanEnvironment, ROOT } from './run-cli.ts';

export interface Packed {
  readonly filename: string;
  /** Bytes of the tarball. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Runs npm without a network, with a home and a cache of its own. */
export function runNpm(args: readonly string[], cwd: string): string {
  const quiet = ['--offline', '--no-audit', '--no-fund', '--loglevel=error'];
  return execFileSync('npm', [...args, ...quiet], {
    cwd,
    encoding: 'utf8',
    env: makeCleanEnvironment({ env: { npm_config_cache: makeTempFolder() } }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Skips the script `prepack`, which may reinstall packages while tests use them; `npm test` has already built. */
export function pack(folder: string): Packed {
  const [packed] = JSON.parse(runNpm(['pack', ROOT, '--json', '--ignore-scripts'], folder)) as Packed[];
  if (packed === undefined) throw new Error('npm packed nothing');
  return packed;
}
