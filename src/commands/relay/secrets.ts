// Reads the secrets of sinks (headers, signatures) from the environment and from files, and hides them in all output.
import { UsageError } from '../../errors.ts';
import type { Io } from '../../io/io.ts';
import { sayNotRead } from '../../io/messages.ts';
import { readNamedFile } from '../../io/read-file.ts';
import { sayInvalidSecretFile, sayVariableMissing } from './messages.ts';

/** @param flag for the message. @throws UsageError if it is not set */
export function readEnvSecret(
  flag: string,
  variable: string,
  { env, redactor }: Pick<Io, 'env' | 'redactor'>,
): string {
  const value = env[variable] ?? '';
  if (value === '') throw new UsageError(...sayVariableMissing(flag, variable));
  hideSecret(value, redactor);
  return value;
}

/** The text of a file without the white space around it. @throws UsageError that never has its content */
export async function readFileSecret(
  flag: string,
  path: string,
  { redactor }: Pick<Io, 'redactor'>,
): Promise<string> {
  let value: string;
  try {
    value = (await readNamedFile(path)).toString('utf8').trim();
  } catch (error) {
    throw new UsageError(...sayNotRead(flag, path, error));
  }
  if (!/^[\x20-\x7e\x80-\u{10ffff}]+$/u.test(value))
    throw new UsageError(...sayInvalidSecretFile(flag, path));
  hideSecret(value, redactor);
  return value;
}

function hideSecret(value: string, redactor: Io['redactor']): void {
  redactor.addSecret(value);
  // After a scheme such as Bearer, the second word is the secret.
  for (const part of value.split(/\s+/)) if (part.length >= 8) redactor.addSecret(part);
  const [, login] = /^basic\s+(\S+)$/i.exec(value) ?? [];
  if (login !== undefined) redactor.addProxyUrl(`//${Buffer.from(login, 'base64').toString()}@`);
}
