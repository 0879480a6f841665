// What differs between operating systems. No other module contains the name of a platform.
import { type PlatformPath, posix, win32 } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Platform {
  readonly path: PlatformPath;
  /** Whether files have an owner and a mode. */
  readonly hasOwners: boolean;
  /** Whether processes form groups, die by signals, and are sent SIGXFSZ. */
  readonly hasSignals: boolean;
  /** Whether TERM says what a terminal can do. */
  readonly hasTerm: boolean;
  readonly keychain: 'secretService' | 'keychain' | 'vault';
  /** Whether a path leads to the same file from every working directory. */
  isFixed(path: string): boolean;
  /** False for a bare name, which is looked up on PATH. */
  hasDirectory(program: string): boolean;
  /** Undefined without a home directory. */
  findConfigDirectory(env: Environment, home: string | undefined): string | undefined;
  /**
   * For a program that must not depend on the working directory. Only an administrator can write to `cwd`, and PATH
   * has only absolute entries.
   */
  isolate(env: Environment): { readonly cwd: string; readonly env: NodeJS.ProcessEnv };
}

const LINUX: Platform = {
  path: posix,
  keychain: 'secretService',
  hasOwners: true,
  hasSignals: true,
  hasTerm: true,
  isFixed: (path) => path.startsWith('/'),
  hasDirectory: (program) => program.includes('/'),
  /** XDG Base Directory: a relative value is ignored. */
  findConfigDirectory(env, home) {
    const config = absolute(posix, env['XDG_CONFIG_HOME']) ?? (home && posix.join(home, '.config'));
    return config && posix.join(config, 'atlantis');
  },
  isolate(env) {
    const path = env['PATH']?.split(':').filter(LINUX.isFixed);
    return { cwd: '/', env: path === undefined ? env : { ...env, PATH: path.join(':') } };
  },
};

const MAC: Platform = {
  ...LINUX,
  keychain: 'keychain',
  findConfigDirectory: (_env, home) => home && posix.join(home, 'Library', 'Preferences', 'atlantis'),
};

const WINDOWS: Platform = {
  path: win32,
  keychain: 'vault',
  hasOwners: false,
  hasSignals: false,
  hasTerm: false,
  // `\name` and `C:name` also depend on the process: on its current drive, or its current directory on C:.
  isFixed: (path) => /^(?:[a-z]:[\\/]|[\\/]{2})/i.test(path),
  hasDirectory: (program) => /[\\/:]/.test(program),
  findConfigDirectory(env, home) {
    const roaming = absolute(win32, env['APPDATA']) ?? (home && win32.join(home, 'AppData', 'Roaming'));
    return roaming && win32.join(roaming, 'atlantis', 'Config');
  },
  isolate(env) {
    const entries = Object.entries(env).map(([name, value = '']): [string, string] => {
      if (name.toUpperCase() !== 'PATH') return [name, value];
      // An entry in quotes may have a semicolon in it.
      const paths = value.match(/(?:"[^"]*"|[^;"])+/g) ?? [];
      return [name, paths.filter((path) => WINDOWS.isFixed(path.replaceAll('"', ''))).join(';')];
    });
    return {
      cwd: entries.find(([name]) => name.toUpperCase() === 'SYSTEMROOT')?.[1] ?? 'C:\\Windows',
      // Otherwise cmd.exe and CreateProcess look for a bare name in the working directory first.
      env: { ...Object.fromEntries(entries), NoDefaultCurrentDirectoryInExePath: '1' },
    };
  },
};

function absolute(path: PlatformPath, value: string | undefined): string | undefined {
  return value !== undefined && path.isAbsolute(value) ? value : undefined;
}

export function platformOf(name: NodeJS.Platform): Platform {
  if (name === 'win32') return WINDOWS;
  return name === 'darwin' ? MAC : LINUX;
}
