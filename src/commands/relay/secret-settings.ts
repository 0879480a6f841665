// The settings of a configuration file that refer to secrets: `{env: NAME}` or `{file: PATH}`.
import type { Io } from '../../io/io.ts';
import {
  readEnvSecret,
  readFileSecret,
  readSigningFile,
  readSigningVariable,
  VARIABLE_NAME,
} from './secrets.ts';
import { CONFIG_FAULTS } from './yaml/messages.ts';
import { type Faults, isMapping } from './yaml/yaml-file.ts';

interface SecretReader<Secret> {
  env(variable: string): Secret;
  file(path: string): Promise<Secret>;
}

export function readHeaderSetting(
  source: unknown,
  path: string,
  faults: Faults,
  io: Io,
): Promise<string | undefined> {
  return readSecret(source, path, faults, {
    env: (variable) => readEnvSecret('env', variable, io),
    file: (file) => readFileSecret('file', file, io),
  });
}

/** `sign-with` is one source or a list of them. Each may contain several secrets. */
export async function readSigningSetting(
  setting: unknown,
  path: string,
  faults: Faults,
  io: Io,
): Promise<Buffer[]> {
  const reader = {
    env: (variable: string) => readSigningVariable('env', variable, io),
    file: (file: string) => readSigningFile('file', file, io),
  };
  if (setting === undefined) return [];
  if (!Array.isArray(setting)) return (await readSecret(setting, path, faults, reader)) ?? [];
  // An empty list would turn signatures off without a notice.
  if (setting.length === 0) faults.add(path, CONFIG_FAULTS.secret);
  const all = await Promise.all(
    setting.map((source, i) => readSecret(source, `${path}[${i}]`, faults, reader)),
  );
  return all.flatMap((keys) => keys ?? []);
}

async function readSecret<Secret>(
  source: unknown,
  path: string,
  faults: Faults,
  reader: SecretReader<Secret>,
): Promise<Secret | undefined> {
  const entries = isMapping(source) ? Object.entries(source) : [];
  const [[kind, place] = []] = entries;
  if (entries.length !== 1 || typeof place !== 'string' || (kind !== 'env' && kind !== 'file')) {
    faults.add(path, CONFIG_FAULTS.secret);
    return undefined;
  }
  const at = `${path}.${kind}`;
  if (kind === 'file') return faults.attempt(at, () => reader.file(place));
  if (VARIABLE_NAME.test(place)) return faults.attempt(at, () => reader.env(place));
  faults.add(at, CONFIG_FAULTS.variable);
  return undefined;
}
