// Reads the secrets of sinks (headers, signatures) from the environment and from files, and hides them in all output.
import { parseSigningSecret } from '../../delivery/http/standard-webhooks.ts';
import { UsageError } from '../../errors.ts';
import type { Io } from '../../io/io.ts';
import { sayNotRead } from '../../io/messages.ts';
import { readNamedFile } from '../../io/read-file.ts';
import * as say from './messages.ts';

export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** A header cannot have other characters. */
const ONE_LINE = /^[\x20-\x7e\u{a0}-\u{10ffff}]+$/u;

/** Hides the value in all output. @throws UsageError if it is not set */
function readSecretVariable(
  flag: string,
  variable: string,
  { env, redactor }: Pick<Io, 'env' | 'redactor'>,
): string {
  const value = (env[variable] ?? '').trim();
  if (value === '') throw new UsageError(...say.sayVariableMissing(flag, variable));
  hideSecret(value, redactor);
  return value;
}

/** One line of text. @throws UsageError that never contains the value */
export function readEnvSecret(flag: string, variable: string, io: Pick<Io, 'env' | 'redactor'>): string {
  const value = readSecretVariable(flag, variable, io);
  if (!ONE_LINE.test(value)) throw new UsageError(...say.sayInvalidSecret(flag, variable));
  return value;
}

/** Trims the text. @throws UsageError that never contains the text */
export async function readText(flag: string, path: string): Promise<string> {
  try {
    // A byte order mark is white space, too.
    return (await readNamedFile(path)).toString('utf8').trim();
  } catch (error) {
    throw new UsageError(...sayNotRead(flag, path, error));
  }
}

/** One line of text. @throws UsageError that never contains the text */
export async function readFileSecret(
  flag: string,
  path: string,
  { redactor }: Pick<Io, 'redactor'>,
): Promise<string> {
  const value = await readText(flag, path);
  if (!ONE_LINE.test(value)) throw new UsageError(...say.sayInvalidSecretFile(flag, path));
  hideSecret(value, redactor);
  return value;
}

/** @throws UsageError that never contains the secrets */
export function readSigningVariable(
  flag: string,
  variable: string,
  io: Pick<Io, 'env' | 'redactor'>,
): Buffer[] {
  return parseSigningSecrets(`${flag} ${variable}`, readSecretVariable(flag, variable, io), io);
}

/** @throws UsageError that never contains the secrets */
export async function readSigningFile(
  flag: string,
  path: string,
  io: Pick<Io, 'redactor'>,
): Promise<Buffer[]> {
  return parseSigningSecrets(`${flag} ${JSON.stringify(path)}`, await readText(flag, path), io);
}

function parseSigningSecrets(place: string, text: string, { redactor }: Pick<Io, 'redactor'>): Buffer[] {
  return text
    .trim()
    .split(/\s+/)
    .map((secret) => {
      const key = parseSigningSecret(secret);
      if (key === undefined) throw new UsageError(...say.sayInvalidSigningSecret(place));
      redactor.addSecret(secret);
      redactor.addSecret(secret.replace(/^whsec_/, ''));
      return key;
    });
}

function hideSecret(value: string, redactor: Io['redactor']): void {
  redactor.addSecret(value);
  // After a scheme such as Bearer, the second word is the secret.
  for (const part of value.split(/\s+/)) if (part.length >= 8) redactor.addSecret(part);
  const [, login] = /^basic\s+(\S+)$/i.exec(value) ?? [];
  if (login !== undefined) redactor.addProxyUrl(`//${Buffer.from(login, 'base64').toString()}@`);
}
