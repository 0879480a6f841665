// Which program a key command runs, and where: never one that happens to lie in the user's working directory
// (contract F5, row 64). Pure, for either platform.
import { posix, win32 } from 'node:path';

/** For `\name` and `C:name`, too, Windows asks the working directory: the drive, or the directory on that drive. */
const isFixed = (path: string, platform: NodeJS.Platform): boolean =>
  platform === 'win32' ? /^(?:[a-z]:[\\/]|[\\/]{2})/i.test(path) : path.startsWith('/');

/** True for a program whose path depends on the working directory; a bare name is looked up on PATH. */
export function isRelativeProgram(program: string, platform: NodeJS.Platform): boolean {
  const hasPlace = platform === 'win32' ? /[\\/:]/ : /\//;
  return hasPlace.test(program) && !isFixed(program, platform);
}

/** The command with the absolute path of its program; a bare name stays as it is. */
export function resolveProgram(
  argv: readonly string[],
  workingDirectory: string,
  platform: NodeJS.Platform,
): readonly string[] {
  const [program = '', ...args] = argv;
  if (!isRelativeProgram(program, platform)) return argv;
  return [(platform === 'win32' ? win32 : posix).resolve(workingDirectory, program), ...args];
}

/**
 * Directory and environment for a key command. The directory is the same wherever the user is, for relative paths
 * among the arguments and for programs that look for settings around them; only its administrator can write to it.
 * PATH keeps its absolute entries.
 */
export function isolateFromWorkingDirectory(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } {
  if (platform !== 'win32') {
    const path = env['PATH']?.split(':').filter((entry) => isFixed(entry, platform));
    return { cwd: '/', env: path === undefined ? env : { ...env, PATH: path.join(':') } };
  }
  const entries = Object.entries(env).map(([name, value = '']): [string, string] => {
    if (name.toUpperCase() !== 'PATH') return [name, value];
    // An entry in quotes may have a semicolon in it.
    const paths = value.match(/(?:"[^"]*"|[^;"])+/g) ?? [];
    return [name, paths.filter((path) => isFixed(path.replaceAll('"', ''), platform)).join(';')];
  });
  return {
    cwd: entries.find(([name]) => name.toUpperCase() === 'SYSTEMROOT')?.[1] ?? 'C:\\Windows',
    // Otherwise cmd.exe and CreateProcess look for a bare name in the working directory first.
    env: { ...Object.fromEntries(entries), NoDefaultCurrentDirectoryInExePath: '1' },
  };
}
