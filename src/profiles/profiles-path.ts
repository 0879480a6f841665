// Where the profiles live: the platform's own configuration directory, or ATLANTIS_CONFIG_DIR.
//
// Only absolute paths count, so that nothing is ever read from the working directory (contract F5).
import { posix, win32 } from 'node:path';
import { UsageError } from '../errors.ts';

/** Name of the store inside its directory. */
const FILE_NAME = 'profiles.json';

/**
 * The path of the profile store, or undefined if there is no place for one (no home directory).
 *
 * Linux and other Unix: `$XDG_CONFIG_HOME/atlantis` or `~/.config/atlantis` (XDG Base Directory: a relative
 * value is ignored); macOS: `~/Library/Preferences/atlantis`; Windows: `%APPDATA%\atlantis\Config`.
 *
 * @throws UsageError if ATLANTIS_CONFIG_DIR is set to something that is not an absolute path.
 */
export function profilesPath(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  homeDirectory: string | undefined,
): string | undefined {
  const path = platform === 'win32' ? win32 : posix;
  const absolute = (value: string | undefined): string | undefined =>
    value !== undefined && path.isAbsolute(value) ? value : undefined;

  const chosen = env['ATLANTIS_CONFIG_DIR'];
  if (chosen !== undefined && chosen !== '') {
    if (!path.isAbsolute(chosen)) {
      throw new UsageError(
        'ATLANTIS_CONFIG_DIR is not an absolute path',
        'accepted: the absolute path of a directory; profiles are never read from the working directory',
      );
    }
    return path.join(chosen, FILE_NAME);
  }
  const home = absolute(homeDirectory);
  if (platform === 'win32') {
    const roaming = absolute(env['APPDATA']) ?? (home && path.join(home, 'AppData', 'Roaming'));
    return roaming && path.join(roaming, 'atlantis', 'Config', FILE_NAME);
  }
  if (platform === 'darwin') {
    return home && path.join(home, 'Library', 'Preferences', 'atlantis', FILE_NAME);
  }
  const config = absolute(env['XDG_CONFIG_HOME']) ?? (home && path.join(home, '.config'));
  return config && path.join(config, 'atlantis', FILE_NAME);
}
